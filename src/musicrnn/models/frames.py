"""Frames: what sounds in each tick of a score."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from musicrnn.models.score import Bar, Note, Score, Tempo
from musicrnn.models.vocabulary import Vocabulary

DEFAULT_VELOCITY = 80


class Sounding(NamedTuple):
    """One note in one tick: attacked or held; ``bin`` is an attack's velocity bin, -1 where there is none."""

    part: int
    pitch: int
    attack: bool = True
    bin: int = -1


Frame = tuple[Sounding, ...]


@dataclass(frozen=True, slots=True)
class Fit:
    """How many notes of a score the vocabulary could not name."""

    out_of_range: int = 0
    over_polyphony: int = 0


def canonical(notes: Iterable[Sounding]) -> Frame:
    """Return the notes as a frame: parts in their order, pitch falling."""
    return tuple(sorted(notes, key=lambda note: (note.part, -note.pitch)))


def carried(frame: Frame, vocabulary: Vocabulary) -> frozenset[tuple[int, int]]:
    """Return the (part, pitch) pairs of a frame that the next frame can hold: all but the hits."""
    parts = vocabulary.parts
    return frozenset((note.part, note.pitch) for note in frame if not parts[note.part].percussive)


def frames_of(score: Score, vocabulary: Vocabulary) -> tuple[list[Frame], Fit]:
    """Return the frames of a score, one a tick, and what did not fit.

    The score's parts must be the vocabulary's, and so must its grid. Where more notes are attacked
    than the polyphony allows, the outer ones are kept.
    """
    check_grid(score, vocabulary)
    kept, fit = fitting(score, vocabulary)
    ticks: list[list[Sounding]] = [[] for _ in range(score.length)]
    for note in kept:
        bin_ = vocabulary.bin_of(note.velocity) if vocabulary.velocity_bins else -1
        ticks[note.start].append(Sounding(note.part, note.pitch, True, bin_))
        if vocabulary.parts[note.part].percussive:
            continue
        rest = Sounding(note.part, note.pitch, not vocabulary.articulation)
        for tick in range(note.start + 1, note.end):
            ticks[tick].append(rest)
    return [canonical(notes) for notes in ticks], fit


def check_grid(score: Score, vocabulary: Vocabulary) -> None:
    """Raise ValueError where a score is not on the grid of the vocabulary."""
    if score.ticks_per_beat != vocabulary.ticks_per_beat:
        raise ValueError(f"the grid must be {vocabulary.ticks_per_beat} ticks a beat, got {score.ticks_per_beat}")


def fitting(score: Score, vocabulary: Vocabulary) -> tuple[list[Note], Fit]:
    """Return the notes that range and polyphony allow, in order of their starts, and what did not fit."""
    kept: list[Note] = []
    open_notes: list[Note] = []
    out_of_range = over_polyphony = 0
    for group in _by_start(score.notes):
        start = group[0].start
        open_notes = [note for note in open_notes if note.end > start and not vocabulary.parts[note.part].percussive]
        for note in _outer_first(group):
            if not vocabulary.has(note.part, note.pitch):
                out_of_range += 1
                continue
            in_part = sum(other.part == note.part for other in open_notes)
            if len(open_notes) >= vocabulary.max_polyphony or in_part >= vocabulary.parts[note.part].polyphony:
                over_polyphony += 1
                continue
            open_notes.append(note)
            kept.append(note)
    return kept, Fit(out_of_range, over_polyphony)


def _by_start(notes: Sequence[Note]) -> Iterable[list[Note]]:
    group: list[Note] = []
    for note in notes:
        if group and note.start != group[0].start:
            yield group
            group = []
        group.append(note)
    if group:
        yield group


def _outer_first(group: list[Note]) -> list[Note]:
    """Order the attacks of one tick: the highest, the lowest, then the rest from above."""
    falling = sorted(group, key=lambda note: -note.pitch)
    return falling if len(falling) < 3 else [falling[0], falling[-1], *falling[1:-1]]


def score_of(
    frames: Sequence[Frame],
    vocabulary: Vocabulary,
    bars: tuple[Bar, ...],
    tempos: tuple[Tempo, ...] = (Tempo(0, 120.0),),
    velocity: int = DEFAULT_VELOCITY,
) -> Score:
    """Return the score that frames describe; ``velocity`` is that of notes that name none.

    Raises ValueError for a hold of what does not sound, and for frames beyond the last bar.
    """
    notes: list[Note] = []
    sounding: dict[tuple[int, int], tuple[int, int]] = {}
    for tick, frame in enumerate(frames):
        now: dict[tuple[int, int], tuple[int, int]] = {}
        for note in frame:
            key = (note.part, note.pitch)
            if not note.attack and key not in sounding:
                raise ValueError(f"tick {tick} must hold only what sounds, got {note}")
            if key in sounding and (not note.attack or not vocabulary.articulation):
                now[key] = sounding.pop(key)
                continue
            loud = vocabulary.velocity_of(note.bin) if note.bin >= 0 else velocity
            if vocabulary.parts[note.part].percussive:
                notes.append(Note(tick, note.part, note.pitch, 1, loud))
            else:
                now[key] = (tick, loud)
        _close(sounding, tick, notes)
        sounding = now
    _close(sounding, len(frames), notes)
    return Score(vocabulary.ticks_per_beat, vocabulary.parts, tuple(sorted(notes)), bars, tempos)


def _close(sounding: dict[tuple[int, int], tuple[int, int]], tick: int, notes: list[Note]) -> None:
    for (part, pitch), (start, loud) in sounding.items():
        notes.append(Note(start, part, pitch, tick - start, loud))
