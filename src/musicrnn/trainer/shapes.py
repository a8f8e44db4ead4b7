"""Histograms of one piece, and how much two histograms overlap."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from musicrnn.models.score import Score
from musicrnn.trainer.figures import Floats, intervals, pitch_classes, tonic
from musicrnn.trainer.sheet import Ints, Sheet, sheet_of

SIXTEENTHS = 24
LENGTHS = (1 / 6, 1 / 4, 1 / 3, 1 / 2, 3 / 4, 1, 3 / 2, 2, 3, 4)
FARTHEST = 13
VELOCITIES = 16
LEAST_SPREAD = 1e-9
FLAT = 1e-3


def shapes_of(score: Score) -> dict[str, Floats]:
    """Return the histograms of a piece by name, each of counts."""
    sheet = sheet_of(score)
    counted: dict[str, NDArray[np.generic]] = {name: shape(sheet) for name, shape in _OF_ALL.items()}
    if not all(part.percussive for part in sheet.parts):
        pitched = sheet.pitched()
        counted |= {name: shape(pitched) for name, shape in _OF_PITCHED.items()}
    for index, part in enumerate(sheet.parts):
        if not part.percussive:
            counted[f"{part.name}: intervals of the top voice"] = interval_counts(sheet.of_part(index))
    if any(part.percussive for part in sheet.parts):
        counted["drums struck"] = np.bincount(sheet.only(sheet.percussive).pitch, minlength=128)
    if len(np.unique(sheet.velocity)) > 1:
        counted["velocities"] = np.bincount((sheet.velocity - 1) * VELOCITIES // 127, minlength=VELOCITIES)
    return {name: np.asarray(counts, np.float64) for name, counts in counted.items()}


def places_in_bar(sheet: Sheet) -> Ints:
    """Count the onsets on each sixteenth of a bar, to the sixth beat."""
    place = sheet.place[sheet.onsets()]
    sixteenth = place[:, 1] * 4 + place[:, 0] * 4 // sheet.ticks_per_beat
    return np.bincount(sixteenth[sixteenth < SIXTEENTHS], minlength=SIXTEENTHS)


def places_in_beat(sheet: Sheet) -> Ints:
    """Count the onsets on each tick of a beat."""
    return np.bincount(sheet.place[sheet.onsets(), 0], minlength=sheet.ticks_per_beat)


def durations(ticks: Ints, ticks_per_beat: int) -> Ints:
    """Count durations in classes from a sixth of a beat and less to more than four beats."""
    edges = np.array(LENGTHS) * ticks_per_beat + 1e-6
    return np.bincount(np.searchsorted(edges, ticks), minlength=len(LENGTHS) + 1)


def interval_counts(sheet: Sheet) -> Ints:
    """Count the intervals of the top voice, from an octave and more down to an octave and more up."""
    moves = np.clip(intervals(sheet), -FARTHEST, FARTHEST) + FARTHEST
    return np.bincount(moves, minlength=2 * FARTHEST + 1)


def above_the_bass(sheet: Sheet) -> Ints:
    """Count, over the onsets, the intervals modulo an octave of what sounds above the lowest note."""
    sounding = sheet.sounding()[sheet.onsets()]
    lowest = sounding.argmax(axis=1)
    rows, pitches = np.nonzero(sounding)
    above = pitches - lowest[rows]
    return np.bincount(above[above > 0] % 12, minlength=12)


_OF_ALL: dict[str, Callable[[Sheet], Ints]] = {
    "place of onsets in the bar": places_in_bar,
    "place of onsets in the beat": places_in_beat,
    "beats between onsets": lambda sheet: durations(np.diff(sheet.onsets()), sheet.ticks_per_beat),
    "notes an onset": lambda sheet: np.bincount(np.unique(sheet.start, return_counts=True)[1], minlength=17)[:17],
}
_OF_PITCHED: dict[str, Callable[[Sheet], Ints]] = {
    "lengths of notes": lambda sheet: durations(sheet.length, sheet.ticks_per_beat),
    "notes sounding at once": lambda sheet: np.bincount(sheet.voices(), minlength=17)[:17],
    "pitch classes": pitch_classes,
    "degrees of the scale": lambda sheet: np.roll(pitch_classes(sheet), -tonic(sheet)),
    "pitches": lambda sheet: np.bincount(sheet.pitch, minlength=128),
    "intervals above the bass": above_the_bass,
}


def shares(counts: Iterable[Floats]) -> Floats:
    """Return the mean of one histogram or more, each first made to sum to 1; all zeros where none counted anything."""
    rows = list(counts)
    parts = [row / row.sum() for row in rows if row.sum()]
    return np.mean(parts, axis=0) if parts else np.zeros(len(rows[0]))


def overlap(a: Floats, b: Floats) -> float:
    """Return the area that two histograms of sum 1 share, 0 to 1."""
    return float(np.minimum(a, b).sum())


def density_overlap(a: Floats, b: Floats) -> float:
    """Return the area that the densities of two samples share, 0 to 1; nan where a sample has no two values.

    Densities are Gaussian kernel estimates with Scott's bandwidth. Source: Yang and Lerch, On the
    evaluation of generative models in music (2018).
    """
    a, b = _numbers(a), _numbers(b)
    if min(len(a), len(b)) < 2:
        return float("nan")
    if _spread(a, b) < LEAST_SPREAD:
        return float(_alike(a, b))
    first, second, at = densities(a, b)
    return float(np.minimum(first, second).sum() * (at[1] - at[0]))


def density_divergence(real: Floats, made: Floats) -> float:
    """Return the Kullback-Leibler divergence of the density of ``made`` from that of ``real``, in nats.

    Densities are those of :func:`density_overlap`, each mixed with a thousandth of a flat one, so that the
    divergence is finite: it is about ln 1000 and more where nothing is shared. nan where a sample has no
    two values, or where both are constants that differ.
    """
    real, made = _numbers(real), _numbers(made)
    if min(len(real), len(made)) < 2:
        return float("nan")
    if _spread(real, made) < LEAST_SPREAD:
        return 0.0 if _alike(real, made) else float("nan")
    p, q = (_floored(density) for density in densities(real, made)[:2])
    return float((p * np.log(p / q)).sum())


def _numbers(values: Floats) -> Floats:
    return values[np.isfinite(values)]


def _spread(a: Floats, b: Floats) -> float:
    return max(float(np.std(a)), float(np.std(b)))


def _alike(a: Floats, b: Floats) -> bool:
    return abs(float(a.mean()) - float(b.mean())) < LEAST_SPREAD


def _floored(density: Floats) -> Floats:
    """Return a density as shares of sum 1, mixed with a flat one."""
    floored: Floats = (1 - FLAT) * density / density.sum() + FLAT / len(density)
    return floored


def densities(a: Floats, b: Floats) -> tuple[Floats, Floats, Floats]:
    """Return the densities of two samples at common points, and these points; the samples must not be constant.

    No kernel is narrower than the points are apart, so that each is seen.
    """
    spread = _spread(a, b)
    low, high = min(a.min(), b.min()) - 3 * spread, max(a.max(), b.max()) + 3 * spread
    at = np.linspace(low, high, 1024)
    least = max(0.02 * spread, float(at[1] - at[0]))
    return _density(a, at, least), _density(b, at, least), at


def _density(values: Floats, at: Floats, least: float) -> Floats:
    width = max(float(np.std(values, ddof=1)) * len(values) ** -0.2, least)
    distance = (at[:, None] - values[None, :]) / width
    result: Floats = np.exp(-0.5 * distance**2).mean(axis=1) / (width * np.sqrt(2 * np.pi))
    return result
