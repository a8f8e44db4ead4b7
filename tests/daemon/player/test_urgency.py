"""What is started may be urgent from its birth; whoever starts it stays as it was."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from musicrnn.daemon.player.urgency import FIFO_AT_BIRTH, handed_down, real_time

ASK = "import os; print(os.sched_getscheduler(0), os.sched_getparam(0).sched_priority)"


def may_be_urgent() -> bool:
    """Tell whether this user may have real-time scheduling."""
    before = os.sched_getscheduler(0), os.sched_getparam(0)
    granted = real_time(1)
    os.sched_setscheduler(0, *before)
    return granted


@pytest.mark.skipif(not hasattr(os, "sched_getscheduler"), reason="this system has no such scheduling")
def test_a_process_started_within_is_urgent_where_that_is_allowed() -> None:
    """And this one is not afterwards."""
    before = os.sched_getscheduler(0)
    with handed_down():
        said = subprocess.run([sys.executable, "-c", ASK], capture_output=True, text=True, check=True).stdout
    assert os.sched_getscheduler(0) == before
    urgent = f"{os.SCHED_FIFO} {FIFO_AT_BIRTH}\n"
    assert (said == urgent) is may_be_urgent()
