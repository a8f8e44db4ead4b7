"""A host that loops, or says where it is already: whole bars away the music goes on as if it had not moved."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import cache

import pytest

from musicrnn.control import Command, Panic, Start, Stop
from musicrnn.daemon.engine import Engine
from musicrnn.daemon.jack_transport import JackTransport
from musicrnn.daemon.midi_clock import MidiClock
from musicrnn.daemon.player.wire import Place
from musicrnn.daemon.protocols import TimedMessage
from musicrnn.daemon.session import parse_session
from musicrnn.models.frames import Frame, Sounding
from musicrnn.models.generator import Generator
from musicrnn.testing import ScriptedModel, small_vocabulary
from tests.daemon.clock_sender import CLOCK, CONTINUE, START, STOP
from tests.daemon.driving import PLAY
from tests.daemon.test_following import VOCABULARY, Studio
from tests.daemon.test_session_replay import assert_sound

HIT: Frame = (Sounding(2, 36),)


def two_bars(grid: int) -> list[Frame]:
    """Return a note of a bar and a half, over the bar line, one of half a bar, and a hit on each beat."""
    long = [(Sounding(0, 60, tick == 0),) for tick in range(6 * grid)]
    short = [(Sounding(0, 64, tick == 0),) for tick in range(2 * grid)]
    return [(*frame, *HIT * (tick % grid == 0)) for tick, frame in enumerate(long + short)]


BARS = 8
JUST_BEFORE = 0.001
Notes = list[tuple[int, float, float]]


@dataclass
class Early(Studio):
    """A host and an engine that lives so many seconds ahead of it, as the runtime has it for a port's latency."""

    ahead: float = 0.005

    def host(self, *data: bytes) -> None:
        """Let the host send something now."""
        self._take(self.engine.hear([TimedMessage(self.now - self.ahead, one) for one in data], self.now))

    def bars(self, bars: float, *last: bytes) -> None:
        """Let the host roll for so many bars, and send something just before the clock that follows."""
        self.roll(round(96 * bars) - 1)
        self.clocks.append(self.now)
        self.host(CLOCK)
        self.wait(60.0 / self.bpm / 24 - JUST_BEFORE)
        if last:
            self.host(*last)
        self.wait(JUST_BEFORE)

    def notes(self) -> Notes:
        """Return each note that has ended: its pitch, the moment of its beginning since the first clock, its length."""
        began: dict[int, float] = {}
        notes = []
        for one in self.sent:
            if one.data[0] & 0xF0 == 0x90:
                began[one.data[1]] = one.seconds
            elif one.data[0] & 0xF0 == 0x80 and one.data[1] in began:
                since = began.pop(one.data[1])
                notes.append((one.data[1], since - self.clocks[0], one.seconds - since))
        return notes

    def did(self) -> list[object]:
        """Return what the session log has of stops and of going on."""
        return [entry["do"] for entry in parse_session(self.log, "log").entries if entry["do"] in ("stop", "continue")]


def place(sixteenths: int) -> bytes:
    """Return a song position."""
    return bytes((0xF2, sixteenths & 0x7F, sixteenths >> 7))


def early(bpm: float, ahead: float, *, clock_out: bool = False, quantise: str = "none") -> Early:
    """Return a host that has started, and an engine that follows it."""
    play = dataclasses.replace(PLAY, quantise=quantise)
    model = ScriptedModel(VOCABULARY, two_bars(4))
    room = Early(Engine(Generator(model), play, source=MidiClock(bpm), clock_out=clock_out), bpm, ahead=ahead)
    room.do(Start())
    room.roll(48)
    room.host(START)
    room.clocks.clear()
    return room


def same(notes: Notes, others: Notes) -> bool:
    """Tell whether two hosts heard the same, within a millisecond."""
    return [one[0] for one in notes] == [one[0] for one in others] and all(
        one[1:] == pytest.approx(other[1:], abs=0.001) for one, other in zip(notes, others, strict=True)
    )


@cache
def plain(bpm: float, ahead: float) -> Notes:
    """Return what is heard with a host that only rolls."""
    room = early(bpm, ahead)
    room.bars(BARS)
    return room.notes()


