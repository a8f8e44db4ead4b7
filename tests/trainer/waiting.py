"""Wait for a program under test to have come somewhere."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable

import pytest


def until(ready: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    """Wait until ``ready()`` holds, and fail if the process ends before."""
    pause = threading.Event()
    for _ in range(6000):
        if ready():
            return
        assert process.poll() is None, process.communicate()
        pause.wait(0.05)
    pytest.fail("the trainer did not come so far in time")
