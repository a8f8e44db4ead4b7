"""How often something may happen: a token bucket."""

from __future__ import annotations


class Bucket:
    """Allows ``rate`` a second on average and ``burst`` at once; it is told the time."""

    def __init__(self, rate: float, burst: int) -> None:
        self._rate = rate
        self._burst = burst
        self._tokens = float(burst)
        self._since: float | None = None

    def allows(self, now: float) -> bool:
        """Tell whether one more may happen at ``now`` seconds, and count it."""
        if not self.ready(now):
            return False
        self._tokens -= 1.0
        return True

    def ready(self, now: float) -> bool:
        """Tell whether one more may happen at ``now`` seconds, without counting it."""
        elapsed = 0.0 if self._since is None else max(now - self._since, 0.0)
        self._since = now
        self._tokens = min(self._tokens + elapsed * self._rate, float(self._burst))
        return self._tokens >= 1.0
