"""Where a tick stands: in its beat, its bar and in seconds."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from musicrnn.models.score import Bar, bar_length

MAX_BEATS = 16
METRES = 2 * MAX_BEATS + 1


class Position(NamedTuple):
    """What the network sees of the metre.

    ``tick`` within the beat, ``beat`` within the bar (quarter notes, at most 15), and the bar's
    ``metre``: its length in beats, rounded up (1 to 16), plus 16 where the beat divides in three.
    """

    tick: int
    beat: int
    metre: int


def metre_class(numerator: int, denominator: int) -> int:
    """Return the number, 1 to 32, by which the network knows a metre."""
    beats = min(max(-(-numerator * 4 // denominator), 1), MAX_BEATS)
    compound = denominator >= 8 and numerator % 3 == 0 and numerator > 3
    return beats + MAX_BEATS * compound


def missing_in_front(bar: Bar, ticks_per_beat: int) -> int:
    """Return the ticks that a bar lacks in front.

    A first bar that is shorter than its metre is a pickup: its ticks count towards the bar line that follows.
    """
    full = bar_length(bar.numerator, bar.denominator, ticks_per_beat)
    return full - bar.length if bar.start == 0 and bar.length < full else 0


def position(tick_in_bar: int, bar: Bar, ticks_per_beat: int) -> Position:
    """Return the position of a tick of a bar."""
    beat, tick = divmod(tick_in_bar + missing_in_front(bar, ticks_per_beat), ticks_per_beat)
    return Position(tick, min(beat, MAX_BEATS - 1), metre_class(bar.numerator, bar.denominator))


def positions(bars: Sequence[Bar], ticks_per_beat: int) -> list[Position]:
    """Return the position of every tick of a piece."""
    return [position(tick, bar, ticks_per_beat) for bar in bars for tick in range(bar.length)]


def position_rows(bars: Sequence[Bar], ticks_per_beat: int) -> NDArray[np.uint8]:
    """Return :func:`positions` as rows, uint8[ticks, 3]."""
    lengths = np.array([bar.length for bar in bars])
    starts = np.array([bar.start for bar in bars])
    starts[0] -= missing_in_front(bars[0], ticks_per_beat)
    beat, tick = np.divmod(np.arange(bars[-1].end) - np.repeat(starts, lengths), ticks_per_beat)
    metres = np.array([metre_class(bar.numerator, bar.denominator) for bar in bars])
    rows = (tick, np.minimum(beat, MAX_BEATS - 1), np.repeat(metres, lengths))
    return np.stack(rows, axis=1).astype(np.uint8)


class TempoLine:
    """Ticks to seconds and back, along a line that bends only where the tempo changes.

    Every point is computed from the last bend, never from the point before, so nothing adds up.
    """

    def __init__(self, ticks_per_beat: int, bpm: float, tick: int = 0, seconds: float = 0.0) -> None:
        self.ticks_per_beat = ticks_per_beat
        self._ticks = [tick]
        self._seconds = [seconds]
        self._bpms = [bpm]

    def _tick_seconds(self, bpm: float) -> float:
        return 60.0 / (bpm * self.ticks_per_beat)

    def _segment(self, tick: float) -> int:
        return max(bisect_right(self._ticks, tick) - 1, 0)

    def seconds_at(self, tick: float) -> float:
        """Return the moment of a tick in seconds."""
        i = self._segment(tick)
        return self._seconds[i] + (tick - self._ticks[i]) * self._tick_seconds(self._bpms[i])

    def tick_at(self, seconds: float) -> float:
        """Return the tick, with its fraction, of a moment in seconds."""
        i = max(bisect_right(self._seconds, seconds) - 1, 0)
        return self._ticks[i] + (seconds - self._seconds[i]) / self._tick_seconds(self._bpms[i])

    def bend(self, tick: int, bpm: float) -> None:
        """Let ``bpm`` hold from ``tick`` on; what was set for later ticks is forgotten."""
        if bpm <= 0:
            raise ValueError(f"a tempo must be above 0 bpm, got {bpm}")
        seconds = self.seconds_at(tick)
        i = self._segment(tick) + (tick > self._ticks[0])
        del self._ticks[i:], self._seconds[i:], self._bpms[i:]
        self._ticks.append(tick)
        self._seconds.append(seconds)
        self._bpms.append(bpm)
