"""Punctuality is lent, not given."""

from __future__ import annotations

import os
import sys

import pytest

from musicrnn.daemon.priority import FIFO, SECOND, SWITCH_SECONDS, punctual, unhindered


@pytest.mark.skipif(not hasattr(os, "sched_getscheduler"), reason="this system has no such scheduling")
def test_scheduling_is_as_before_afterwards() -> None:
    """Whether real time was granted or not, and it was if the scheduler says so."""
    before = os.sched_getscheduler(0), sys.getswitchinterval()
    with punctual() as granted:
        assert (os.sched_getscheduler(0) & ~0x40000000 == os.SCHED_FIFO) is granted
        assert sys.getswitchinterval() == pytest.approx(SWITCH_SECONDS)
    assert (os.sched_getscheduler(0), sys.getswitchinterval()) == before


@pytest.mark.skipif(not hasattr(os, "sched_getscheduler"), reason="this system has no such scheduling")
def test_what_is_unhindered_comes_after_what_is_punctual() -> None:
    """Where real time is granted to the one, it is to the other; and it is given back."""
    before = os.sched_getscheduler(0)
    with punctual() as granted:
        pass
    with unhindered():
        assert os.sched_getparam(0).sched_priority == (SECOND if granted else 0)
    assert SECOND < FIFO
    assert os.sched_getscheduler(0) == before
