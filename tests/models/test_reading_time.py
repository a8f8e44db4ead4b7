"""What counts against a file, on machines that are busy, idle and silent about it."""

from __future__ import annotations

import os
import sys

import pytest

from musicrnn.models.reading_time import Limits, Spent, seconds_left, spent_by

LIMITS = Limits(processor=5, wall=60)
BEGUN = Spent(wall=100, processor=3)


@pytest.mark.parametrize(
    ("now", "left"),
    [
        (Spent(100, 3), 5),
        (Spent(149, 3.5), 4.5),  # a busy machine, which gives it a hundredth of a processor
        (Spent(105.5, 8), 0),
        (Spent(157, 3), 3),  # it hangs
        (Spent(160, 3), 0),
    ],
)
def test_the_processor_counts_and_the_clock_only_far_beyond(now: Spent, left: float) -> None:
    """So a file is not late because others have the processor."""
    assert seconds_left(BEGUN, now, LIMITS) == left


@pytest.mark.parametrize(("begun", "now"), [(Spent(100, None), Spent(104, None)), (BEGUN, Spent(104, None))])
def test_where_the_processor_is_not_told_the_clock_counts(begun: Spent, now: Spent) -> None:
    """Also of a process that has just ended."""
    assert seconds_left(begun, now, LIMITS) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="told under /proc")
def test_linux_tells_what_a_process_has_used() -> None:
    """To a hundredth of a second; of none that is not there."""
    begun = spent_by(os.getpid()).processor
    assert begun is not None
    while (now := spent_by(os.getpid()).processor) == begun:
        pass
    assert now is not None
    assert now > begun
    assert spent_by(0).processor is None
