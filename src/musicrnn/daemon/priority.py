"""What makes one thread punctual among the others, as far as the system allows."""

from __future__ import annotations

import contextlib
import gc
import os
import sys
from collections.abc import Iterator

FIFO, SECOND = 20, 10
SWITCH_SECONDS = 0.0005
YOUNG_ONLY = (700, 5, 1_000_000)  # new objects, and rounds of those, before a collection; the last one never comes


@contextlib.contextmanager
def punctual() -> Iterator[bool]:
    """Make the calling thread punctual within; yield whether the system granted real-time scheduling.

    Enter when all is built: the garbage collector passes over what is there and from then on over whatever has
    become old, threads change over quickly, and the thread asks for SCHED_FIFO, which threads that start later do not
    inherit.
    """
    switch, thresholds = sys.getswitchinterval(), gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(*YOUNG_ONLY)
    sys.setswitchinterval(SWITCH_SECONDS)
    granted = _real_time()
    try:
        yield granted
    finally:
        if granted:
            _as_others()
        sys.setswitchinterval(switch)
        gc.set_threshold(*thresholds)
        gc.unfreeze()


@contextlib.contextmanager
def unhindered() -> Iterator[None]:
    """Let nothing but what is punctual come before the calling thread within, where the system allows that.

    A thread that holds Python's lock while others of the machine come before it holds up the punctual one with it.
    """
    granted = _real_time(SECOND)
    try:
        yield
    finally:
        if granted:
            _as_others()


def real_time_allowed() -> bool:
    """Tell whether the system would grant real-time scheduling to this user."""
    granted = _real_time()
    if granted:
        _as_others()
    return granted


def _as_others() -> None:
    os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


def _real_time(priority: int = FIFO) -> bool:
    if not hasattr(os, "sched_setscheduler"):
        return False
    policy = os.SCHED_FIFO | getattr(os, "SCHED_RESET_ON_FORK", 0)
    try:
        os.sched_setscheduler(0, policy, os.sched_param(priority))
    except (OSError, ValueError):
        return False
    return True
