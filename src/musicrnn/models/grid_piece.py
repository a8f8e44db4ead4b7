"""A piece on the grid before its tracks are given to parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from musicrnn.models.bar_lines import BarRows, bars_of
from musicrnn.models.score import Bar, Part, Tempo

GridNotes = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class GridTrack:
    """One channel of one track on the grid.

    ``instrument`` numbers the file's instruments from 1: channels of one track with one program are
    one instrument. ``notes`` has a row (start, length, pitch, velocity) a note, starts and lengths in ticks.
    """

    number: int
    instrument: int
    channel: int
    name: str
    program: int
    drums: bool
    notes: GridNotes


@dataclass(frozen=True, slots=True)
class Moved:
    """What quantising did to a piece: distances of onsets and ends from the grid, and what was mended.

    ``off_grid`` is the share of onsets that lay off the grid by more than 1/96 of a beat (5 ms at 120 bpm:
    more than rounding does, less than a player does); distances are in beats and, by the piece's tempo, in
    milliseconds. ``lengthened`` notes were shorter than half a tick. Hits of drums have no ends. ``other_program``
    notes were under another program than most of their track, and have that one now.
    """

    onsets: int = 0
    off_grid: float = 0.0
    mean_beats: float = 0.0
    worst_beats: float = 0.0
    mean_ms: float = 0.0
    worst_ms: float = 0.0
    mean_end_beats: float = 0.0
    lengthened: int = 0
    hanging: int = 0
    other_program: int = 0
    silent_bars_cut: int = 0


@dataclass(frozen=True, slots=True)
class GridPiece:
    """A whole piece on the grid: tracks, bars, tempo, and what became of the file on the way.

    ``declared`` are the parts that the file itself names (score text, and MIDI files written by this
    program), in order; empty for other files. ``bar_rows`` has a row (start, length, numerator, denominator) a bar.
    """

    name: str
    ticks_per_beat: int
    tracks: tuple[GridTrack, ...]
    bar_rows: BarRows
    tempos: tuple[Tempo, ...]
    moved: Moved = Moved()
    declared: tuple[Part, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def note_count(self) -> int:
        """Number of notes in all tracks."""
        return sum(len(track.notes) for track in self.tracks)

    @property
    def bars(self) -> tuple[Bar, ...]:
        """The bars, which follow each other from tick 0."""
        return bars_of(self.bar_rows)

    @property
    def length(self) -> int:
        """Length in ticks."""
        return int(self.bar_rows[-1, :2].sum()) if len(self.bar_rows) else 0


def note_rows(rows: Sequence[tuple[int, int, int, int]]) -> GridNotes:
    """Return rows of (start, length, pitch, velocity) as an array int32[n, 4]."""
    return np.array(rows, dtype=np.int32).reshape(-1, 4)
