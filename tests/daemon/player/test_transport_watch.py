"""What the player tells of the JACK transport: enough to know each beat to the frame, and no more."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musicrnn.daemon.player.transport_watch import (
    BARS_BEATS_TICKS,
    FRAME_OFFSET,
    ROLLING,
    STARTING,
    Bars,
    TransportWatch,
)
from musicrnn.daemon.player.wire import Place
from tests.peers.jack_tempo import TempoRamp

RATE = 48_000
STOPPED = 0
TICKS_PER_BEAT = 1920
FIRST = 1_000_000


@dataclass
class Position:
    """The fields of a `jack_position_t` that are looked at."""

    frame: int = 0
    frame_rate: int = RATE
    valid: int = 0
    bar: int = 1
    beat: int = 1
    tick: int = 0
    bbt_offset: int = 0
    beats_per_bar: float = 4.0
    beat_type: float = 4.0
    ticks_per_beat: float = TICKS_PER_BEAT
    beats_per_minute: float = 120.0


def told_by(ramp: TempoRamp, frame: int) -> Position:
    """Return what a timebase master says of a frame: the place, rounded down to a tick."""
    ticks = math.floor(ramp.beats(frame / RATE) * TICKS_PER_BEAT + 1e-6)
    beats, tick = divmod(ticks, TICKS_PER_BEAT)
    place = Position(frame, valid=BARS_BEATS_TICKS, bar=beats // 4 + 1, beat=beats % 4 + 1, tick=tick)
    place.beats_per_minute = ramp.bpm(frame / RATE)
    return place


def seconds_at(frame: float) -> float:
    """Return the moment of a frame of a clock that has run for a while."""
    return 500.0 + frame / RATE


@dataclass
class Server:
    """A server whose cycles are shown to a watch, one after the other, and what that tells."""

    watch: TransportWatch
    period: int
    start: int = FIRST

    def cycles(self, state: int, places: Iterator[Position]) -> Iterator[tuple[int, Place | None]]:
        """Yield the first frame of each cycle and what was told in it."""
        for position in places:
            yield self.start, self.watch.observe(state, position, self.start, self.period)
            self.start += self.period


def server(period: int = 256) -> Server:
    """Return a server whose transport stands."""
    return Server(TransportWatch(RATE, seconds_at), period)


def from_frame(first: int, period: int, seconds: float, ramp: TempoRamp) -> Iterator[Position]:
    """Yield what the master says of each cycle of a transport that rolls from a frame on."""
    return (told_by(ramp, first + number * period) for number in range(int(seconds * RATE / period)))


@pytest.mark.parametrize("period", [64, 256, 1024])
@pytest.mark.parametrize("bpm", [37.3, 120.0, 251.7])
def test_a_steady_tempo_is_known_to_the_frame_although_ticks_are_coarser(bpm: float, period: int) -> None:
    """From the first cycle on where it begins at its beginning; some ten times a second is told."""
    room, ramp = server(period), TempoRamp(bpm, bpm, 0, 1)
    told: list[Place] = []
    for start, place in room.cycles(ROLLING, from_frame(0, period, 20.0, ramp)):
        told += [place] if place is not None else []
        beat = told[-1].beat + (seconds_at(start) - told[-1].seconds) * told[-1].bpm / 60.0
        truth = ramp.beats((start - FIRST) / RATE)
        assert abs(beat - truth) * 60.0 / bpm * RATE < 0.3
    assert all(place.rolling and place.bar == 4.0 for place in told)
    assert len(told) <= 20.0 * 10 + 2


def test_from_inside_a_tick_it_is_known_within_a_second() -> None:
    """Within a tick at once."""
    room, ramp = server(), TempoRamp(101.3, 101.3, 0, 1)
    beats = []
    for start, place in room.cycles(ROLLING, from_frame(77_777, 256, 5.0, ramp)):
        if place is not None:
            truth = ramp.beats((start - FIRST + 77_777) / RATE)
            beats.append(abs(place.beat - truth) * 60.0 / 101.3 * RATE)
    assert beats[0] <= 60.0 / 101.3 * RATE / TICKS_PER_BEAT
    assert max(beats[12:]) < 1.0


def test_a_ramp_is_told_cycle_by_cycle() -> None:
    """Each within two frames, although every cycle has another tempo."""
    room, ramp = server(), TempoRamp(100, 140, 1, 4)
    for start, place in room.cycles(ROLLING, from_frame(0, 256, 6.0, ramp)):
        at = (start - FIRST) / RATE
        if 1.0 < at < 5.0:
            assert place is not None
            assert abs(place.beat - ramp.beats(at)) * 60.0 / ramp.bpm(at) * RATE < 2.0


def test_a_master_whose_ticks_go_slower_than_its_tempo_is_believed_by_its_ticks() -> None:
    """One that adds up rounded ticks; never more than a tick from what it says."""
    room = server(1024)
    ticks = 0
    told = Place(0.0, 0.0, 0.0, 0.0, 0.0, rolling=False)
    for _ in range(500):
        beats, tick = divmod(ticks, TICKS_PER_BEAT)
        position = Position(0, valid=BARS_BEATS_TICKS, bar=beats // 4 + 1, beat=beats % 4 + 1, tick=tick)
        position.frame = room.start - FIRST
        told = room.watch.observe(ROLLING, position, room.start, 1024) or told
        beat = told.beat + (seconds_at(room.start) - told.seconds) * told.bpm / 60.0
        assert -0.01 <= beat * TICKS_PER_BEAT - ticks <= 1.03
        room.start += 1024
        ticks += 81  # of 81.92


def test_a_beat_that_is_no_quarter_note_is_told_in_quarter_notes() -> None:
    """In 6/8 at 180 eighths a minute: a bar of three quarters at 90."""
    position = Position(0, valid=BARS_BEATS_TICKS, bar=3, beat=4, tick=960, beats_per_bar=6.0, beat_type=8.0)
    position.beats_per_minute = 180.0
    assert Bars.of(position) == Bars(7.75, 0.5 / TICKS_PER_BEAT, 90.0, 3.0)


def test_a_place_that_its_master_gives_in_frames_too_is_read_to_the_frame() -> None:
    """A quarter of a second after the tick, at 120 beats a minute; without a rate the tick is all that is known."""
    position = Position(0, valid=BARS_BEATS_TICKS | FRAME_OFFSET, bar=2, beat=3, tick=960, bbt_offset=12_000)
    assert Bars.of(position) == Bars(7.0, 1.0 / TICKS_PER_BEAT, 120.0, 4.0)
    position.frame_rate = 0
    assert Bars.of(position) == Bars(6.5, 1.0 / TICKS_PER_BEAT, 120.0, 4.0)


@pytest.mark.parametrize(
    "wrong",
    [
        {"valid": 0},
        {"ticks_per_beat": 0.0},
        {"beats_per_bar": 0.0},
        {"beat_type": 0.0},
        {"beats_per_minute": 0.0},
        {"beats_per_minute": math.nan},
        {"beats_per_minute": 1e6},
        {"bar": 0},
        {"bar": 1_000_000},
        {"beat": 0},
        {"beat": 6},
    ],
)
def test_a_place_that_makes_no_sense_is_none(wrong: dict[str, float]) -> None:
    """It would be divided by, or be another bar's; a beat just after the last one is what a master may round to."""
    good = Position(0, valid=BARS_BEATS_TICKS, bar=1, beat=5)
    assert Bars.of(good) == Bars(4.0, 1.0 / TICKS_PER_BEAT, 120.0, 4.0)
    assert Bars.of(replace(good, **wrong)) is None  # type: ignore[arg-type]


