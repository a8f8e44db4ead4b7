"""The learning rate as a function of how far training has come."""

from __future__ import annotations

import math
from dataclasses import dataclass

WARMUP_SHARE = 0.1  # of a training, at most, goes by until the rate is at its peak


@dataclass(frozen=True, slots=True)
class Schedule:
    """How the rate moves.

    ``kind`` is cosine (to 0 at the end), exponential (times ``decay`` an epoch from ``decay_start`` on) or
    constant; the first ``warmup`` steps, or the first tenth of the training if that is over sooner, rise to it in a
    straight line.
    """

    kind: str
    peak: float
    warmup: int = 100
    decay: float = 0.97
    decay_start: float = 0.0

    def rate(self, step: int, epochs: float, share: float, made: float = 0.0) -> float:
        """Return the rate at a step, ``epochs`` into the training of which ``share`` (0 to 1) is done.

        ``made`` is the share by which the warm-up goes: that of the training without the time that it took to begin.
        """
        rate = self.peak * min(1.0, max((step + 1) / max(self.warmup, 1), made / WARMUP_SHARE))
        if self.kind == "cosine":
            return rate * 0.5 * (1.0 + math.cos(math.pi * min(max(share, 0.0), 1.0)))
        if self.kind == "exponential":
            return rate * float(self.decay ** max(0.0, epochs - self.decay_start))
        return rate
