"""From moments of the monotonic clock to frames of an audio clock, steady to less than a frame.

An audio server wakes its clients late, never early, by some tens of microseconds that change with the load. So only
the earliest cycles count. Until the map is held, it lies on the earliest of all; from then on it stays where it is,
and a note's place depends on nothing but its moment. A held map runs at the audio clock's nominal rate, or at the
measured one where the two differ by more than chance explains. Where it is off by more than a slack that
nobody hears, it goes there by a frame a second: so where a server loses some frames, notes stay in their places
among its frames.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

SETTLING_CYCLES = 12
BLOCK_SECONDS = 1.0
BLOCK_CYCLES = 20
BLOCKS = 64
RECENT_BLOCKS = 16
FEWEST_BLOCKS = 6
SLACK_SECONDS = 80e-6
CHANCE_SECONDS = 100e-6
TOO_EARLY_SECONDS = 0.002
TOO_LATE_SECONDS = 0.010
LATE_CYCLES = 12
LATE_FOR_SECONDS = 0.1
_WRAP = 1 << 32


@dataclass(frozen=True, slots=True)
class Cycle:
    """A moment, and where frame 0 would be if the cycle that ran then had run at once."""

    seconds: float
    start: float


class FrameMap:
    """Learns at which moment frame 0 was, and how far the audio clock runs from its nominal rate.

    It begins anew where cycles come at moments that the audio clock cannot explain: frames were lost, or the
    machine has slept. One cycle that is too early shows it; that all are too late shows it after twelve, a tenth of a
    second at least: a load that delays cycles lets some through in time.
    """

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self._start = 0.0
        self._drift = 0.0
        self._since = 0.0
        self._stood = 0.0
        self._blocks: deque[Cycle] = deque(maxlen=BLOCKS)
        self._earliest: Cycle | None = None
        self._cycles = 0
        self._late: deque[Cycle] = deque(maxlen=LATE_CYCLES)  # those since the last one that was not too late
        self._late_since = math.inf
        self._settling = 0
        self._held = False
        self._block_ends = -math.inf
        self._last_frame = 0

    @property
    def settled(self) -> bool:
        """Whether enough cycles were seen for it to be held."""
        return self._block_ends > -math.inf and not self._settling

    def hold(self) -> None:
        """Let it stay where it is from now on: something is played by it."""
        self._held = True

    def unwrapped(self, frame: int) -> int:
        """Return a frame number of 32 bits as one that never wraps."""
        ahead = (frame - self._last_frame + _WRAP // 2) % _WRAP - _WRAP // 2
        self._last_frame += ahead
        return self._last_frame

    def observe(self, frame: int, seconds: float) -> None:
        """Learn that a cycle which begins with ``frame`` was run at ``seconds``."""
        cycle = Cycle(seconds, seconds - frame / self.rate)
        if self._block_ends == -math.inf or self._error(cycle) < -TOO_EARLY_SECONDS:
            self._begin(cycle)
        elif self._are_late(cycle):
            self._begin(Cycle(seconds, min(late.start for late in self._late)))
        elif self._free and self._error(cycle) < 0.0:
            self._stood += self._error(cycle)
            self._start += self._error(cycle)
        if self._earliest is None or self._error(cycle) < self._error(self._earliest):
            self._earliest = cycle
        self._settling -= self._settling > 0
        self._cycles += 1
        if seconds >= self._block_ends and self._cycles >= BLOCK_CYCLES:
            self._end_block(seconds, self._earliest)

    def frame_at(self, seconds: float) -> float:
        """Return the frame, with its fraction, at a moment."""
        return (seconds - self._start_at(seconds)) * self.rate

    def seconds_at(self, frame: float) -> float:
        """Return the moment of a frame."""
        moment = frame / self.rate + self._start
        return frame / self.rate + self._start_at(moment)

    def take_stood(self) -> float:
        """Return for how many seconds the audio clock has stood still since this was asked before.

        What was told of a frame until then was so much too early; less than nothing takes back what was said before.
        """
        stood, self._stood = self._stood, 0.0
        return stood

    @property
    def _free(self) -> bool:
        return self._settling > 0 or not self._held

    def _start_at(self, seconds: float) -> float:
        return self._start + self._drift * (seconds - self._since)

    def _error(self, cycle: Cycle) -> float:
        """Return how many seconds later than it should a cycle ran, by this map."""
        return cycle.start - self._start_at(cycle.seconds)

    def _are_late(self, cycle: Cycle) -> bool:
        """Take a cycle; tell whether it and those before it have been too late for so long that frames were lost."""
        if self._error(cycle) <= TOO_LATE_SECONDS:
            self._late.clear()
            return False
        if not self._late:
            self._late_since = cycle.seconds
        self._late.append(cycle)
        return len(self._late) == LATE_CYCLES and cycle.seconds - self._late_since >= LATE_FOR_SECONDS

    def _begin(self, cycle: Cycle) -> None:
        self._stood += self._error(cycle) if self._block_ends > -math.inf else 0.0
        self._start, self._since = cycle.start, cycle.seconds
        self._drift = 0.0
        self._late.clear()
        self._settling = SETTLING_CYCLES
        self._blocks.clear()
        self._begin_block(cycle.seconds)

    def _begin_block(self, seconds: float) -> None:
        self._block_ends = seconds + BLOCK_SECONDS
        self._earliest = None
        self._cycles = 0

    def _end_block(self, seconds: float, earliest: Cycle) -> None:
        self._blocks.append(earliest)
        here, slope = self._start_at(seconds), self._slope()
        recent = islice(self._blocks, max(0, len(self._blocks) - RECENT_BLOCKS), None)
        there = min(block.start + slope * (seconds - block.seconds) for block in recent)
        self._start, self._since = (there if self._free else here), seconds
        self._drift = slope + (0.0 if self._free else self._pull(there - here))
        self._begin_block(seconds)

    def _slope(self) -> float:
        """Return how fast the start moves, in seconds a second; 0 where that may as well be chance.

        It must show in both halves of what was seen: where a server lost some frames at once, it shows in one.
        """
        if len(self._blocks) < FEWEST_BLOCKS:
            return 0.0
        blocks, fifth = list(self._blocks), len(self._blocks) // 5
        parts = blocks[:fifth], blocks[2 * fifth : -2 * fifth], blocks[-fifth:]
        first, middle, last = (self._lowest(part) for part in parts)
        before, after = middle.start - first.start, last.start - middle.start
        if min(abs(before), abs(after)) < CHANCE_SECONDS or before * after < 0.0:
            return 0.0
        slopes = before / (middle.seconds - first.seconds), after / (last.seconds - middle.seconds)
        slope, other = sorted(slopes, key=abs)
        return slope if 2.0 * slope / other > 1.0 else 0.0

    def _lowest(self, blocks: Sequence[Cycle]) -> Cycle:
        return min(blocks, key=self._error)

    def _pull(self, error: float) -> float:
        """Return by how much to run faster or slower, in seconds a second, because the map is off."""
        beyond = max(abs(error) - SLACK_SECONDS, 0.0)
        return math.copysign(min(beyond / BLOCK_SECONDS, 1.0 / self.rate), error)
