"""What makes one thread punctual among the others, as far as the system allows."""

from __future__ import annotations

import gc
import os
import sys

FIFO = 20
SWITCH_SECONDS = 0.0005


def settle() -> None:
    """Call when all is built: the garbage collector passes over what is there, and threads change over quickly."""
    gc.collect()
    gc.freeze()
    sys.setswitchinterval(SWITCH_SECONDS)


def be_punctual() -> bool:
    """Ask for real-time scheduling (SCHED_FIFO) of the calling thread; tell whether it was granted.

    Threads that start later do not inherit it.
    """
    if not hasattr(os, "sched_setscheduler"):
        return False
    policy = os.SCHED_FIFO | getattr(os, "SCHED_RESET_ON_FORK", 0)
    try:
        os.sched_setscheduler(0, policy, os.sched_param(FIFO))
    except (OSError, ValueError):
        return False
    return True
