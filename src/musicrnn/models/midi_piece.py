"""What a MIDI file holds, in its own ticks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ticks = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class MidiTrack:
    """The notes of one channel of one track chunk.

    ``number`` is the chunk's place in the file and ``channel`` the MIDI channel, both from 1; ``program``
    is the one under which most notes sound, 0 to 127. ``notes`` has a row (start, end, pitch, velocity) a
    note, in MIDI ticks; ``pedals`` a row (down, up) a press of the sustain pedal. ``hanging`` counts the
    notes that the file never released: they end with the track; ``other_program`` those under another program.
    """

    number: int
    channel: int
    name: str
    program: int
    drums: bool
    notes: Ticks
    pedals: Ticks
    hanging: int = 0
    other_program: int = 0


@dataclass(frozen=True, slots=True)
class MidiPiece:
    """A piece as its file has it: tracks with notes, tempo changes (tick, microseconds a beat), metres (tick, n, d)."""

    name: str
    ticks_per_beat: int
    tracks: tuple[MidiTrack, ...]
    tempos: tuple[tuple[int, int], ...] = ()
    metres: tuple[tuple[int, int, int], ...] = ()
    declaration: str = ""
    warnings: tuple[str, ...] = ()

    @property
    def note_count(self) -> int:
        """Number of notes in all tracks."""
        return sum(len(track.notes) for track in self.tracks)
