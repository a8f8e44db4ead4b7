"""The longest stretch of a piece that comes again in it, transposed or not."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from musicrnn.trainer.sheet import Ints, Sheet


def longest_repeat(sheet: Sheet) -> float:
    """Return the beats of the longest stretch that stands in two places, from its first onset to its last.

    The same notes of the same parts begin at the same distances in time; pitched notes may be transposed, hits not.
    The two places may overlap, as they do where one bar is repeated throughout. 0 where no two onsets come again.
    """
    ticks = sheet.onsets()
    if len(ticks) < 3:
        return 0.0
    shape, reference = _moments(sheet)
    step = _numbered(np.stack([shape[:-1], shape[1:], np.diff(ticks), np.diff(reference)], axis=1))
    best = 0
    for lag in range(1, len(step)):
        best = max(best, _longest_span(step[:-lag] == step[lag:], ticks))
    return best / sheet.ticks_per_beat


def _moments(sheet: Sheet) -> tuple[Ints, Ints]:
    """Return for each onset a number of what begins there, and the pitch that its pitched notes are named from."""
    order = np.lexsort((-sheet.pitch, sheet.part, sheet.percussive, sheet.start))
    start, hit = sheet.start[order], sheet.percussive[order]
    first = np.flatnonzero(np.append(True, start[1:] != start[:-1]))
    sizes = np.diff(np.append(first, len(start)))
    pitch = sheet.pitch[order]
    reference = _carried(np.where(hit[first], -1, pitch[first]))
    named = np.where(hit, pitch, pitch - np.repeat(reference, sizes) + 256)
    rows = np.stack([sheet.part[order], named], axis=1)
    shapes: dict[bytes, int] = {}
    numbers = [shapes.setdefault(row.tobytes(), len(shapes)) for row in np.split(rows, first[1:])]
    return np.array(numbers, np.int64), reference


def _carried(values: Ints) -> Ints:
    """Return the values with each -1 replaced by the last before it that is not, 0 where there is none."""
    last = np.maximum.accumulate(np.where(values >= 0, np.arange(len(values)), -1))
    carried: Ints = np.where(last >= 0, values[np.maximum(last, 0)], 0)
    return carried


def _numbered(rows: Ints) -> Ints:
    """Return a number for each row, the same for the same row."""
    numbers: Ints = np.unique(rows, axis=0, return_inverse=True)[1].reshape(-1)
    return numbers


def _longest_span(same: NDArray[np.bool_], ticks: Ints) -> int:
    """Return the ticks of the longest run of steps that are the same; step i leads from onset i to onset i + 1."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], same, [False])).astype(np.int8)))
    if not len(edges):
        return 0
    return int((ticks[edges[1::2]] - ticks[edges[::2]]).max())
