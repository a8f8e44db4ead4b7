"""A tempo from taps."""

from __future__ import annotations

import math
from collections import deque

from musicrnn.control import CONTROLS

MOST_TAPS = 8
BOUNCE_SECONDS = 0.05


class Taps:
    """Remembers the last taps; the tempo is that of their mean distance.

    A pause longer than a beat of the slowest tempo, or a beat less than half or more than twice as long as those
    before, begins anew. A tap that follows another, passed over or not, quicker than any tempo asks for is a bounce:
    pads strike twice, and a key that is held comes 30 times a second.
    """

    def __init__(self) -> None:
        self._moments: deque[float] = deque(maxlen=MOST_TAPS)
        self._heard = -math.inf

    def tap(self, seconds: float) -> float | None:
        """Take a tap at a moment; return the tempo in quarter notes a minute, None after a first tap or a bounce."""
        before, self._heard = self._heard, seconds
        if abs(seconds - before) < BOUNCE_SECONDS:
            return None
        if self._moments and not self._fits(seconds):
            newest = self._moments[-1]
            self._moments.clear()
            if 0 < seconds - newest <= _LONGEST:
                self._moments.append(newest)
        self._moments.append(seconds)
        if len(self._moments) < 2:
            return None
        mean = (self._moments[-1] - self._moments[0]) / (len(self._moments) - 1)
        tempo = CONTROLS["tempo"]
        return min(max(round(60.0 / mean, 2), tempo.low), tempo.high)

    def _fits(self, seconds: float) -> bool:
        since = seconds - self._moments[-1]
        if not 0 < since <= _LONGEST:
            return False
        if len(self._moments) < 2:
            return True
        mean = (self._moments[-1] - self._moments[0]) / (len(self._moments) - 1)
        return mean / 2 < since < mean * 2


_LONGEST = 60.0 / CONTROLS["tempo"].low
