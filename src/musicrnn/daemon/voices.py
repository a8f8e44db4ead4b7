"""How a part sounds where the model does not say: its MIDI channel, and how loud a note is."""

from __future__ import annotations

from musicrnn.models.frames import DEFAULT_VELOCITY, Sounding
from musicrnn.models.score import DRUM_CHANNEL, Part
from musicrnn.models.timing import Position
from musicrnn.models.vocabulary import Vocabulary

BAR_ACCENT, BEAT_ACCENT = 16, 8


def channel_of(part: Part) -> int:
    """Return the part's MIDI channel, 1 to 16; percussive parts are always on 10."""
    return DRUM_CHANNEL if part.percussive else part.channel


def velocity_of(note: Sounding, position: Position, vocabulary: Vocabulary, factor: float = 1.0) -> int:
    """Return the MIDI velocity of an attack, 1 to 127, after multiplying by ``factor``.

    It is the middle of the note's velocity bin. A model without velocities plays 80, 88 on a beat and
    96 at the head of a bar, so that the metre is heard.
    """
    return min(max(round(_velocity(note, position, vocabulary) * factor), 1), 127)


def _velocity(note: Sounding, position: Position, vocabulary: Vocabulary) -> int:
    if note.bin >= 0 and vocabulary.velocity_bins:
        return vocabulary.velocity_of(note.bin)
    if position.tick:
        return DEFAULT_VELOCITY
    return DEFAULT_VELOCITY + (BEAT_ACCENT if position.beat else BAR_ACCENT)
