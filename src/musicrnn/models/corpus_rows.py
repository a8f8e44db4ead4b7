"""One row a piece: what a person wants to know before training on it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from musicrnn.models.corpus import Corpus, CorpusPiece
from musicrnn.models.grid_piece import Moved, note_rows
from musicrnn.models.parts import Assigned, most_at_once
from musicrnn.models.score import Score, Tempo

MOST_TRACKS = 16  # named of several pieces together


@dataclass(frozen=True, slots=True)
class Row:
    """A file as ``musicrnn check`` tells of it; ``left_out`` says what a training would not get, and why.

    ``notes_left_out`` are the notes among that which are not there at all, the others are changed.
    """

    file: str
    usable: bool
    parts: dict[str, int] = field(default_factory=dict)
    notes: int = 0
    bars: int = 0
    seconds: float = 0.0
    tempo: tuple[float, float] = (0.0, 0.0)
    metres: tuple[str, ...] = ()
    range: tuple[int, int] = (0, 0)
    polyphony: int = 0
    off_grid: float = 0.0
    mean_beats: float = 0.0
    worst_beats: float = 0.0
    mean_ms: float = 0.0
    worst_ms: float = 0.0
    left_out: tuple[str, ...] = ()
    notes_left_out: int = 0
    warnings: tuple[str, ...] = ()


def rows_of(corpus: Corpus) -> list[Row]:
    """Return a row for each piece, left-out file and duplicate, sorted by name."""
    rows = [_row(piece) for piece in corpus.pieces]
    rows += [
        Row(left.name, usable=False, left_out=(_without_name(left.reason, left.name),)) for left in corpus.left_out
    ]
    rows += [Row(name, usable=True, left_out=(f"the same as {first}",)) for name, first in corpus.duplicates]
    return sorted(rows, key=lambda row: row.file)


def _without_name(reason: str, name: str) -> str:
    return reason.removeprefix(f"{name}: ")


def _row(piece: CorpusPiece) -> Row:
    score, grid = piece.score, piece.grid_piece
    moved, assigned = grid.moved, piece.assigned
    pitches = [note.pitch for note in score.notes if not score.parts[note.part].percussive] or [0]
    counts = Counter(note.part for note in score.notes)
    tempos = [tempo.bpm for tempo in score.tempos]
    return Row(
        piece.name,
        usable=True,
        parts={part.name: counts[index] for index, part in enumerate(score.parts) if counts[index]},
        notes=len(score.notes),
        bars=len(score.bars),
        seconds=round(seconds_of(score), 1),
        tempo=(min(tempos), max(tempos)),
        metres=tuple(dict.fromkeys(f"{bar.numerator}/{bar.denominator}" for bar in score.bars)),
        range=(min(pitches), max(pitches)),
        polyphony=most_at_once(note_rows([(n.start, n.length, n.pitch, n.velocity) for n in score.notes])),
        off_grid=round(moved.off_grid, 4),
        mean_beats=round(moved.mean_beats, 5),
        worst_beats=round(moved.worst_beats, 5),
        mean_ms=round(moved.mean_ms, 2),
        worst_ms=round(moved.worst_ms, 2),
        left_out=left_out((moved, assigned)),
        notes_left_out=assigned.notes_left_out + assigned.out_of_range + assigned.unisons,
        warnings=grid.warnings,
    )


def seconds_of(score: Score) -> float:
    """Return how long a score lasts in seconds."""
    total = 0.0
    for tempo, following in zip(score.tempos, [*score.tempos[1:], Tempo(score.length, 120.0)], strict=True):
        ticks = max(min(following.tick, score.length) - tempo.tick, 0)
        total += ticks / score.ticks_per_beat * 60 / tempo.bpm
    return total


def left_out(*pieces: tuple[Moved, Assigned]) -> tuple[str, ...]:
    """Say in words what was merged, shortened or left out of pieces, of all that are given together."""
    moved, assigned = [one for one, _ in pieces], [one for _, one in pieces]
    tracks = list(dict.fromkeys(track for one in assigned for track in one.tracks_left_out))
    is_cut = len(pieces) > 1 and len(tracks) > MOST_TRACKS
    named = ", ".join([*tracks[:MOST_TRACKS], "..."] if is_cut else tracks)
    told = (
        (sum(one.notes_left_out for one in assigned), f"notes of tracks that no part takes ({named})"),
        (sum(one.out_of_range for one in assigned), "notes outside their part's range"),
        (sum(one.unisons for one in assigned), "notes struck together with another of the same part and pitch"),
        (sum(one.cut_short for one in assigned), "notes shortened, their pitch being struck again"),
        (sum(one.lengthened for one in moved), "notes lengthened to one tick"),
        (sum(one.hanging for one in moved), "notes never released, ended by the next of their pitch or their track"),
        (sum(one.other_program for one in moved), "notes under another program than most of their track"),
        (sum(one.silent_bars_cut for one in moved), "bars of a long silence"),
    )
    return tuple(f"{count} {words}" for count, words in told if count)
