"""Figures of one piece: rhythm, texture, pitch, melody and loudness, each as one number.

A figure that a piece cannot have (the mean interval of a part that is silent) is nan. The names are
what the card prints, so they say what is counted and in which unit.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from musicrnn.models.score import Score
from musicrnn.trainer.repeats import longest_repeat
from musicrnn.trainer.sheet import Ints, Sheet, sheet_of

Floats = NDArray[np.float64]

_MAJOR = (0, 2, 4, 5, 7, 9, 11)
_SCALES = np.array([[(pitch - tonic) % 12 in _MAJOR for pitch in range(12)] for tonic in range(12)])
_TRIADS = np.array(
    [[(pitch - root) % 12 in chord for pitch in range(12)] for root in range(12) for chord in ((0, 4, 7), (0, 3, 7))]
)


def figures_of(score: Score) -> dict[str, float]:
    """Return the figures of a piece by name, in the order in which a card prints them."""
    sheet = sheet_of(score)
    found = {name: float(figure(sheet)) for name, figure in _OF_ALL.items()}
    if not all(part.percussive for part in sheet.parts):
        pitched = sheet.pitched()
        found |= {name: float(figure(pitched)) for name, figure in _OF_PITCHED.items()}
    if any(part.percussive for part in sheet.parts):
        hits = sheet.only(sheet.percussive)
        found |= {name: float(figure(hits)) for name, figure in _OF_HITS.items()}
    if len(np.unique(sheet.velocity)) > 1:
        found |= {name: float(figure(sheet)) for name, figure in _OF_LOUDNESS.items()}
    return found


def part_figures_of(score: Score) -> dict[str, dict[str, float]]:
    """Return for each pitched part, by name, the figures of its own line."""
    sheet = sheet_of(score)
    return {
        part.name: {name: float(figure(sheet.of_part(index))) for name, figure in _OF_A_PART.items()}
        for index, part in enumerate(score.parts)
        if not part.percussive
    }


def mean(values: NDArray[np.generic]) -> float:
    """Return the mean; nan of nothing."""
    return float(np.mean(np.asarray(values, np.float64))) if len(values) else math.nan


def entropy(counts: NDArray[np.generic]) -> float:
    """Return the entropy in bits of what was counted; nan of nothing."""
    whole = np.asarray(counts, np.float64)
    if not whole.sum():
        return math.nan
    shares = whole[whole > 0] / whole.sum()
    return float(-(shares * np.log2(shares)).sum())


# ---- rhythm ----
def on_grid(step: float) -> Callable[[Sheet], float]:
    """Return the figure: share of onsets that stand on ``step`` of a beat, as :func:`class_of_tick` names it."""

    def share(sheet: Sheet) -> float:
        ticks = sheet.place[sheet.onsets(), 0]
        return mean(class_of_tick(ticks, sheet.ticks_per_beat) == step)

    return share


def class_of_tick(ticks: Ints, ticks_per_beat: int) -> Floats:
    """Return what ticks of a beat stand on: 1 the beat, 1/2 its half, 1/4 its quarters, 1/3 its thirds, 0 none."""
    quarters, thirds = ticks * 4 % ticks_per_beat == 0, ticks * 3 % ticks_per_beat == 0
    half = ticks * 2 % ticks_per_beat == 0
    return np.select([ticks == 0, half, quarters, thirds], [1.0, 0.5, 0.25, 1 / 3], 0.0)


def first_beats_struck(sheet: Sheet) -> float:
    """Return the share of whole bars in whose first tick a note begins."""
    heads = sheet.bar_starts[:-1]
    return mean(np.isin(heads, sheet.onsets()))


def beats_between_onsets(sheet: Sheet) -> float:
    """Return the mean gap from one onset to the next, in beats."""
    return mean(np.diff(sheet.onsets())) / sheet.ticks_per_beat


def onset_bars(sheet: Sheet) -> list[NDArray[np.bool_]]:
    """Return for each bar on which of its sixteenths a note begins."""
    step = sheet.ticks_per_beat / 4
    bars = []
    for first, end in pairwise(sheet.bar_starts.tolist()):
        row = np.zeros(max(round((end - first) / step), 1), bool)
        inside = sheet.start[(sheet.start >= first) & (sheet.start < end)] - first
        row[np.minimum(np.floor(inside / step + 0.5).astype(int), len(row) - 1)] = True
        bars.append(row)
    return bars


def groove_similarity(sheet: Sheet) -> float:
    """Return how alike the onsets of neighbouring bars are: 1 - mean Hamming distance on sixteenths.

    Source: Wu and Yang, The Jazz Transformer on the Front Line (2020), there over all pairs of bars.
    """
    bars = onset_bars(sheet)
    alike = [float(np.mean(a == b)) for a, b in pairwise(bars) if len(a) == len(b)]
    return mean(np.array(alike))


def bars_again(sheet: Sheet) -> float:
    """Return the share of bars, among those with notes, whose notes have stood in the same places of a bar before."""
    seen: set[bytes] = set()
    again: list[bool] = []
    edges = np.searchsorted(sheet.start, sheet.bar_starts)
    rows = np.stack([sheet.start, sheet.part, sheet.pitch, sheet.length], axis=1)
    for number, (first, end) in enumerate(pairwise(edges.tolist())):
        if first == end:
            continue
        bar = rows[first:end] - [sheet.bar_starts[number], 0, 0, 0]
        key = bar[np.lexsort(bar.T)].tobytes()
        again.append(key in seen)
        seen.add(key)
    return mean(np.array(again))


def rhythms_again(sheet: Sheet) -> float:
    """Return the share of bars, among those with notes, whose onsets have stood on the same sixteenths before."""
    seen: set[bytes] = set()
    again: list[bool] = []
    for bar in onset_bars(sheet):
        if bar.any():
            again.append(bar.tobytes() in seen)
            seen.add(bar.tobytes())
    return mean(np.array(again))


# ---- pitch ----
def pitch_classes(sheet: Sheet) -> Ints:
    """Return how many notes each of the twelve pitch classes has."""
    return np.bincount(sheet.pitch % 12, minlength=12)


def scale_consistency(sheet: Sheet) -> float:
    """Return the share of notes in the major scale (or the natural minor on its sixth) that holds most of them."""
    counts = pitch_classes(sheet)
    return float((_SCALES @ counts).max() / counts.sum()) if counts.sum() else math.nan


def tonic(sheet: Sheet) -> int:
    """Return the first pitch class of the major scale that holds most of the notes."""
    return int((_SCALES @ pitch_classes(sheet)).argmax())


def in_a_triad(sheet: Sheet) -> float:
    """Return the share of onsets at which all that sounds, of two pitch classes or more, is of one common triad."""
    onsets = sheet.onsets()
    if not len(onsets):
        return math.nan
    sounding = sheet.sounding()[onsets]
    classes = np.zeros((len(onsets), 12), bool)
    for pitch in range(128):
        classes[:, pitch % 12] |= sounding[:, pitch]
    chords = classes[classes.sum(axis=1) >= 2]
    if not len(chords):
        return math.nan
    outside = chords.astype(np.int64) @ (~_TRIADS).astype(np.int64).T
    return mean((outside == 0).any(axis=1))


def pitch_range(sheet: Sheet) -> float:
    """Return the semitones from the lowest to the highest note."""
    return float(np.ptp(sheet.pitch)) if len(sheet.pitch) else math.nan


# ---- melody and loudness ----
def intervals(sheet: Sheet) -> Ints:
    """Return the semitones from each note of the top voice to the next."""
    return np.diff(sheet.top_voice())


def accent(sheet: Sheet) -> float:
    """Return how much louder notes on a beat are than the others, in MIDI velocity."""
    on_beat = sheet.place[sheet.start, 0] == 0
    return mean(sheet.velocity[on_beat]) - mean(sheet.velocity[~on_beat])


_OF_ALL: dict[str, Callable[[Sheet], float]] = {
    "onsets on a beat": on_grid(1.0),
    "onsets on the half of a beat": on_grid(0.5),
    "onsets on other sixteenths": on_grid(0.25),
    "onsets on thirds of a beat": on_grid(1 / 3),
    "onsets elsewhere": on_grid(0.0),
    "bars struck on their first beat": first_beats_struck,
    "groove similarity": groove_similarity,
    "bars like an earlier bar": bars_again,
    "rhythms like an earlier bar's": rhythms_again,
    "longest repeat in beats": longest_repeat,
    "onsets a beat": lambda sheet: len(sheet.onsets()) / sheet.beats,
    "notes a beat": lambda sheet: len(sheet.start) / sheet.beats,
    "notes an onset": lambda sheet: len(sheet.start) / len(sheet.onsets()) if len(sheet.start) else math.nan,
    "beats between onsets": beats_between_onsets,
}
_OF_PITCHED: dict[str, Callable[[Sheet], float]] = {
    "length of a note in beats": lambda sheet: mean(sheet.length) / sheet.ticks_per_beat,
    "notes sounding at once": lambda sheet: mean(sheet.voices()[sheet.voices() > 0]),
    "share of silence": lambda sheet: mean(sheet.voices() == 0),
    "pitch-class entropy in bits": lambda sheet: entropy(pitch_classes(sheet)),
    "pitch entropy in bits": lambda sheet: entropy(np.bincount(sheet.pitch, minlength=1)),
    "scale consistency": scale_consistency,
    "onsets within a triad": in_a_triad,
    "pitch range in semitones": pitch_range,
    "mean pitch": lambda sheet: mean(sheet.pitch),
    "top-voice interval in semitones": lambda sheet: mean(np.abs(intervals(sheet))),
}
_OF_HITS: dict[str, Callable[[Sheet], float]] = {
    "drums in use": lambda sheet: float(len(np.unique(sheet.pitch))),
    "drum entropy in bits": lambda sheet: entropy(np.bincount(sheet.pitch, minlength=1)),
}
_OF_LOUDNESS: dict[str, Callable[[Sheet], float]] = {
    "mean velocity": lambda sheet: mean(sheet.velocity),
    "spread of velocity (sd)": lambda sheet: float(np.std(sheet.velocity)) if len(sheet.velocity) else math.nan,
    "accent of the beat in velocity": accent,
}
_OF_A_PART: dict[str, Callable[[Sheet], float]] = {
    "mean pitch": lambda sheet: mean(sheet.pitch),
    "notes a beat": lambda sheet: len(sheet.start) / sheet.beats,
    "length of a note in beats": lambda sheet: mean(sheet.length) / sheet.ticks_per_beat,
    "share of silence": lambda sheet: mean(sheet.voices() == 0),
    "top voice: mean interval in semitones": lambda sheet: mean(np.abs(intervals(sheet))),
    "top voice: repeated notes": lambda sheet: mean(intervals(sheet) == 0),
    "top voice: steps (1 or 2 semitones)": lambda sheet: mean(np.isin(np.abs(intervals(sheet)), (1, 2))),
    "top voice: leaps (over 7 semitones)": lambda sheet: mean(np.abs(intervals(sheet)) > 7),
}
