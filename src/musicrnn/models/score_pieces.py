"""Scores as pieces, so that a score read from text goes the way of a MIDI file."""

from __future__ import annotations

import numpy as np

from musicrnn.models.bar_lines import metres_of
from musicrnn.models.declaration import declaration_of
from musicrnn.models.midi_piece import MidiPiece, MidiTrack
from musicrnn.models.score import Score
from musicrnn.printable import counted

_NO_PEDAL = np.zeros((0, 2), dtype=np.int64)


def piece_of_score(score: Score, name: str) -> MidiPiece:
    """Return the score as a piece in its own ticks, with a track for each part that has notes."""
    tracks = []
    for index, part in enumerate(score.parts):
        rows = [(note.start, note.end, note.pitch, note.velocity) for note in score.notes if note.part == index]
        if rows:
            notes = np.array(rows, dtype=np.int64)
            tracks.append(
                MidiTrack(index + 1, part.channel, part.name, part.program, part.percussive, notes, _NO_PEDAL)
            )
    return MidiPiece(
        name,
        score.ticks_per_beat,
        tuple(tracks),
        tuple((tempo.tick, round(6e7 / tempo.bpm)) for tempo in score.tempos),
        tuple(metres_of(score.bars, score.ticks_per_beat)),
        declaration_of(score.parts),
        _divided(score),
    )


def _divided(score: Score) -> tuple[str, ...]:
    """Say that bars longer than their metre become several, where there are any: time signatures know none."""
    whole = 4 * score.ticks_per_beat
    longer = [bar for bar in score.bars if (bar.length - 1) * bar.denominator >= bar.numerator * whole]
    return tuple(
        f"{counted(len(longer), 'bar')} longer than the metre divided into several, "
        f"the first of {bar.length} ticks in {bar.numerator}/{bar.denominator}"
        for bar in longer[:1]
    )
