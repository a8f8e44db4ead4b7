"""Clocks that wander are told from clocks that jitter, and the next one is expected a period after the last."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from musicrnn.daemon.clock_fit import MOST_CLOCKS, ClockFit
from musicrnn.daemon.clock_wander import period, wanders
from musicrnn.daemon.midi_clock import MidiClock
from musicrnn.daemon.protocols import TimedMessage
from tests.daemon.clock_sender import CLOCK, START, Beats, beats, in_periods, jittered, ramp, steady

BPM = 120.0
PERIOD = 60.0 / BPM / 24
CLOCKS = 30 * 24
AHEAD = 2


def wandering(part: float, seed: int) -> NDArray[np.float64]:
    """Return the moments of clocks of which each distance is up to that part too long or too short."""
    errors = np.random.default_rng(seed).uniform(-part, part, CLOCKS)
    moments: NDArray[np.float64] = np.cumsum(PERIOD * (1.0 + errors))
    return moments


def newest_first(moments: list[float] | NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the last clocks as the fit holds them."""
    seconds: NDArray[np.float64] = np.array(moments)[-MOST_CLOCKS:][::-1]
    seconds -= float(seconds[0])
    return seconds


def jitter_of(seconds: NDArray[np.float64]) -> float:
    """Return the jitter as the fit measures it."""
    return float(np.sqrt(np.mean(np.diff(seconds, 2) ** 2) / 6))


def test_most_clocks_that_wander_are_recognised() -> None:
    """Nine of ten by the sixteenth beat; the others are followed by a line through the newest few."""
    found = [newest_first(wandering(0.2, seed)) for seed in range(40)]
    assert sum(wanders(one, jitter_of(one)) for one in found) >= 32


TRUTH = beats(steady(BPM), 30)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("part", [0.02, 0.1, 0.2])
def test_clocks_that_jitter_around_a_line_are_not_mistaken_for_them(part: float, seed: int) -> None:
    """However strongly."""
    found = newest_first(jittered(TRUTH, part, seed))
    assert not wanders(found, jitter_of(found))


@pytest.mark.parametrize("frames", [128, 256, 512, 1024])
@pytest.mark.parametrize("bpm", [60.0, 97.0, 120.0, 180.0])
def test_clocks_that_are_sent_once_a_period_are_not_either(bpm: float, frames: int) -> None:
    """They are rounded, and that does not add up."""
    found = newest_first(in_periods(beats(steady(bpm), 30), frames / 48_000))
    assert not wanders(found, jitter_of(found))


def jumping(seed: int) -> Beats:
    """Return clocks of which the tempo jumps at some beat."""
    return beats(lambda beat: BPM if beat < 16 + seed else 1.3 * BPM, 30)


@pytest.mark.parametrize("seed", range(6))
def test_a_tempo_that_jumps_or_goes_up_is_no_wandering(seed: int) -> None:
    """With a jitter of a tenth of a clock."""
    for truth in (jumping(seed), beats(ramp(100.0, 140.0, 12, 16), 30)):
        found = newest_first(jittered(truth, 0.1, seed))
        assert not wanders(found, jitter_of(found))


@pytest.mark.parametrize("bpm", [(30.0, 90.0), (100.0, 30.0)])
@pytest.mark.parametrize("length", [4, 8])
def test_a_tempo_that_went_far_and_is_steady_now_is_no_wandering(bpm: tuple[float, float], length: int) -> None:
    """Whatever the old clocks look like, the newest six beats lie on a line."""
    truth = beats(ramp(*bpm, 18, length), 24 + length)
    found = newest_first(jittered(truth, 0.04, seed=1))
    assert not wanders(found, jitter_of(found[:96]))


@pytest.mark.parametrize("seed", [35, 39, 85])
@pytest.mark.parametrize("clocks", range(154, 199, 4))
def test_clocks_that_begin_to_jitter_after_the_tempo_jumped_do_not_wander(seed: int, clocks: int) -> None:
    """Where half of them jitter neighbours mostly do not, and the jump goes far."""
    truth = beats(lambda beat: 54.0 if beat < 17 else 49.0, 30)
    late = np.random.default_rng(seed).uniform(0.0, 0.0087, len(truth))
    late[:-clocks] = 0.0
    found = newest_first(np.array(truth.seconds[:-1]) + late)
    assert not wanders(found, jitter_of(found[:96]))


def test_few_clocks_and_good_ones_are_never_said_to_wander() -> None:
    """Nothing can be known of a hundred, and nothing need be of those that are within a hundredth of a clock."""
    few = newest_first(wandering(0.2, 1))[:100]
    assert not wanders(few, jitter_of(few))
    good = newest_first(wandering(0.01, 1))
    assert not wanders(good, jitter_of(good))


