"""How much of a piece is copied from the pieces that a model learnt from.

A piece is a row of moments, one for each tick in which notes begin. A run is copied where moments
follow each other in the same distances with the same notes in the same parts; lengths of notes are
not asked for, so that the same notes played shorter are a copy all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from musicrnn.models.score import Part, Score
from musicrnn.trainer.longest_match import Matches, longest_matches

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
LONG_BARS = 8.0

Moment = tuple[int, tuple[tuple[int, int, int], ...]]
Symbol = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Run:
    """The longest copied run of a piece.

    ``notes`` begin in it, within ``bars`` bars from its first moment to the end of its last notes (or to
    the next moment, if that comes first), where a rest or held note of more than a bar counts as one; it
    stands at tick ``tick``, and in source number ``source`` at tick ``source_tick`` (-1 for no run at all).
    """

    notes: int = 0
    moments: int = 0
    bars: float = 0.0
    tick: int = -1
    source: int = -1
    source_tick: int = -1


@dataclass(frozen=True, slots=True)
class Copied:
    """What of some pieces is copied in one sense: for each the run of most notes, and the one of most bars."""

    sense: str
    by_notes: tuple[Run, ...]
    by_bars: tuple[Run, ...]

    @property
    def long(self) -> int:
        """Number of pieces with a copied run of eight bars or more."""
        return sum(run.bars >= LONG_BARS for run in self.by_bars)

    def part(self, first: int, end: int | None) -> Copied:
        """Return the same of some of the pieces."""
        return Copied(self.sense, self.by_notes[first:end], self.by_bars[first:end])


class _Sense(NamedTuple):
    """One sense of "the same": of one part or (None) of all, and what two moments have in common.

    ``symbols`` gives a symbol for each moment and one for each step from a moment to the next.
    """

    name: str
    part: int | None
    symbols: Callable[[Sequence[Moment], Sequence[Part]], tuple[list[Symbol], list[Symbol]]]


def copied(pieces: Sequence[Score], sources: Sequence[Score], most: int | None = None) -> list[Copied]:
    """Return what of the pieces is copied from the sources, in each sense that their parts allow.

    All must have the same parts and grid; ``most`` stops after so many senses.
    """
    everything = [*sources, *pieces]
    if not pieces or not sources:
        return []
    return [_in_sense(sense, everything, len(sources)) for sense in _senses(everything)[:most]]


def _senses(scores: Sequence[Score]) -> list[_Sense]:
    parts = scores[0].parts
    loud = any(len({note.velocity for note in score.notes}) > 1 for score in scores)
    senses = [_Sense("the same notes", None, _exact)]
    if loud:
        senses.append(_Sense("the same notes, as loud", None, _exact_and_loud))
    if not all(part.percussive for part in parts):
        senses.append(_Sense("the same notes, transposed or not", None, _transposed))
    if len(parts) > 1:
        senses += [
            _Sense(f"{part.name} alone, transposed or not", index, _transposed)
            for index, part in enumerate(parts)
            if not part.percussive
        ]
    return senses


def _alone(score: Score, part: int | None) -> Score:
    """Return a score with the notes of one part, or as it is for None."""
    return score if part is None else replace(score, notes=tuple(note for note in score.notes if note.part == part))


def moments_of(score: Score) -> list[Moment]:
    """Return the moments of a score: tick, and (part, pitch, velocity) of each note, pitch falling."""
    found: dict[int, list[tuple[int, int, int]]] = {}
    for note in score.notes:
        found.setdefault(note.start, []).append((note.part, note.pitch, note.velocity))
    return [(tick, tuple(sorted(notes, key=lambda n: (n[0], -n[1])))) for tick, notes in found.items()]


def _exact(moments: Sequence[Moment], _: Sequence[Part]) -> tuple[list[Symbol], list[Symbol]]:
    return [tuple(note[:2] for note in notes) for _, notes in moments], _gaps(moments)


def _exact_and_loud(moments: Sequence[Moment], _: Sequence[Part]) -> tuple[list[Symbol], list[Symbol]]:
    return [notes for _, notes in moments], _gaps(moments)


def _gaps(moments: Sequence[Moment]) -> list[Symbol]:
    return [(b[0] - a[0],) for a, b in pairwise(moments)]


def _transposed(moments: Sequence[Moment], parts: Sequence[Part]) -> tuple[list[Symbol], list[Symbol]]:
    """Name notes by their distance from the moment's first pitched note, and steps by how far that one moves.

    Hits are named by their pitch.
    """
    shapes: list[Symbol] = []
    references: list[int] = []
    for _, notes in moments:
        pitched = [pitch for part, pitch, _ in notes if not parts[part].percussive]
        reference = pitched[0] if pitched else (references[-1] if references else 0)
        references.append(reference)
        shapes.append(tuple((p, pitch - (0 if parts[p].percussive else reference)) for p, pitch, _ in notes))
    moves = [after - before for before, after in pairwise(references)]
    return shapes, [(*gap, move) for gap, move in zip(_gaps(moments), moves, strict=True)]


def _in_sense(sense: _Sense, scores: Sequence[Score], sources: int) -> Copied:
    scores = [_alone(score, sense.part) for score in scores]
    moments = [moments_of(score) for score in scores]
    numbers: dict[Symbol, int] = {}
    rows = [_row(*sense.symbols(piece, scores[0].parts), numbers) for piece in moments]
    matches = longest_matches(rows[sources:], rows[:sources])
    runs = [
        _runs(match, moments[sources + i], scores[sources + i], moments) or [Run()] for i, match in enumerate(matches)
    ]
    return Copied(
        sense.name,
        tuple(max(each, key=lambda run: run.notes) for each in runs),
        tuple(max(each, key=lambda run: run.bars) for each in runs),
    )


def _row(shapes: Sequence[Symbol], steps: Sequence[Symbol], numbers: dict[Symbol, int]) -> Ints:
    """Return moments and steps in turn, as numbers; the same symbol always gets the same one."""
    row = np.zeros(len(shapes) + len(steps), np.int64)
    row[::2] = [numbers.setdefault(("moment", *shape), len(numbers)) for shape in shapes]
    row[1::2] = [numbers.setdefault(("step", *step), len(numbers)) for step in steps]
    return row


def _runs(match: Matches, moments: Sequence[Moment], score: Score, every: Sequence[Sequence[Moment]]) -> list[Run]:
    """Return the run that begins at each moment; places in rows count moments and the steps between them."""
    begun = np.cumsum([0, *(len(notes) for _, notes in moments)])
    to_next, to_end = _bars_after(score, moments)
    walked = np.concatenate([[0.0], np.cumsum(to_next)])
    runs = []
    for number, (tick, _) in enumerate(moments):
        count = (int(match.length[2 * number]) + 1) // 2
        if not count:
            continue
        last = number + count - 1
        bars = float(walked[last] - walked[number] + to_end[last])
        source, place = int(match.source[2 * number]), int(match.place[2 * number]) // 2
        notes = int(begun[last + 1] - begun[number])
        runs.append(Run(notes, count, bars, tick, source, every[source][place][0]))
    return runs


def _bars_after(score: Score, moments: Sequence[Moment]) -> tuple[Floats, Floats]:
    """Return for each moment the bars to the next one, and to the end of its notes if that comes first, at most 1."""
    if not moments:
        return np.zeros(0), np.zeros(0)
    ends = dict.fromkeys((tick for tick, _ in moments), 0)
    for note in score.notes:
        ends[note.start] = max(ends[note.start], note.end)
    ticks = np.array([tick for tick, _ in moments])
    following = np.append(ticks[1:], score.length)
    edges = np.array([*(bar.start for bar in score.bars), score.length])
    here, then, end = (
        np.interp(at, edges, np.arange(len(edges)))
        for at in (ticks, following, np.minimum(list(ends.values()), following))
    )
    return np.minimum(then - here, 1.0), np.minimum(end - here, 1.0)