def test_without_a_master_only_the_position_is_told() -> None:
    """In seconds from its frame 0."""
    room = server(1024)
    places = (Position(96_000 + number * 1024) for number in range(3))
    (first, *_) = [place for _, place in room.cycles(ROLLING, places) if place is not None]
    assert first == Place(seconds_at(FIRST), 2.0, 0.0, 0.0, 0.0, rolling=True)


@given(
    st.builds(
        Position,
        frame=st.integers(0, 2**31),
        valid=st.integers(0, 0x3FF),
        bar=st.integers(-(2**31), 2**31 - 1),
        beat=st.integers(-(2**31), 2**31 - 1),
        tick=st.integers(-(2**31), 2**31 - 1),
        beats_per_bar=st.floats(width=32),
        beat_type=st.floats(width=32),
        ticks_per_beat=st.floats(),
        beats_per_minute=st.floats(),
    ),
    st.sampled_from([STOPPED, ROLLING, STARTING]),
)
def test_whatever_stands_in_a_position_numbers_are_told(position: Position, state: int) -> None:
    """A server says rubbish for a cycle or two after a jump."""
    room = server()
    for _ in range(3):
        place = room.watch.observe(state, position, room.start, 256)
        room.start += 256
        if place is not None:
            assert all(math.isfinite(number) for number in (place.seconds, place.position, place.beat, place.bpm))
            assert place.bpm >= 0.0