def test_the_period_is_the_mean_of_as_many_as_go_together() -> None:
    """All of a steady tempo; after a jump only those that came since."""
    numbers = -np.arange(float(MOST_CLOCKS))
    steady_clocks = newest_first(wandering(0.2, 3))
    assert period(numbers, steady_clocks, jitter_of(steady_clocks)) == pytest.approx(PERIOD, rel=0.02)
    jumped = newest_first(jittered(beats(lambda beat: BPM if beat < 26 else 1.5 * BPM, 30), 0.02, 1))
    assert period(numbers, jumped, jitter_of(jumped)) == pytest.approx(PERIOD / 1.5, rel=0.02)


@pytest.mark.parametrize("seed", range(12, 24))
def test_before_it_is_known_that_they_wander_none_is_taken_for_lost(seed: int) -> None:
    """A few short distances in a row bend the line; those after them are clocks, and not two."""
    moments = 1000.0 + np.cumsum(PERIOD * (1 + np.random.default_rng(seed).uniform(-0.2, 0.2, 400)))
    clock = MidiClock(100.0)
    clock.hear([TimedMessage(999.0, START)], 999.0)
    for number, moment in enumerate(moments.tolist()):
        clock.hear([TimedMessage(moment, CLOCK)], moment)
        assert clock.line is not None
        assert abs(clock.line.beat_at(moment) * 24 - number) < 0.7


@pytest.mark.parametrize("seed", range(4))
def test_what_wandered_once_is_followed_so_until_it_is_steady_for_two_beats(seed: int) -> None:
    """Now and then some hundred of them lie as if they did not; where one is lost it cannot be seen for 16 beats."""
    moments = np.cumsum(PERIOD * (1 + np.random.default_rng(seed).uniform(-0.2, 0.2, 2500)))
    fit = ClockFit(PERIOD)
    for number, moment in enumerate(moments.tolist()):
        if number == 2000:
            continue
        line = fit.add(number, moment)
        if number > 24 * 24:
            assert line.seconds_at(number) == pytest.approx(moment, abs=1e-9)


@pytest.mark.parametrize("seed", range(32))
def test_clocks_that_were_wild_tell_nothing_of_those_that_are_even_since(seed: int) -> None:
    """Five beats after them, though these are rounded; a mean over both would be a tick off by two periods."""
    grid, lasted = 256 / 48_000, 330
    wild = np.cumsum(PERIOD * np.random.default_rng(seed).exponential(size=lasted))
    even = wild[-1] + PERIOD * np.arange(1, 12 * 24)
    fit = ClockFit(PERIOD)
    for number, moment in enumerate((np.ceil(np.concatenate((wild, even)) / grid) * grid).tolist()):
        line = fit.add(number, moment)
        if number >= lasted + 5 * 24:
            off = line.seconds_at(number + 12) - even[0] - PERIOD * (number + 12 - lasted)
            assert abs(off) < 1.5 * grid


@pytest.mark.parametrize("seed", range(6))
def test_a_clock_that_is_lost_keeps_nobody_from_seeing_that_they_wander_no_longer(seed: int) -> None:
    """Seven beats after it they have a line again, and not each one its own."""
    chance = np.random.default_rng(seed)
    moments = np.cumsum(PERIOD * (1 + chance.uniform(-0.2, 0.2, 24 * 24)))
    steadily = moments[-1] + PERIOD * np.arange(1, 10 * 24)
    fit = ClockFit(PERIOD)
    for number, moment in enumerate(
        [*moments.tolist(), *(steadily + chance.uniform(-0.1, 0.1, 239) * PERIOD).tolist()]
    ):
        if number == 24 * 24 + 5:
            continue
        line = fit.add(number, moment)
        if number > 31.5 * 24:
            assert abs(line.seconds_at(number + 24) - steadily[0] - PERIOD * (number + 24 - 24 * 24)) < 0.08 * PERIOD


def test_what_can_be_known_of_wandering_clocks_is_known() -> None:
    """Two clocks ahead, from the twentieth beat on: as near as who knows the tempo and hears the last clock."""
    ours: list[float] = []
    best: list[float] = []
    for seed in range(10):
        moments = wandering(0.2, seed)
        fit = ClockFit(PERIOD)
        for number, moment in enumerate(moments[:-AHEAD].tolist()):
            line = fit.add(number, moment)
            if number > 20 * 24:
                ours.append(abs(line.seconds_at(number + AHEAD) - moments[number + AHEAD]))
                best.append(abs(moment + AHEAD * PERIOD - moments[number + AHEAD]))
    print(f"median {np.median(ours) * 1000:.2f} ms, the best {np.median(best) * 1000:.2f} ms")
    assert np.median(ours) < 1.15 * np.median(best)
