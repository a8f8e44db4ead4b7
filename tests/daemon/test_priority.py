"""Punctuality is lent, not given."""

from __future__ import annotations

import os
import sys

import pytest

from musicrnn.daemon.priority import SWITCH_SECONDS, punctual


@pytest.mark.skipif(not hasattr(os, "sched_getscheduler"), reason="this system has no such scheduling")
def test_scheduling_is_as_before_afterwards() -> None:
    """Whether real time was granted or not, and it was if the scheduler says so."""
    before = os.sched_getscheduler(0), sys.getswitchinterval()
    with punctual() as granted:
        assert (os.sched_getscheduler(0) & ~0x40000000 == os.SCHED_FIFO) is granted
        assert sys.getswitchinterval() == pytest.approx(SWITCH_SECONDS)
    assert (os.sched_getscheduler(0), sys.getswitchinterval()) == before