@pytest.mark.parametrize("period", [64, 256, 1024])
def test_a_start_is_held_back_until_the_engine_can_have_heard_of_it(period: int) -> None:
    """It is told in the second cycle, at the moment at which it will roll; that is at least three periods and 25 ms."""
    room = server(period)
    told: list[tuple[int, Place]] = []
    ready = False
    while not ready:
        ready = room.watch.ready(STARTING, room.start, period)
        place = room.watch.observe(STARTING, told_by(TempoRamp(120, 120, 0, 1), 0), room.start, period)
        told += [(room.start, place)] if place is not None else []
        room.start += period
    assert [start for start, _ in told] == [FIRST + period]
    assert told[0][1].rolling
    assert told[0][1].seconds == pytest.approx(seconds_at(room.start))
    assert room.start - FIRST >= 3 * period + 0.025 * RATE
    assert room.watch.observe(ROLLING, told_by(TempoRamp(120, 120, 0, 1), 0), room.start, period) is None


@pytest.mark.parametrize("between", [(ROLLING,), (ROLLING, STOPPED), (STOPPED,)])
def test_the_next_start_is_held_back_as_long(between: tuple[int, ...]) -> None:
    """Also one by which a transport that rolls is moved, and one after a start that was called off."""
    room = server()
    zero = told_by(TempoRamp(120, 120, 0, 1), 0)
    waited = []
    for _ in range(2):
        first = room.start
        while not room.watch.ready(STARTING, room.start, 256):
            room.watch.observe(STARTING, zero, room.start, 256)
            room.start += 256
        waited.append(room.start - first)
        for state in between:
            room.watch.observe(state, zero, room.start, 256)
            room.start += 256
    assert waited == [(room.watch.held(256) - 1) * 256] * 2


def test_while_others_are_not_ready_nothing_leaves_and_the_moment_is_put_off() -> None:
    """Cycle by cycle, once it should roll by our count."""
    room = server(1024)
    zero = told_by(TempoRamp(120, 120, 0, 1), 0)
    told: list[Place] = []
    for number in range(12):
        place = room.watch.observe(STARTING, zero, room.start, 1024)
        told += [place] if place is not None else []
        late = number >= room.watch.held(1024)
        assert (room.watch.hold <= seconds_at(room.start)) == late
        assert not room.watch.rolls
        room.start += 1024
    assert [round((place.seconds - seconds_at(FIRST)) * RATE / 1024) for place in told] == [5, 6, 7, 8, 9, 10, 11, 12]
    room.watch.observe(ROLLING, zero, room.start, 1024)
    assert room.watch.hold == math.inf
    assert room.watch.rolls


def test_a_transport_that_stands_is_told_where_it_is_moved_to_and_no_more() -> None:
    """And is let move at once."""
    room = server()
    places = [Position(0), Position(0), Position(48_000), Position(48_000), Position(0)]
    assert room.watch.ready(STOPPED, room.start, 256)
    told = [place for _, place in room.cycles(STOPPED, iter(places)) if place is not None]
    assert [(place.position, place.rolling) for place in told] == [(0.0, False), (1.0, False), (0.0, False)]


def test_what_a_master_says_anew_of_a_transport_that_stands_is_told() -> None:
    """Its place in the bar, and how long that is."""
    room = server()
    one = Position(0, valid=BARS_BEATS_TICKS)
    places = [
        one,
        replace(one, beat=2),
        replace(one, beat=2, beats_per_bar=3.0),
        replace(one, beat=2, beats_per_bar=3.0),
    ]
    told = [place for _, place in room.cycles(STOPPED, iter(places)) if place is not None]
    assert [(place.beat, place.bar) for place in told] == [(0.0, 4.0), (1.0, 4.0), (1.0, 3.0)]


class Moments:
    """At which moment a frame is played, of a server that may lose time."""

    lost = 0.0

    def __call__(self, frame: float) -> float:
        """Return the moment of a frame."""
        return seconds_at(frame) + self.lost


def test_what_moves_the_beats_is_told_for_what_waits_already() -> None:
    """Frames that pass without the transport, and moments that are known anew; not where nothing of it happens."""
    moments, period = Moments(), 256
    watch = TransportWatch(RATE, moments)

    def moved(state: int, frame: int, start: int) -> float:
        watch.observe(state, Position(frame), start, period)
        return watch.moved * RATE

    assert moved(STOPPED, 0, FIRST) == 0.0
    assert moved(ROLLING, 0, FIRST + 500) == 0.0
    assert moved(ROLLING, 256, FIRST + 756) == 0.0
    assert moved(ROLLING, 512, FIRST + 1268) == pytest.approx(256.0)
    assert moved(ROLLING, 768, FIRST + 1524) == 0.0
    moments.lost = 0.021
    assert moved(ROLLING, 1024, FIRST + 1780) == pytest.approx(0.021 * RATE)
    moments.lost += 1e-6
    assert moved(ROLLING, 1280, FIRST + 2036) == 0.0
    assert moved(ROLLING, 48_000, FIRST + 2292) == 0.0, "located"
    assert moved(STOPPED, 48_256, FIRST + 9000) == 0.0
