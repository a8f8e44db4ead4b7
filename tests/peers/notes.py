"""The notes of a MIDI file in seconds, and how two performances of the same music differ."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import mido


@dataclass(frozen=True, slots=True)
class Note:
    """A note as heard; channel 1 to 16, times in seconds."""

    channel: int
    pitch: int
    velocity: int
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """What is not the same in two performances, and how far their times lie apart.

    Errors are in seconds, after the one delay that all notes share (the middle between the earliest and the latest
    note) is taken away.
    """

    notes: int
    differences: tuple[str, ...]
    start_error_median: float
    start_error_worst: float
    end_error_worst: float

    def __str__(self) -> str:
        """Return the figures in one line."""
        return (
            f"{self.notes} notes, {len(self.differences)} differences, onset error median "
            f"{self.start_error_median * 1e3:.2f} ms, worst {self.start_error_worst * 1e3:.2f} ms; "
            f"release error worst {self.end_error_worst * 1e3:.2f} ms"
        )


def notes_of(path: Path) -> list[Note]:
    """Return the notes of a file, earliest first; a second attack of a sounding pitch ends the first note."""
    found: list[Note] = []
    sounding: dict[tuple[int, int], tuple[float, int]] = {}
    now = 0.0
    for message in mido.MidiFile(path):
        now += message.time
        if message.type not in {"note_on", "note_off"}:
            continue
        key = (message.channel + 1, message.note)
        if key in sounding:
            start, velocity = sounding.pop(key)
            found.append(Note(*key, velocity, start, now))
        if message.type == "note_on" and message.velocity:
            sounding[key] = (now, message.velocity)
    if sounding:
        raise AssertionError(f"{path}: notes never released: {sorted(sounding)}")
    return sorted(found, key=lambda note: (note.start, note.channel, -note.pitch))


def compare(expected: list[Note], heard: list[Note]) -> Comparison:
    """Compare two performances note for note: the n-th note of each channel and pitch with the n-th."""
    differences: list[str] = []
    pairs: list[tuple[Note, Note]] = []
    wanted, got = _by_key(expected), _by_key(heard)
    for key in sorted(wanted.keys() | got.keys()):
        left, right = wanted[key], got[key]
        if len(left) != len(right):
            differences.append(f"channel {key[0]} pitch {key[1]}: {len(left)} notes expected, {len(right)} heard")
        pairs.extend(zip(left, right, strict=False))
    differences += [f"{a} was heard as {b}" for a, b in pairs if a.velocity != b.velocity]
    starts = [b.start - a.start for a, b in pairs]
    ends = [b.end - a.end for a, b in pairs]
    delay = (min(starts) + max(starts)) / 2 if starts else 0.0
    start_errors = [abs(value - delay) for value in starts]
    end_errors = [abs(value - delay) for value in ends]
    return Comparison(
        len(expected),
        tuple(differences),
        median(start_errors) if start_errors else 0.0,
        max(start_errors, default=0.0),
        max(end_errors, default=0.0),
    )


def _by_key(notes: list[Note]) -> defaultdict[tuple[int, int], list[Note]]:
    found: defaultdict[tuple[int, int], list[Note]] = defaultdict(list)
    for note in notes:
        found[note.channel, note.pitch].append(note)
    return found
