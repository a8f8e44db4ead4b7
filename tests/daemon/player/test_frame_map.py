"""Moments become frames that stay in place, though an audio server wakes its clients when it can."""

from __future__ import annotations

import math
import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musicrnn.daemon.player.frame_map import FrameMap

RATE = 48_000.0


def run(
    made: FrameMap, seconds: float, *, period: int = 1024, drift: float = 0.0, seed: int = 1, first: int = 0
) -> list[float]:
    """Let cycles come late by up to 150 µs, now and then by 4 ms; return the errors of the map in frames.

    ``drift`` is how much faster than nominal the audio clock runs; ``first`` is the first frame.
    """
    chance, errors = random.Random(seed), []
    for frame in range(first, first + int(seconds * RATE), period):
        moment = 100.0 + (frame - first) / (RATE * (1.0 + drift))
        late = 4e-3 if chance.random() < 0.02 else chance.uniform(5e-6, 150e-6)
        made.observe(frame, moment + late)
        errors.append(made.frame_at(moment) - frame)
    return errors


def held(
    period: int,
    seconds: float,
    *,
    drift: float = 0.0,
    seed: int = 1,
    settling: int = 12,
    losses: tuple[float, ...] = (),
) -> list[float]:
    """Hold a map after some cycles, and return its error in frames at each cycle from then on.

    Cycles come late as they do on a virtual machine with a load that changes: each second by another 5 to 60 µs at
    least, mostly by 50 more, and one in fifty by up to 5 ms. ``losses`` are moments at which the server loses 700 µs.
    """
    chance, made, errors = random.Random(seed), FrameMap(RATE), []
    second, least = -1, 0.0
    for cycle in range(int(seconds * RATE / period)):
        moment = cycle * period / (RATE * (1.0 + drift))
        moment += 700e-6 * sum(loss < moment for loss in losses)
        if int(moment) > second:
            second, least = int(moment), chance.uniform(5e-6, 60e-6)
        late = chance.uniform(1e-3, 5e-3) if chance.random() < 0.02 else least + chance.expovariate(1 / 50e-6)
        made.observe(cycle * period, moment + late)
        if made.settled and cycle >= settling:
            made.hold()
            errors.append(made.frame_at(moment) - cycle * period)
    return errors


PERIODS = st.sampled_from([64, 128, 256, 512, 1024, 2048])
SEEDS = st.integers(0, 2**32)


@given(PERIODS, SEEDS, st.integers(12, 400))
def test_a_held_map_does_not_move_at_all(period: int, seed: int, settling: int) -> None:
    """From the first note on, for a minute, whatever the load does to the moments of the cycles."""
    errors = held(period, 60.0, seed=seed, settling=settling)
    assert max(errors) - min(errors) < 1e-3
    assert max(map(abs, errors)) < 24.0


def test_until_it_is_held_a_map_lies_on_the_earliest_cycle() -> None:
    """It is settled after twelve; one that comes earlier still moves it only as long as nothing is played by it."""
    made = FrameMap(RATE)
    for cycle in range(12):
        assert not made.settled
        made.observe(cycle * 256, 10.0 + cycle * 256 / RATE + 50e-6)
    assert made.settled
    assert made.frame_at(10.0) == pytest.approx(-2.4, abs=1e-6)
    made.observe(12 * 256, 10.0 + 12 * 256 / RATE + 10e-6)
    assert made.frame_at(10.0) == pytest.approx(-0.48, abs=1e-6)
    made.hold()
    made.observe(13 * 256, 10.0 + 13 * 256 / RATE)
    assert made.frame_at(10.0) == pytest.approx(-0.48, abs=1e-6)


def test_frames_lost_up_to_ten_milliseconds_move_no_note_at_once() -> None:
    """Nine are ridden out, to go after them slowly; eleven are followed within two seconds."""
    for lost, moves in ((9e-3, False), (11e-3, True)):
        made = FrameMap(RATE)
        for cycle in range(800):
            moment = cycle * 256 / RATE + (lost if cycle >= 400 else 0.0)
            made.observe(cycle * 256, moment)
            if made.settled:
                made.hold()
        assert made.frame_at(moment) - 799 * 256 == pytest.approx(0.0 if moves else lost * RATE, abs=1.0)


