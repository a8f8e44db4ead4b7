"""How lanes are shared among a processor's cores: each core learns from some of them, and what all find is summed."""

from __future__ import annotations

from musicrnn.models.cores import usable_cores
from musicrnn.trainer.team import Place

LANES_ON_A_CPU = 32
LEAST_LANES = 8  # of a core: with fewer, what a product costs is mostly the reading of its weights


def shares(threads: int, lanes: int) -> int:
    """Return among how many cores lanes are shared, for ``threads`` threads, 0 for one a core."""
    return max(1, min(threads or usable_cores(), lanes // LEAST_LANES))


def share_sizes(lanes: int, shares: int) -> list[int]:
    """Return how many lanes each share has, as alike as can be, by the rule by which workers have them."""
    return [len(Place(i, shares).rows(lanes)) for i in range(shares)]
