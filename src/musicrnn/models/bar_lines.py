"""Bars on a grid of ticks from time signatures in a finer time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from musicrnn.models.score import Bar

Metre = tuple[int, int, int]
COMMON_TIME = (4, 4)


def nearest(position: int, ticks_per_beat: int, grid: int) -> int:
    """Return the grid tick nearest to a position in file ticks; a half goes up."""
    return (2 * position * grid + ticks_per_beat) // (2 * ticks_per_beat)


def bars_until(end: int, metres: Sequence[Metre], ticks_per_beat: int, grid: int) -> tuple[Bar, ...]:
    """Return the bars on the grid from 0 to the end of the bar in which grid tick ``end`` - 1 lies.

    ``metres`` are (file tick, numerator, denominator), sorted; 4/4 stands before the first. A change
    inside a bar cuts that bar short, also one after the last note.
    """
    bars: list[Bar] = []
    for start, stop, numerator, denominator in _spans(metres):
        for head, tail in _bar_lines(start, stop, Fraction(numerator * 4 * ticks_per_beat, denominator)):
            first, last = _on_grid(head, ticks_per_beat, grid), _on_grid(tail, ticks_per_beat, grid)
            if first >= end and bars:
                return tuple(bars)
            if last > first:
                bars.append(Bar(first, last - first, numerator, denominator))
    return tuple(bars)


def _on_grid(position: Fraction, ticks_per_beat: int, grid: int) -> int:
    return int((2 * position * grid + ticks_per_beat) // (2 * ticks_per_beat))


def _spans(metres: Sequence[Metre]) -> Iterator[tuple[int, int | None, int, int]]:
    """Yield each metre with the file ticks from which and to which it holds (None: for ever)."""
    starts = list(metres) if metres and metres[0][0] <= 0 else [(0, *COMMON_TIME), *metres]
    for (start, numerator, denominator), following in zip(starts, [*starts[1:], None], strict=True):
        yield start, following[0] if following else None, numerator, denominator


def _bar_lines(start: int, stop: int | None, size: Fraction) -> Iterator[tuple[Fraction, Fraction]]:
    head = Fraction(start)
    while stop is None or head < stop:
        tail = head + size if stop is None else min(head + size, Fraction(stop))
        yield head, tail
        head = tail
