"""A host that rounds its clocks to the periods of its audio server, or to the ticks of a timer, is followed."""

from __future__ import annotations

import numpy as np
import pytest

from musicrnn.daemon.clock_numbers import ClockNumbers
from musicrnn.daemon.clock_rounding import RoundedClocks
from musicrnn.daemon.midi_clock import MidiClock
from musicrnn.daemon.protocols import TimedMessage
from tests.daemon.clock_sender import CLOCK, START, Beats, Tempo, beats, in_periods, jittered, steady

TELLING_BEATS = 40


def late(arrivals: list[float], seconds: float, seed: int) -> list[float]:
    """Return arrivals up to so much later, in order."""
    more = np.random.default_rng(seed).uniform(0.0, seconds, len(arrivals))
    return list(np.maximum.accumulate(np.array(arrivals) + more).tolist())


def worst(truth: Beats, arrivals: list[float], after: int) -> float:
    """Follow, and return how far the line is from the truth at worst, in seconds."""
    clock = MidiClock(100.0)
    clock.hear([TimedMessage(truth.seconds[0] - 0.5, START)], truth.seconds[0] - 0.5)
    found = []
    for number, arrival in enumerate(arrivals):
        clock.hear([TimedMessage(arrival, CLOCK)], arrival)
        if number >= after:
            assert clock.line is not None
            found.append(abs(clock.line.seconds_at((number + 1) / 24) - truth.seconds[number + 1]))
    return max(found)


@pytest.mark.parametrize(
    ("bpm", "frames", "rate"),
    [
        (114.0, 1024, 48_000),
        (120.0, 1024, 48_000),
        (126.0, 1024, 48_000),
        (96.0, 1024, 44_100),
        (118.0, 512, 48_000),
        (144.0, 256, 44_100),
        (85.0, 128, 48_000),
        (125.0, 480, 48_000),
        (60.0, 2048, 48_000),
    ],
)
@pytest.mark.parametrize("phase", [0.1, 0.6])
def test_a_host_that_rounds_its_clocks_to_periods_is_followed(bpm: float, frames: int, rate: int, phase: float) -> None:
    """Near a clock, a half, a third and a twelfth of one; to two thirds of a period, however long one goes on."""
    period = frames / rate
    truth = beats(steady(bpm), TELLING_BEATS + 40)
    assert worst(truth, in_periods(truth, period, phase), TELLING_BEATS * 24) < 0.67 * period


@pytest.mark.parametrize(("bpm", "frames", "rate"), [(31.31, 64, 44_100), (25.005, 64, 48_000), (24.01, 32, 48_000)])
def test_so_is_one_whose_periods_are_but_a_small_part_of_a_clock(bpm: float, frames: int, rate: int) -> None:
    """An odd step once in some beats, of less than a fiftieth of a clock, bends nothing a beat ahead."""
    truth = beats(steady(bpm), TELLING_BEATS + 40)
    clock = MidiClock(100.0)
    clock.hear([TimedMessage(truth.seconds[0] - 0.5, START)], truth.seconds[0] - 0.5)
    for number, arrival in enumerate(in_periods(truth, frames / rate)[:-24]):
        clock.hear([TimedMessage(arrival, CLOCK)], arrival)
        if number >= TELLING_BEATS * 24:
            assert clock.line is not None
            assert abs(clock.line.seconds_at((number + 24) / 24) - truth.seconds[number + 24]) < 1.5 * frames / rate


@pytest.mark.parametrize("bpm", [114.0, 120.0, 126.0])
@pytest.mark.parametrize("seed", range(4))
def test_so_is_one_whose_clocks_are_late_as_well(bpm: float, seed: int) -> None:
    """By a millisecond, as they are where threads hand them on."""
    period = 1024 / 48_000
    truth = beats(steady(bpm), TELLING_BEATS + 40)
    arrivals = late(in_periods(truth, period, seed / 4), 0.001, seed)
    assert worst(truth, arrivals, TELLING_BEATS * 24) < 0.67 * period + 0.001


@pytest.mark.parametrize(("first", "second"), [(120.0, 114.0), (120.0, 90.0), (110.0, 119.0), (118.0, 122.0)])
def test_what_is_known_of_the_rounding_outlasts_a_tempo(first: float, second: float) -> None:
    """The second tempo need not show it again: four beats after the change the song is where the host's is."""
    period = 1024 / 48_000
    tempo: Tempo = lambda beat: first if beat < TELLING_BEATS else second  # noqa: E731
    truth = beats(tempo, TELLING_BEATS + 40)
    assert worst(truth, in_periods(truth, period), (TELLING_BEATS + 4) * 24) < period


