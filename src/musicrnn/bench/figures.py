"""How measured times are summed up."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Spread:
    """Some times in seconds: how many, and the smallest that 50, 99, 99.9 and 100 in a hundred do not exceed."""

    count: int
    p50: float
    p99: float
    p999: float
    most: float

    def milliseconds(self) -> dict[str, float]:
        """Return the figures for JSON, in milliseconds."""
        values = {"p50": self.p50, "p99": self.p99, "p99.9": self.p999, "max": self.most}
        return {"count": self.count, **{name: round(1000 * value, 4) for name, value in values.items()}}


def spread(seconds: Sequence[float]) -> Spread:
    """Sum up times in seconds, at least one."""
    ordered = sorted(seconds)
    return Spread(len(ordered), *(rank(ordered, percent) for percent in (50, 99, 99.9, 100)))


def rank(ordered: Sequence[float], percent: float) -> float:
    """Return the smallest of the ordered values that ``percent`` in a hundred of them do not exceed."""
    return ordered[max(math.ceil(round(percent * len(ordered) / 100, 9)) - 1, 0)]