@pytest.mark.parametrize("bars", [1, 2, 4])
@pytest.mark.parametrize(("bpm", "ahead"), [(60.0, 0.0447), (120.0, 0.0127), (200.0, 0.005), (200.0, 0.0447)])
@pytest.mark.parametrize("in_a_row", [False, True])
def test_a_host_that_loops_is_played_with_as_one_that_does_not(
    bars: int, bpm: float, ahead: float, in_a_row: bool
) -> None:
    """Every note begins and ends in its place, those at the head of the loop and those held across it too.

    It says its place while it rolls, or stops, says it and continues before its next clock.
    """
    room = early(bpm, ahead)
    again = [STOP, place(0), CONTINUE] if in_a_row else [place(0)]
    for _ in range(BARS // bars):
        room.bars(bars, *again)
    assert same(room.notes(), plain(bpm, ahead))
    assert room.did() == []
    assert room.engine.status(room.now).clock == "MIDI clock, rolling"


@pytest.mark.parametrize("again", [(STOP, CONTINUE), (place(16),), (STOP, place(16), CONTINUE)])
def test_a_host_that_says_where_it_is_already_changes_nothing(again: tuple[bytes, ...]) -> None:
    """At the head of its second bar, which is the sixteenth sixteenth note."""
    room = early(120.0, 0.0127)
    room.bars(1, *again)
    room.bars(BARS - 1)
    assert same(room.notes(), plain(120.0, 0.0127))


@pytest.mark.parametrize("sixteenths", [8, 12, 1])
def test_a_host_that_moves_elsewhere_in_the_bar_releases_what_sounds(sixteenths: int) -> None:
    """To the middle of the first bar, back by a beat, or on by a sixteenth; from the head of the second bar."""
    room = early(120.0, 0.0127)
    room.bars(1)
    assert list(room.said()) == [60, 36]
    room.host(place(sixteenths))
    assert list(room.said()) == []
    room.roll(31)
    assert room.did() == ["stop", "continue"]
    assert room.engine.last is not None
    assert room.engine.last.tick % 16 == (sixteenths + 5) % 16


@pytest.mark.parametrize("after", [(), (place(0),), (START,)])
def test_a_stop_still_silences_at_once(after: tuple[bytes, ...]) -> None:
    """Alone, before a place, and before a start, which begins a new piece."""
    room = early(120.0, 0.0127)
    room.bars(1)
    room.host(STOP, *after)
    assert list(room.said()) == []
    room.roll(12)
    begins = [entry["tick"] for entry in parse_session(room.log, "log").entries if entry["do"] == "start"]
    assert begins == ([0, 32] if after == (START,) else [0])


def test_a_host_that_dies_where_it_repeats_its_place_is_lost() -> None:
    """After 0.3 s, and the music stops where that was asked for."""
    room = early(120.0, 0.0127)
    room.engine = Engine(
        Generator(ScriptedModel(VOCABULARY, two_bars(4))), PLAY, source=MidiClock(120.0, goes_on=False)
    )
    room.do(Start())
    room.host(START)
    room.bars(1, place(16))
    room.wait(0.4)
    assert list(room.said()) == []
    assert room.engine.status(room.now).clock == "MIDI clock, lost"


def test_a_stop_that_waits_for_its_bar_line_comes_there_although_the_host_loops() -> None:
    """It is asked for in the middle of the second bar, from where the host goes to that of the first."""
    room = early(120.0, 0.0127, quantise="bar")
    room.bars(1.5)
    room.do(Stop())
    room.host(place(8))
    room.roll(60)
    _, began, length = room.notes()[-1]
    assert began + length == pytest.approx(4.0 - room.ahead, abs=0.001)
    assert not room.engine.status(room.now).playing


def test_those_who_follow_us_are_not_told_of_a_loop() -> None:
    """They count on: one start, and clocks without a gap."""
    room = early(120.0, 0.0127, clock_out=True)
    room.bars(2, place(0))
    room.bars(2)
    words = [one.data for one in room.sent if one.data[0] >= 0xF0]
    assert [word for word in words if word != CLOCK] == [START]
    assert len(words) - 1 == room.engine.tick * 6


# The JACK transport.

CYCLE = 1024 / 48_000


@dataclass
class Hall:
    """A JACK server whose transport loops so many ``bars``, each time held back for ``hold`` seconds."""

    room: Early
    source: JackTransport
    bars: int
    hold: float

    def play(self, rounds: int) -> None:
        """Roll through the loop so many times; the player tells a new place a cycle after it has come."""
        length = self.bars * 240.0 / self.room.bpm
        head = self.room.now - self.room.ahead + 0.106
        self.room.clocks = [head]
        for _ in range(rounds):
            told = 0
            while (real := self.room.now - self.room.ahead) < head + length + CYCLE:
                if told % 5 == 0:
                    self.tell(max(real, head), head)
                told += 1
                self.room.host()
                self.room.wait(CYCLE)
            head += length + self.hold

    def tell(self, moment: float, head: float) -> None:
        """Let the player tell where the transport is at a moment: so long after the head of its loop."""
        beat = (moment - head) * self.room.bpm / 60.0
        self.source.put(Place(moment, moment - head, beat, self.room.bpm, 4.0, rolling=True))

    def heard(self) -> Notes:
        """Return the notes in the time of the transport; what is to begin while that is held back is withheld."""
        first, length = self.room.clocks[0], self.bars * 240.0 / self.room.bpm
        down: dict[int, float] = {}
        notes = []
        for one in self.room.sent:
            times, since = divmod(one.seconds - first + 1e-6, length + self.hold)
            moment = times * length + min(since - 1e-6, length)
            if one.data[0] & 0xF0 == 0x90 and since < length:
                down[one.data[1]] = moment
            elif one.data[0] & 0xF0 == 0x80 and one.data[1] in down:
                began = down.pop(one.data[1])
                notes.append((one.data[1], began, moment - began))
        return notes


def hall(bars: int, bpm: float, ahead: float, hold: float, grid: int = 4) -> Hall:
    """Return a server, and an engine that follows it and was told to play."""
    source = JackTransport(bpm)
    model = ScriptedModel(small_vocabulary(ticks_per_beat=grid), two_bars(grid))
    room = Early(Engine(Generator(model), PLAY, source=source), bpm, ahead=ahead)
    room.do(Start())
    return Hall(room, source, bars, hold)


@pytest.mark.parametrize("bars", [1, 2, 4])
@pytest.mark.parametrize(("bpm", "ahead"), [(60.0, 0.0447), (120.0, 0.0127), (200.0, 0.005), (200.0, 0.0447)])
@pytest.mark.parametrize("hold", [0.0, 0.106])
def test_a_transport_that_loops_is_played_with_as_one_that_does_not(
    bars: int, bpm: float, ahead: float, hold: float
) -> None:
    """What was on its way when it was held back leaves with it, and what was held is held on."""
    stage, other = hall(bars, bpm, ahead, hold), hall(BARS, bpm, ahead, 0.0)
    stage.play(BARS // bars)
    other.play(1)
    count = min(len(stage.heard()), len(other.heard()))
    assert count > 3 * BARS
    assert same(stage.heard()[:count], other.heard()[:count])


@pytest.mark.parametrize("ahead", [0.005, 0.0447, 0.06])
def test_several_ticks_that_were_on_their_way_leave_once_more(ahead: float) -> None:
    """On a grid of 24, where a hit is over after 21 ms."""
    stage, other = hall(1, 120.0, ahead, 0.106, grid=24), hall(BARS, 120.0, ahead, 0.0, grid=24)
    stage.play(BARS)
    other.play(1)
    count = min(len(stage.heard()), len(other.heard()))
    assert count > 3 * BARS
    assert same(stage.heard()[:count], other.heard()[:count])


@pytest.mark.parametrize("command", [Stop(at_once=True), Panic(), None])
@pytest.mark.parametrize("seconds", [0.0, 0.02, 0.05])
def test_what_is_ended_before_all_has_left_once_more_is_ended_for_good(command: Command | None, seconds: float) -> None:
    """Before the first of it, between the hit and its end, and later: each key that is down is let go of once."""
    stage = hall(2, 120.0, 0.0447, 0.106, grid=24)
    stage.play(1)
    room, head = stage.room, stage.room.clocks[0] + 4.106
    room.wait(0.01)
    stage.tell(head, head)
    room.host()
    assert room.engine.next_deadline() == pytest.approx(head)
    room.wait(seconds)
    room.do(*([] if command is None else [command]))
    if command is not None and not seconds:
        count = len(room.sent)
        room.wait(0.03)
        assert len(room.sent) == count
    room.end()
    assert_sound(room)
