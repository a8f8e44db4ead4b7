"""Scales that what sounds can be kept to: each by its steps above the root, in semitones."""

from __future__ import annotations

SCALES: dict[str, tuple[int, ...]] = {
    "chromatic": (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11),
    "major": (0, 2, 4, 5, 7, 9, 11),
    "minor": (0, 2, 3, 5, 7, 8, 10),
    "harmonic-minor": (0, 2, 3, 5, 7, 8, 11),
    "melodic-minor": (0, 2, 3, 5, 7, 9, 11),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "phrygian": (0, 1, 3, 5, 7, 8, 10),
    "lydian": (0, 2, 4, 6, 7, 9, 11),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10),
    "locrian": (0, 1, 3, 5, 6, 8, 10),
    "major-pentatonic": (0, 2, 4, 7, 9),
    "minor-pentatonic": (0, 3, 5, 7, 10),
    "blues": (0, 3, 5, 6, 7, 10),
    "whole-tone": (0, 2, 4, 6, 8, 10),
    "diminished": (0, 2, 3, 5, 6, 8, 9, 11),
}
ROOTS = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
OTHER_ROOTS = {"Db": "C#", "Eb": "D#", "E#": "F", "Fb": "E", "Gb": "F#", "Ab": "G#", "Bb": "A#", "B#": "C", "Cb": "B"}


def pitch_classes(scale: str, root: str) -> frozenset[int]:
    """Return the pitch classes (C is 0) of a scale on a root."""
    return frozenset((step + ROOTS.index(root)) % 12 for step in SCALES[scale])
