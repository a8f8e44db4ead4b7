"""Real-time scheduling and locked memory, as far as the system grants them."""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
from collections.abc import Iterator

FIFO = 30
FIFO_AT_BIRTH = 10
_CURRENT, _FUTURE, _ON_FAULT = 1, 2, 4  # of sys/mman.h on Linux


def real_time(priority: int = FIFO) -> bool:
    """Ask for SCHED_FIFO, for this thread and those that it starts; tell whether it was granted."""
    if not hasattr(os, "sched_setscheduler"):
        return False
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(priority))
    except (OSError, ValueError):
        return False
    return True


@contextlib.contextmanager
def handed_down() -> Iterator[None]:
    """Let the processes that are started within be born urgent: on a busy machine Python takes a second to start.

    Less urgent than what plays already.
    """
    if not hasattr(os, "sched_setscheduler"):
        yield
        return
    policy, priority = os.sched_getscheduler(0), os.sched_getparam(0)
    granted = real_time(FIFO_AT_BIRTH)
    try:
        yield
    finally:
        if granted:
            os.sched_setscheduler(0, policy, priority)


def locked() -> bool:
    """Keep this process' memory from being paged out; tell whether that was granted.

    Only without a limit on locked memory: under one, a later allocation could fail.
    """
    if sys.platform != "linux":
        return False
    import resource

    limit, _ = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    if limit != resource.RLIM_INFINITY and os.geteuid() != 0:
        return False
    return bool(ctypes.CDLL(None).mlockall(_CURRENT | _FUTURE | _ON_FAULT) == 0)
