"""A score whose notes are rows of an array: for corpora, where an object a note would be too much."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from musicrnn.models.score import Note, Score

START, PART, PITCH, LENGTH, VELOCITY = range(5)


@dataclass(frozen=True, slots=True, eq=False)
class ScoreRows:
    """A score in two pieces: ``frame``, the score without its notes, and ``notes``, int32[n, 5].

    A row is (start, part, pitch, length, velocity); rows are sorted by start, part and pitch, and what
    :class:`~musicrnn.models.score.Score` demands of notes holds for them.
    """

    frame: Score
    notes: NDArray[np.int32]

    @property
    def score(self) -> Score:
        """The score, made and checked anew at each call."""
        return replace(self.frame, notes=tuple(Note(*row) for row in self.notes.tolist()))

    @property
    def polyphony(self) -> int:
        """The most notes that sound in one tick."""
        if not len(self.notes):
            return 0
        starts = self.notes[:, START]
        ends = np.sort(starts + self.notes[:, LENGTH])
        ended = np.searchsorted(ends, starts, side="right")
        return int((np.arange(1, len(starts) + 1) - ended).max())


def rows_of(score: Score) -> ScoreRows:
    """Return a score with its notes as rows."""
    rows = [(note.start, note.part, note.pitch, note.length, note.velocity) for note in score.notes]
    return ScoreRows(replace(score, notes=()), np.array(rows, np.int32).reshape(-1, 5))
