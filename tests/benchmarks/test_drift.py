"""Ticks that are left out at once are told from a drift."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.drift import heard_once, is_quiet, with_those_left_out
from benchmarks.grid import Recorded
from benchmarks.timing_senders import TICK_SECONDS

RATE, NOTES = 48_000, 48 * 600
CLOCK = np.array([[0.0, 0.0], [1.0 * RATE, 1.0]])


def recorded(moments: np.ndarray) -> Recorded:
    """Return what a recorder heard whose server's clock is the system's."""
    clock = np.array([[second * RATE, second] for second in range(int(moments[-1]) + 2)], np.float64)
    return Recorded(RATE, moments * RATE, [], 0, clock)


@pytest.mark.parametrize("drift", [-1e-3, 0.0, 1e-4, 1e-3])
@pytest.mark.parametrize("left_out", [0, 1, 3])
def test_only_what_comes_at_once_is_left_out(drift: float, left_out: int) -> None:
    """Ten minutes with a drift of up to 29 ticks, and some left out in the middle of a second."""
    notes = np.arange(NOTES, dtype=np.float64)
    ticks = notes + np.where(notes >= NOTES // 2 + 20, left_out, 0)
    found = with_those_left_out(recorded(ticks * TICK_SECONDS * (1.0 + drift)), notes)
    np.testing.assert_array_equal(found, ticks)


def test_minutes_in_which_the_machine_stood_still_are_not_quiet() -> None:
    """Neither is one in which the player comes back to the clock by a frame a second; a small drift is quiet."""
    ticks = np.arange(NOTES, dtype=np.float64)
    late = ticks * TICK_SECONDS * 4e-6
    late[NOTES // 2 + 20 :] += np.maximum(0.005 - np.arange(NOTES // 2 - 20) * TICK_SECONDS / RATE, 0.0)
    found = is_quiet(ticks, ticks * TICK_SECONDS + late).reshape(10, -1)
    assert found.all(axis=1).tolist() == [True] * 5 + [False] * 4 + [True]
    assert not found[5:9].any()


def test_a_note_that_the_server_hands_over_twice_counts_once() -> None:
    """The same pitch at the same frame, as after a stop of the machine."""
    twice = Recorded(RATE, np.array([0.0, 1000.0, 2000.0, 1000.0, 2000.0, 3000.0]), [60, 61, 62, 61, 62, 63], 0, CLOCK)
    once = heard_once(twice)
    assert (once.frames.tolist(), once.pitches) == ([0.0, 1000.0, 2000.0, 3000.0], [60, 61, 62, 63])
