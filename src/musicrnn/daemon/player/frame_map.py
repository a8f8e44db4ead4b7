"""From moments of the monotonic clock to frames of an audio clock, steady to less than a frame.

An audio server wakes its clients late, never early, by some tens of microseconds that change with the load. So only
the earliest cycles count: of each second one is kept, and of the last sixteen of those the earliest says where the
audio clock is. How fast it runs is the slope through all sixteen, learnt slowly.
"""

from __future__ import annotations

import math
from collections import deque

BLOCK_SECONDS = 1.0
BLOCK_CYCLES = 40
BLOCKS = 16
FEW_BLOCKS = 4
GAIN = 0.25
TOO_EARLY_SECONDS = 0.002
TOO_LATE_SECONDS = 0.003
_WRAP = 1 << 32


class FrameMap:
    """Learns at which moment frame 0 was, and how far the audio clock runs from its nominal rate.

    It begins anew where cycles come at moments that the audio clock cannot explain: frames were lost, or the
    machine has slept.
    """

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self._start = 0.0
        self._drift = 0.0
        self._since = 0.0
        self._blocks: deque[tuple[float, float]] = deque(maxlen=BLOCKS)
        self._cycles = 0
        self._block_ends = -math.inf
        self._earliest = math.inf
        self._last_frame = 0

    def unwrapped(self, frame: int) -> int:
        """Return a frame number of 32 bits as one that never wraps."""
        ahead = (frame - self._last_frame + _WRAP // 2) % _WRAP - _WRAP // 2
        self._last_frame += ahead
        return self._last_frame

    def observe(self, frame: int, seconds: float) -> None:
        """Learn that a cycle which begins with ``frame`` was run at ``seconds``."""
        start = seconds - frame / self.rate
        error = start - self._start_at(seconds)
        if self._block_ends == -math.inf or error < -TOO_EARLY_SECONDS:
            self._begin(start, seconds)
        elif not self._blocks and error < 0.0:
            self._start += error
            self._earliest = 0.0
        self._earliest = min(self._earliest, start - self._start_at(seconds))
        self._cycles += 1
        if seconds >= self._block_ends and self._cycles >= BLOCK_CYCLES:
            self._end_block(seconds)

    def frame_at(self, seconds: float) -> float:
        """Return the frame, with its fraction, at a moment."""
        return (seconds - self._start_at(seconds)) * self.rate

    def seconds_at(self, frame: float) -> float:
        """Return the moment of a frame."""
        moment = frame / self.rate + self._start
        return frame / self.rate + self._start_at(moment)

    def _start_at(self, seconds: float) -> float:
        return self._start + self._drift * (seconds - self._since)

    def _begin(self, start: float, seconds: float) -> None:
        self._start, self._since = start, seconds
        self._drift = 0.0
        self._blocks.clear()
        self._begin_block(seconds)

    def _begin_block(self, seconds: float) -> None:
        self._block_ends = seconds + BLOCK_SECONDS
        self._earliest = math.inf
        self._cycles = 0

    def _end_block(self, seconds: float) -> None:
        if self._blocks and self._earliest > TOO_LATE_SECONDS:
            self._begin(self._start_at(seconds) + self._earliest, seconds)
            return
        start = self._start_at(seconds)
        self._blocks.append((seconds, start + self._earliest))
        self._start, self._since = start, seconds
        if len(self._blocks) == BLOCKS:
            self._drift += (self._slope() - self._drift) / BLOCKS
        error = min(start - self._start_at(moment) for moment, start in self._blocks)
        self._start += error if len(self._blocks) < FEW_BLOCKS else error * GAIN
        self._begin_block(seconds)

    def _slope(self) -> float:
        """Return the slope of the least-squares line through the blocks."""
        count = len(self._blocks)
        middle = sum(moment for moment, _ in self._blocks) / count
        level = sum(start for _, start in self._blocks) / count
        over = sum((moment - middle) * (start - level) for moment, start in self._blocks)
        return over / sum((moment - middle) ** 2 for moment, _ in self._blocks)
