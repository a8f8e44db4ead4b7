"""How long reading a file may take: by the processor, so that a busy machine costs no file."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Limits:
    """How many seconds a process may take for a file, and to be ready for its first.

    ``processor`` is its processor time, ``wall`` ends one that hangs without using any. Where the system does not tell
    processor time, ``processor`` holds by the clock.
    """

    processor: float = 5.0
    wall: float = 60.0
    start: float = 60.0


@dataclass(frozen=True, slots=True)
class Spent:
    """What a clock and a process' processor time stand at; None where the system does not tell the second."""

    wall: float
    processor: float | None


def spent_by(pid: int) -> Spent:
    """Return where the clock and a process stand now."""
    return Spent(time.monotonic(), _processor_seconds(pid))


def seconds_left(begun: Spent, now: Spent, limits: Limits) -> float:
    """Return after how many seconds by the clock a file may be late at the earliest, 0 or less where it is."""
    wall = now.wall - begun.wall
    if now.processor is None or begun.processor is None:
        return min(limits.processor, limits.wall) - wall
    return min(limits.processor - (now.processor - begun.processor), limits.wall - wall)


def _processor_seconds(pid: int) -> float | None:
    """Return the user and system time of a process, fields 14 and 15 of proc_pid_stat(5)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError, AttributeError):
        return None
