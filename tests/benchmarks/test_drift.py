"""Ticks that are left out at once are told from a drift."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.drift import with_those_left_out
from benchmarks.grid import Recorded
from benchmarks.timing_senders import TICK_SECONDS

RATE, NOTES = 48_000, 48 * 600


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