@pytest.mark.parametrize("part", [0.0, 0.02, 0.1, 0.3])
def test_clocks_that_jitter_are_not_taken_for_rounded(part: float) -> None:
    """Nor are those that are exact, nor some that get lost or come twice now and then."""
    truth = beats(steady(120.0), 100)
    rng = np.random.default_rng(1)
    clocks = RoundedClocks()
    for number, arrival in enumerate(jittered(truth, part, seed=1)):
        for _ in range(int(rng.choice((0, 1, 2), p=(0.02, 0.96, 0.02)))):
            assert clocks.take(arrival, number) is None
    assert clocks.period == 0.0


@pytest.mark.parametrize(("period", "jitter"), [(0.0463, 0.003), (0.025, 0.01)])
def test_nor_are_those_of_which_a_few_jitter_as_if_they_were(period: float, jitter: float) -> None:
    """Three at nearly one distance, one at another, and the same again, once in many thousand."""
    late = np.random.default_rng(9).uniform(0.0, jitter, 5000)
    arrivals = np.maximum.accumulate(np.arange(5000) * period + late)
    clocks = RoundedClocks()
    assert {clocks.take(arrival, number) for number, arrival in enumerate(arrivals.tolist())} == {None}
    assert clocks.period == 0.0


@pytest.mark.parametrize("bpm", [240.0, 300.0, 999.0])
@pytest.mark.parametrize("frames", [2048, 4096, 8192])
def test_handfuls_of_clocks_that_come_at_once_are_counted(bpm: float, frames: int) -> None:
    """Up to 69 of them: all count, and the line is a period from the truth at most."""
    period = frames / 48_000
    truth = beats(steady(bpm), 60)
    assert worst(truth, in_periods(truth, period), 40 * 24) < period


@pytest.mark.parametrize(("bpm", "rate"), [(57.776, 44_100), (57.776, 48_000), (133.0, 48_000)])
def test_a_host_that_goes_on_with_longer_periods_is_not_followed_clock_by_clock(bpm: float, rate: int) -> None:
    """From 64 frames to 512: all distances are multiples of the shorter period still, and up to eight of it apart."""
    truth = beats(steady(bpm), TELLING_BEATS + 20)
    before, after = (in_periods(truth, frames / rate) for frames in (64, 512))
    arrivals = before[: 20 * 24] + after[20 * 24 :]
    assert worst(truth, arrivals, 36 * 24) < 512 / rate


@pytest.mark.parametrize(("bpm", "frames", "rate"), [(133.0, 128, 44_100), (90.0, 128, 44_100), (77.7, 64, 48_000)])
def test_nor_is_one_whose_longer_periods_are_about_a_clock(bpm: float, frames: int, rate: int) -> None:
    """Then two of its clocks come at once at times, which come twice by the shorter period; three between tell."""
    longer = 2048 if frames == 64 else 1024
    truth = beats(steady(bpm), TELLING_BEATS + 20)
    before, after = (in_periods(truth, period / rate) for period in (frames, longer))
    arrivals = before[: 20 * 24] + after[20 * 24 :]
    assert worst(truth, arrivals, 36 * 24) < longer / rate


@pytest.mark.parametrize("calm", [20, 50, 100])
def test_two_accidents_that_look_like_rounding_are_passed_over(calm: int) -> None:
    """A host that moves by half a clock, and nine clocks later one that is late by as much; all others are exact.

    Five beats later the line is right to a tenth of a millisecond, though each distance is a multiple of half a clock.
    """
    moments = 1000.0 + np.arange(600) * 0.03825
    moments[calm:] += 0.53 * 0.03825
    arrivals = moments[:-1].copy()
    arrivals[calm + 9] += 0.51 * 0.03825
    assert worst(Beats(tuple(moments.tolist())), arrivals.tolist(), calm + 9 + 120) < 0.0001


def test_a_host_of_exact_clocks_that_moved_twice_by_about_as_much_is_not_rounded() -> None:
    """Ten beats apart and by 23 and 19 ms, a third of a clock; rounding would make both the same, as exact as the rest.

    So a clock that is lost soon after them is known for lost at once.
    """
    period = 0.0544706
    moments = 1000.0 + np.arange(460) * period
    moments[60:] += 0.0226
    moments[300:] += 0.0193
    clocks, numbers = RoundedClocks(), ClockNumbers(60.0 / period / 24)
    for clock, seconds in enumerate(moments[:400].tolist()):
        assert clocks.take(seconds, clock) is None
        if clock != 380:
            numbers.take(seconds)
        if clock > 380:
            assert numbers.line.seconds_at(clock + 24) == pytest.approx(moments[clock + 24], abs=0.002)
    assert clocks.period == 0.0


def test_a_host_that_rounds_no_longer_is_believed_again() -> None:
    """Once its distances are no multiples of the period, or drift from them."""
    period, clocks = 0.02, RoundedClocks()
    seconds = 0.0
    for number in range(300):
        seconds = round(number * 1.02 + 0.01) * period
        clocks.take(seconds, number)
    assert clocks.period == pytest.approx(period, rel=0.01)
    for number in range(300, 324):
        seconds += 0.0205
        clocks.take(seconds, number)
    assert clocks.period == 0.0
