"""Frames to tokens and back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from musicrnn.errors import GrammarError
from musicrnn.models.frames import Frame, Sounding, carried
from musicrnn.models.vocabulary import END, START, SUSTAIN, TICK, Kind, Vocabulary


def frame_tokens(frame: Frame, before: Frame, vocabulary: Vocabulary) -> list[int]:
    """Return the tokens of one frame, given the frame before it: SUSTAIN where nothing changes."""
    kept = carried(before, vocabulary)
    if vocabulary.articulation:
        unchanged = len(frame) == len(kept) and not any(note.attack for note in frame)
    else:
        unchanged = {(note.part, note.pitch) for note in frame} == kept and kept == carried(frame, vocabulary)
    if unchanged:
        return [SUSTAIN]
    tokens: list[int] = []
    for note in frame:
        if not note.attack:
            tokens.append(vocabulary.hold(note.part, note.pitch))
            continue
        tokens.append(vocabulary.attack(note.part, note.pitch))
        if vocabulary.velocity_bins:
            tokens.append(vocabulary.velocity(note.bin))
    tokens.append(TICK)
    return tokens


def encode(frames: Iterable[Frame], vocabulary: Vocabulary) -> list[int]:
    """Return the tokens of a piece, from START to END."""
    tokens = [START]
    before: Frame = ()
    for frame in frames:
        tokens += frame_tokens(frame, before, vocabulary)
        before = frame
    tokens.append(END)
    return tokens


def sustained(before: Frame, vocabulary: Vocabulary) -> Frame:
    """Return the frame that SUSTAIN stands for."""
    attack = not vocabulary.articulation
    return tuple(
        Sounding(note.part, note.pitch, attack) for note in before if not vocabulary.parts[note.part].percussive
    )


def decode(tokens: Iterable[int], vocabulary: Vocabulary) -> list[Frame]:
    """Return the frames of tokens; START and END are allowed at their places, and may be absent.

    Raises GrammarError for tokens that name no frame, such as a velocity without an attack.
    """
    return list(_decoded(tokens, vocabulary))


def _decoded(tokens: Iterable[int], vocabulary: Vocabulary) -> Iterator[Frame]:
    before: Frame = ()
    notes: list[Sounding] = []
    for token in tokens:
        kind = int(vocabulary.kind[token])
        if kind in (Kind.ATTACK, Kind.HOLD):
            notes.append(Sounding(int(vocabulary.part[token]), int(vocabulary.pitch[token]), kind == Kind.ATTACK))
        elif kind == Kind.VELOCITY:
            if not notes or not notes[-1].attack:
                raise GrammarError(f"a velocity must follow an attack, got {vocabulary.name(token)}")
            notes[-1] = notes[-1]._replace(bin=token - 4)
        elif kind in (Kind.TICK, Kind.SUSTAIN):
            if kind == Kind.SUSTAIN and notes:
                raise GrammarError("SUSTAIN must stand alone in its tick")
            before = tuple(notes) if kind == Kind.TICK else sustained(before, vocabulary)
            notes = []
            yield before
    if notes:
        raise GrammarError("a frame must be closed by TICK")