@pytest.mark.parametrize(("period", "seconds"), [(64, 0.11), (256, 0.11), (1024, 0.26), (4096, 1.03)])
def test_many_lost_frames_are_known_after_twelve_cycles_and_a_tenth_of_a_second(period: int, seconds: float) -> None:
    """Wherever in the second they were lost; each cycle after it says the same."""
    for last in range(0, round(RATE / period), max(round(RATE / period) // 7, 1)):
        made, first, lost = FrameMap(RATE), round(5 * RATE / period) + last, 0.021
        for cycle in range(first):
            made.observe(cycle * period, cycle * period / RATE)
            made.hold()
        since = first * period / RATE + lost
        known = math.inf
        for cycle in range(first, first + 100):
            moment = cycle * period / RATE + lost
            made.observe(cycle * period, moment)
            if abs(made.frame_at(moment) - cycle * period) < 0.5:
                known = min(known, moment)
        assert known - since <= seconds


def test_cycles_that_a_load_delays_are_no_lost_frames_while_some_come_in_time() -> None:
    """Seven of eight by up to 18 ms, for half a minute: the map does not move."""
    chance, made = random.Random(4), FrameMap(RATE)
    for cycle in range(6000):
        late = 0.0 if cycle < 100 or cycle % 8 == 0 else chance.uniform(0.011, 0.018)
        made.observe(cycle * 256, cycle * 256 / RATE + late)
        if made.settled:
            made.hold()
        assert made.frame_at(cycle * 256 / RATE) == pytest.approx(cycle * 256, abs=1e-3)


@given(PERIODS, SEEDS, st.floats(-1e-4, 1e-4))
def test_a_held_map_follows_a_drift_smoothly(period: int, seed: int, drift: float) -> None:
    """It never moves by more than a frame a second beyond the drift, stays within 2 ms and then comes back."""
    errors = held(period, 90.0, drift=drift, seed=seed)
    second = round(RATE / period)
    allowed = 1.0 + 2.0 * abs(drift) * RATE
    assert all(abs(after - before) <= allowed for before, after in zip(errors, errors[second:], strict=False))
    assert max(map(abs, errors)) < 48.0
    assert max(map(abs, errors[-10 * second :])) < 16.0


@given(PERIODS, SEEDS, st.integers(1, 50))
def test_a_few_frames_that_a_server_lost_are_no_drift(period: int, seed: int, second: int) -> None:
    """For those who hear by the server's clock notes stay in place; the map goes after it, two frames a second."""
    errors = held(period, 60.0, seed=seed, losses=(second + 0.5,))
    moves = [after - before for before, after in pairwise(errors)]
    jump = max(moves, key=abs)
    assert jump == pytest.approx(700e-6 * RATE, abs=0.1)
    moves.remove(jump)
    cycles = round(RATE / period)
    assert all(abs(sum(moves[at : at + cycles])) <= 2.0 for at in range(0, len(moves), cycles))


@pytest.mark.parametrize("period", [64, 256, 1024, 4096])
def test_a_steady_clock_is_followed_to_less_than_a_frame(period: int) -> None:
    """From the fifth second on, for two minutes."""
    errors = run(FrameMap(RATE), 120.0, period=period)[int(5 * RATE / period) :]
    assert max(errors) - min(errors) < 1.0


def test_a_clock_that_drifts_is_followed() -> None:
    """A sound card may be off by 100 parts in a million."""
    errors = run(FrameMap(RATE), 240.0, drift=1e-4)
    settled = errors[-len(errors) // 4 :]
    assert max(map(abs, settled)) < 5.0
    late = errors[-len(errors) // 2 :]
    assert max(abs(after - before) for before, after in pairwise(late)) < 1.0


def test_frames_that_were_lost_are_noticed_at_once() -> None:
    """The server skipped some cycles: the frames that follow come too early for the old map."""
    made = FrameMap(RATE)
    run(made, 5.0)
    made.observe(5 * 48_000 + 4800, 105.0)
    assert made.frame_at(105.0) == pytest.approx(5 * 48_000 + 4800)


def test_a_server_that_stood_still_is_followed_after_a_second() -> None:
    """Its frames stood still too."""
    made = FrameMap(RATE)
    run(made, 5.0)
    for cycle in range(200):
        made.observe(5 * 48_000 + cycle * 1024, 106.0 + cycle * 1024 / RATE)
    assert made.frame_at(106.0 + 200 * 1024 / RATE) == pytest.approx(5 * 48_000 + 200 * 1024, abs=1.0)


def test_moments_and_frames_are_each_others_inverse() -> None:
    """To a hundredth of a frame, drift or not."""
    made = FrameMap(RATE)
    run(made, 60.0, drift=5e-5)
    for frame in (1000.0, 59 * RATE, 61 * RATE):
        assert made.frame_at(made.seconds_at(frame)) == pytest.approx(frame, abs=0.01)


def test_frame_numbers_go_on_where_32_bits_end() -> None:
    """After a day at 48 kHz."""
    made = FrameMap(RATE)
    start = 2**32 - 2048
    assert made.unwrapped(2**31) == 2**31 or made.unwrapped(2**31) == -(2**31)
    made = FrameMap(RATE)
    made.unwrapped(0)
    frames = [made.unwrapped(2**30 * step % 2**32) for step in range(1, 6)]
    assert frames == [2**30 * step for step in range(1, 6)]
    made.unwrapped(start % 2**32)
    assert made.unwrapped(0) - made.unwrapped(start % 2**32) == 2048


@pytest.mark.parametrize("period", [128, 1024])
def test_it_tells_once_for_how_long_the_audio_clock_stood(period: int) -> None:
    """Nothing of where it began, or of what a load does to the moments of cycles; then of a stop of 60 ms all, once."""
    made = FrameMap(RATE)
    run(made, 5.0, period=period)
    assert abs(made.take_stood()) < 150e-6
    assert made.take_stood() == 0.0
    frames = range(int(5.0 * RATE), int(6.0 * RATE), period)
    for frame in frames:
        made.observe(frame, 100.0 + frame / RATE + 0.06)
    assert made.take_stood() == pytest.approx(0.06, abs=300e-6)
    assert made.take_stood() == 0.0


def test_what_was_said_to_have_stood_is_taken_back() -> None:
    """A load may delay all cycles of a tenth of a second, and no frame is lost."""
    made = FrameMap(RATE)
    run(made, 5.0, period=256)
    for number, frame in enumerate(range(int(5.0 * RATE), int(6.0 * RATE), 256)):
        made.observe(frame, 100.0 + frame / RATE + (0.03 if number < 40 else 0.0))
    assert abs(made.take_stood()) < 300e-6
