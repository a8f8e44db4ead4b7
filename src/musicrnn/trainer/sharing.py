"""How lanes are shared among a processor's cores: each core learns from some of them, and what all find is summed."""

from __future__ import annotations

import os

LANES_ON_A_CPU = 32
LEAST_LANES = 8  # of a core: with fewer, what a product costs is mostly the reading of its weights


def cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def shares(threads: int, lanes: int) -> int:
    """Return among how many cores lanes are shared, for ``threads`` threads, 0 for one a core."""
    return max(1, min(threads or cores(), lanes // LEAST_LANES))


def sizes(lanes: int, shares: int) -> list[int]:
    """Return how many lanes each share has, as alike as can be."""
    return [(i + 1) * lanes // shares - i * lanes // shares for i in range(shares)]
