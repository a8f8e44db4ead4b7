"""A JACK server that stands still for a moment: who sends clocks by its frames stood too, and is stayed with.

Who sends by another clock, as an instrument at a cable does, went on meanwhile, and is stayed with as well.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from musicrnn.daemon.clock_numbers import ClockNumbers
from musicrnn.daemon.midi_clock import MidiClock
from musicrnn.daemon.player.frame_map import FrameMap
from musicrnn.daemon.protocols import TimedMessage
from tests.daemon.clock_sender import CLOCK, START

RATE = 48_000
BEATS = 30
AFTER_CLOCKS = 48

Stops = list[tuple[float, float]]


def cycles(period: int, stops: Stops, seconds: float, seed: int) -> Iterator[tuple[int, float]]:
    """Yield the first frame of each cycle and its moment; a stop, (when, how long), costs all but one period of it."""
    late = np.random.default_rng(seed)
    start, stops = 0.0, list(stops)
    frame = 0
    while (moment := start + frame / RATE) < seconds:
        if stops and moment > stops[0][0]:
            _, length = stops.pop(0)
            start += length - period / RATE
            moment += length
        yield frame, moment + float(late.exponential(30e-6))
        frame += period


def off(bpm: float, period: int, stops: Stops, *, by_frames: bool, seed: int = 1) -> tuple[int, float]:
    """Follow, and return by how many clocks the song is wrong at the end, and by how much the line, in clocks."""
    made, clock = FrameMap(RATE), MidiClock(120.0)
    length = 60.0 / bpm / 24
    sent, first = 0, 1.0 + seed * 0.001
    place = 0.0
    for frame, now in cycles(period, stops, BEATS * 60.0 / bpm, seed):
        made.observe(frame, now)
        begins, ends = (frame / RATE, (frame + period) / RATE) if by_frames else (now, now + period / RATE)
        while first + sent * length < ends:
            offset = max(first + sent * length - begins, 0.0)
            seconds = made.seconds_at(frame + offset * RATE)
            if not sent:
                clock.hear([TimedMessage(seconds, START)], seconds)
            clock.hear([TimedMessage(seconds, CLOCK, made.take_stood())], seconds)
            place = sent + (begins + offset - first - sent * length) / length
            sent += 1
    line = clock.line
    assert line is not None
    return round(line.beat * 24) - (sent - 1), abs(line.beat_at(seconds) * 24 - place)


@pytest.mark.parametrize("period", [128, 256, 1024, 2048])
@pytest.mark.parametrize("bpm", [97.0, 120.0, 174.0])
@pytest.mark.parametrize(
    "stops",
    [[(5.0, 0.06)], [(5.0, 0.15)], [(4.0, 0.05), (6.0, 0.07), (8.0, 0.09)], [(2.0, 0.1)]],
    ids=lambda stops: "+".join(f"{length}s" for _, length in stops),
)
def test_a_sender_by_the_servers_frames_is_stayed_with(bpm: float, period: int, stops: Stops) -> None:
    """No clock is made up for those that would have come while the server stood."""
    clocks, phase = off(bpm, period, stops, by_frames=True)
    assert clocks == 0
    assert phase < 0.05


@pytest.mark.parametrize("period", [128, 256])
@pytest.mark.parametrize("bpm", [97.0, 120.0, 174.0])
@pytest.mark.parametrize("stop", [0.06, 0.1, 0.15])
def test_so_is_one_that_went_on_meanwhile(bpm: float, period: int, stop: float) -> None:
    """Its clocks come together when the server goes on; the places of all that follow are where they would be."""
    clocks, phase = off(bpm, period, [(6.0, stop)], by_frames=False)
    assert clocks == 0
    assert phase < 0.05


def test_all_that_is_known_moves_with_the_port() -> None:
    """The line, and where the next clock is expected."""
    numbers = ClockNumbers(120.0)
    length = 60.0 / 120.0 / 24
    numbers.take_first(10.0)
    for clock in range(1, AFTER_CLOCKS):
        numbers.take(10.0 + clock * length)
    before = numbers.line
    numbers.stand(0.0625)  # three clocks, which are not lost
    assert numbers.line.seconds == pytest.approx(before.seconds + 0.0625)
    numbers.take(10.0 + AFTER_CLOCKS * length + 0.0625)
    assert numbers.number == AFTER_CLOCKS
    assert numbers.line.clock_at(10.0 + AFTER_CLOCKS * length + 0.0625) == pytest.approx(AFTER_CLOCKS, abs=1e-6)


@pytest.mark.parametrize("apart", [24, 81, 82])
@pytest.mark.parametrize("lost", [1, 2])
def test_clocks_lost_in_cycles_that_were_left_out_are_no_rounding(apart: int, lost: int) -> None:
    """However evenly they lie: three clocks lost as far apart from each other look like those of a sender that rounds.

    That the server left out cycles just there tells what they are.
    """
    clock = MidiClock(120.0)
    length = 60.0 / 100.0 / 24
    clock.hear([TimedMessage(10.0, START)], 10.0)
    skipped = False
    for number in range(20 * 24):
        if number > 5 * 24 and number % apart < lost:
            skipped = True
            continue
        seconds = 10.0 + number * length
        clock.hear([TimedMessage(seconds, CLOCK, skipped=skipped)], seconds)
        skipped = False
        line = clock.line
        assert line is not None
        assert line.beat_at(seconds) * 24 == pytest.approx(number, abs=0.01)


def test_rounding_shows_again_after_cycles_that_were_left_out() -> None:
    """Clocks rounded to periods of a clock: by three that come in one period, of which none is further back."""
    clock = MidiClock(120.0)
    length, period = 60.0 / 120.0 / 24, 1024 / RATE
    clock.hear([TimedMessage(10.0, START)], 10.0)
    for number in range(40 * 24):
        seconds = 10.0 + number * length // period * period
        clock.hear([TimedMessage(seconds, CLOCK, skipped=number == 100)], seconds)
    line = clock.line
    assert line is not None
    assert line.beat_at(seconds) * 24 == pytest.approx(number, abs=1.2)
