"""Bars from time signatures, and time signatures from bars; all in ticks of the grid.

Bars of one metre lie at ``start + k * size``, each line at its nearest tick, so that a metre whose bar is
no whole number of ticks (5/32 on a grid of 4) does not drift. A time signature always begins a bar: inside a bar
it cuts that bar short, which is how MIDI files tell of pickups and of cut bars.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from musicrnn.models.score import Bar, bar_at

Metre = tuple[int, int, int]
BarRows = npt.NDArray[np.int64]
COMMON_TIME = (4, 4)


def nearest(position: int, ticks_per_beat: int, grid: int) -> int:
    """Return the grid tick nearest to a position in file ticks; a half goes up."""
    return (2 * position * grid + ticks_per_beat) // (2 * ticks_per_beat)


def bar_rows(end: int, metres: Sequence[Metre], grid: int) -> BarRows:
    """Return :func:`bars_until`'s bars as rows (start, length, numerator, denominator), int64[n, 4]."""
    rows: list[BarRows] = []
    for start, stop, numerator, denominator in _spans(metres):
        if rows and start >= end:
            break
        limit = max(end, start + 1)
        lines = _lines_until(limit if stop is None else min(limit, stop), start, _length(numerator, denominator, grid))
        if stop is not None:
            lines[-1] = min(lines[-1], stop)
        metre = np.broadcast_to((numerator, denominator), (len(lines) - 1, 2))
        rows.append(np.column_stack((lines[:-1], np.diff(lines), metre)))
    return np.concatenate(rows)


def bars_of(rows: BarRows) -> tuple[Bar, ...]:
    """Return the bars of rows (start, length, numerator, denominator)."""
    return tuple(bar_at(*row) for row in rows.tolist())


def bars_until(end: int, metres: Sequence[Metre], grid: int) -> tuple[Bar, ...]:
    """Return the bars from 0 to the end of the bar in which tick ``end`` - 1 lies, one bar at least.

    ``metres`` are (tick, numerator, denominator) in any order; of those of one tick the last holds, and
    4/4 stands before the first.
    """
    return bars_of(bar_rows(end, metres, grid))


def first_length(numerator: int, denominator: int, grid: int) -> int:
    """Return how many ticks the first bar of a metre holds."""
    _, end = next(_bar_lines(0, None, _length(numerator, denominator, grid)))
    return end


def metres_of(bars: Sequence[Bar], grid: int) -> list[Metre]:
    """Return time signatures from which :func:`bars_until` makes these bars again, as few as need be.

    One stands at the end of a last bar that is cut short. A bar longer than its metre cannot be told: it
    comes back as several.
    """
    metres: list[Metre] = []
    first = 0
    while first < len(bars):
        metres.append((bars[first].start, bars[first].numerator, bars[first].denominator))
        first = max(_next_sign(bars, first, grid), first + 1)
    if bars and _is_cut(bars, metres[-1][0], grid):
        metres.append((bars[-1].end, bars[-1].numerator, bars[-1].denominator))
    return metres


def _next_sign(bars: Sequence[Bar], first: int, grid: int) -> int:
    """Return at which bar the next time signature must stand after one at ``first``.

    It is the first bar that the present one does not make, or an earlier one if only from there bars go on: where bars
    are no whole ticks, the tick in which they began decides which of them are the longer ones.
    """
    end = _reach(bars, first, grid)
    if end == len(bars) or _reach(bars, end, grid) > end:
        return end
    return next((earlier for earlier in range(end - 1, first, -1) if _reach(bars, earlier, grid) > end), end)


def _reach(bars: Sequence[Bar], first: int, grid: int) -> int:
    """Return the first bar that a time signature at bar ``first`` does not make; the last it makes may be cut short."""
    metre = (bars[first].numerator, bars[first].denominator)
    lines = _bar_lines(bars[first].start, None, _size(bars[first], grid))
    for index in range(first, len(bars)):
        bar = bars[index]
        start, end = next(lines)
        if (bar.numerator, bar.denominator) != metre or bar.start != start or bar.end > end:
            return index
        if bar.end < end:
            return index + 1
    return len(bars)


def _is_cut(bars: Sequence[Bar], anchor: int, grid: int) -> bool:
    """Tell whether the last bar ends before the line at which a time signature at ``anchor`` ends it."""
    lines = _bar_lines(anchor, None, _size(bars[-1], grid))
    return next(end for _, end in lines if end >= bars[-1].end) > bars[-1].end


def _size(bar: Bar, grid: int) -> Fraction:
    return _length(bar.numerator, bar.denominator, grid)


def _length(numerator: int, denominator: int, grid: int) -> Fraction:
    """Return how many ticks a bar of a metre has, which may be no whole number."""
    return Fraction(numerator * 4 * grid, denominator)


def _spans(metres: Sequence[Metre]) -> Iterator[tuple[int, int | None, int, int]]:
    """Yield each metre with the ticks from which and to which it holds (None: for ever)."""
    by_tick = {0: COMMON_TIME} | {max(tick, 0): (numerator, denominator) for tick, numerator, denominator in metres}
    starts = sorted(by_tick)
    for start, stop in zip(starts, [*starts[1:], None], strict=True):
        yield start, stop, *by_tick[start]


def _lines_until(end: int, start: int, size: Fraction) -> BarRows:
    """Return the lines of :func:`_bar_lines` up to the first at tick ``end`` or later."""
    count = -(-(end - start + 1) * size.denominator // size.numerator)  # the last may be rounded down by half a tick
    lines = np.arange(count + 1) * size.numerator * 2 + size.denominator
    lines = np.unique(start + lines // (2 * size.denominator))
    return lines[: np.searchsorted(lines, end) + 1]


def _bar_lines(start: int, stop: int | None, size: Fraction) -> Iterator[tuple[int, int]]:
    """Yield the first tick of each bar and of the one after it; bars too short for a tick of their own are left out."""
    ahead, below = 2 * size.numerator, 2 * size.denominator
    doubled, first = start * below + size.denominator, start  # the next line and a half, in parts of a tick
    while stop is None or first < stop:
        doubled += ahead
        last = doubled // below
        last = last if stop is None else min(last, stop)
        if last > first:
            yield first, last
        first = last
