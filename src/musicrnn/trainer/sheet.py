"""A score's notes as columns, with where each stands in its bar: what figures are counted from."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from musicrnn.models.score import Part, Score
from musicrnn.models.timing import positions

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """The notes of a score, sorted by start, in columns of equal length, and the score's grid.

    ``bar_starts`` has one more entry than there are bars, the end of the last; ``place`` is int64[ticks, 3],
    the position of each tick (tick in beat, beat in bar, metre).
    """

    start: Ints
    part: Ints
    pitch: Ints
    length: Ints
    velocity: Ints
    percussive: Bools
    parts: tuple[Part, ...]
    bar_starts: Ints
    place: Ints
    ticks_per_beat: int

    @property
    def ticks(self) -> int:
        """Length of the piece in ticks."""
        return int(self.bar_starts[-1])

    @property
    def beats(self) -> float:
        """Length of the piece in beats."""
        return self.ticks / self.ticks_per_beat

    def only(self, chosen: Bools) -> Sheet:
        """Return the sheet of some notes."""
        return replace(
            self,
            start=self.start[chosen],
            part=self.part[chosen],
            pitch=self.pitch[chosen],
            length=self.length[chosen],
            velocity=self.velocity[chosen],
            percussive=self.percussive[chosen],
        )

    def pitched(self) -> Sheet:
        """Return the sheet of the notes that are not hits."""
        return self.only(~self.percussive)

    def of_part(self, index: int) -> Sheet:
        """Return the sheet of one part's notes."""
        return self.only(self.part == index)

    def onsets(self) -> Ints:
        """Return the ticks in which a note begins, each once, rising."""
        return np.unique(self.start)

    def top_voice(self) -> Ints:
        """Return the highest pitch that begins at each onset."""
        if not len(self.start):
            return self.pitch
        order = np.lexsort((self.pitch, self.start))
        starts = self.start[order]
        last = np.append(starts[1:] != starts[:-1], True)
        highest: Ints = self.pitch[order][last]
        return highest

    def sounding(self) -> Bools:
        """Return which pitches sound in each tick, bool[ticks, 128]."""
        steps = np.zeros((self.ticks + 1, 128), np.int16)
        np.add.at(steps, (self.start, self.pitch), 1)
        np.add.at(steps, (np.minimum(self.start + self.length, self.ticks), self.pitch), -1)
        sounds: Bools = np.cumsum(steps[:-1], axis=0) > 0
        return sounds

    def voices(self) -> Ints:
        """Return the number of notes that sound in each tick, int64[ticks]."""
        steps = np.zeros(self.ticks + 1, np.int64)
        np.add.at(steps, self.start, 1)
        np.add.at(steps, np.minimum(self.start + self.length, self.ticks), -1)
        voices: Ints = np.cumsum(steps[:-1])
        return voices


def sheet_of(score: Score) -> Sheet:
    """Return a score's notes as columns; ValueError for a score without bars."""
    if not score.bars:
        raise ValueError("a score must have a bar to be measured, got none")
    rows = [(note.start, note.part, note.pitch, note.length, note.velocity) for note in score.notes]
    start, part, pitch, length, velocity = np.array(rows, dtype=np.int64).reshape(len(rows), 5).T
    hits = np.array([part.percussive for part in score.parts], dtype=bool)
    starts = np.array([*(bar.start for bar in score.bars), score.length], dtype=np.int64)
    place = np.array(positions(score.bars, score.ticks_per_beat), dtype=np.int64)
    return Sheet(start, part, pitch, length, velocity, hits[part], score.parts, starts, place, score.ticks_per_beat)
