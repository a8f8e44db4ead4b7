"""Clocks that wander: each comes a period after the one before it, give or take, and none makes up for another.

A line through many of them lies beside the newest, and it is the newest that the next one follows.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FEWEST = 288
SPAN = 8
NEWEST, NEWER = 120, 240
GROWTH = 3.0
NEWEST_GROWTH = 2.0
PART_OF_WALK = 0.15
NOTICED_PART = 0.01
STRAYS = 1.0
SHORTEST = 24
TOLERANCE = 4.0
WILD = 2.5  # times the spread: distances that are off by more, in the mean of squares, are not those of the newest

Floats = NDArray[np.float64]


def wanders(seconds: Floats, jitter: float) -> bool:
    """Tell whether clocks wander; ``seconds`` are their moments, the newest first, of which none is missing.

    The errors of clocks that jitter around a line, or are rounded to periods, are the same however far apart they are;
    the squares of those that wander grow with the distance. Medians leave a tempo that jumped once alone, second
    differences one that changes evenly. The newest must wander as well: after several such changes the old seem to. So
    must those of a length between: where about half of some clocks are steady and the others jitter, most second
    differences of neighbours are of steady ones, and most of those over a distance are not.
    """
    if len(seconds) < FEWEST or jitter < NOTICED_PART * (seconds[0] - seconds[-1]) / (len(seconds) - 1):
        return False
    if not (_grows(seconds[:NEWEST], NEWEST_GROWTH) and _grows(seconds[:NEWER], GROWTH)):
        return False
    return _grows(seconds, GROWTH) and _goes_far(seconds) and _strays(seconds[:NEWEST])


def may_wander(seconds: Floats) -> bool:
    """Tell whether the newest clocks, none missing, leave it open that all wander, as far as they alone can tell."""
    newest = seconds[:NEWEST]
    return len(newest) < NEWEST or (_grows(newest, NEWEST_GROWTH) and _strays(newest))


def _grows(seconds: Floats, least: float) -> bool:
    """Tell whether the squares of the errors grow with the distance at least so many times."""
    return bool(_middle(seconds, SPAN) ** 2 > least * _middle(seconds, 1) ** 2)


def _middle(seconds: Floats, span: int) -> float:
    """Return how far the second differences between clocks so many apart are from their median, in the median."""
    bends = seconds[2 * span :] - 2 * seconds[span:-span] + seconds[: -2 * span]
    return float(np.median(np.abs(bends - np.median(bends))))


def _goes_far(seconds: Floats) -> bool:
    """Tell whether the errors of a quarter of all clocks add up as those of a walk do, and not to nothing."""
    lengths = seconds[:-1] - seconds[1:]
    numbers = np.arange(len(lengths)) - (len(lengths) - 1) / 2
    errors = lengths - lengths.mean()
    errors -= numbers * (numbers @ errors) / (numbers @ numbers)
    span = len(errors) // 4
    place = np.cumsum(errors)
    moved = place[span:] - place[:-span]
    return bool(moved @ moved / len(moved) > PART_OF_WALK * span * (errors @ errors) / len(errors))


def _strays(seconds: Floats) -> bool:
    """Tell whether clocks lie further from their own line than each from its place a period after the one before.

    Errors that add up do, by several times; those that jitter around a line lie at half of that, in squares, and come
    nowhere near: it is what was before them that makes such clocks seem to wander.
    """
    numbers = np.arange(len(seconds)) - (len(seconds) - 1) / 2
    errors = seconds - seconds.mean()
    errors -= numbers * (numbers @ errors) / (numbers @ numbers)
    steps = seconds[:-1] - seconds[1:]
    steps -= steps.mean()
    return bool(errors @ errors / len(errors) > STRAYS * (steps @ steps) / len(steps))


def period(numbers: Floats, seconds: Floats, jitter: float) -> float:
    """Return the mean distance of the newest clocks, of as many as go together; the newest is first.

    There are more than ``SHORTEST``, each with its number. Those before that were much further from even, or of which
    some are missing that were not counted, do not go with them, whatever their mean: it is off by chance.
    """
    spread = jitter * np.sqrt(3.0)  # of one distance, where second differences vary by the jitter times the root of 6
    found: list[tuple[int, float]] = []
    count = SHORTEST
    while count < len(seconds):
        mean = float((seconds[0] - seconds[count]) / (numbers[0] - numbers[count]))
        if any(abs(mean - other) > TOLERANCE * spread * np.sqrt(1 / fewer - 1 / count) for fewer, other in found):
            break
        if found and _are_wild(numbers[count // 2 : count + 1], seconds[count // 2 : count + 1], found[-1][1], spread):
            break
        found.append((count, mean))
        count *= 2
    return found[-1][1]


def _are_wild(numbers: Floats, seconds: Floats, mean: float, spread: float) -> bool:
    """Tell whether the distances of clocks are much further from a mean than by a spread."""
    errors = np.diff(seconds) - mean * np.diff(numbers)
    return bool(errors @ errors > (WILD * spread) ** 2 * len(errors))
