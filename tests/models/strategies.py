"""Vocabularies, frames and scores drawn by hypothesis."""

from __future__ import annotations

from hypothesis import strategies as st

from musicrnn.models.frames import Frame, Sounding, canonical, carried
from musicrnn.models.score import Bar, Note, Part, Score, Tempo, bar_length
from musicrnn.models.vocabulary import Vocabulary


@st.composite
def parts(draw: st.DrawFn, name: str) -> Part:
    """Draw a small part, percussive or not."""
    low = draw(st.integers(0, 120))
    high = draw(st.integers(low, min(127, low + 6)))
    percussive = draw(st.booleans())
    channel = 10 if percussive else draw(st.integers(1, 9))
    return Part(name, low, high, channel, draw(st.integers(0, 127)), percussive, draw(st.integers(1, 3)))


@st.composite
def vocabularies(draw: st.DrawFn) -> Vocabulary:
    """Draw a vocabulary of one to three small parts."""
    chosen = tuple(draw(parts(f"part-{i}")) for i in range(draw(st.integers(1, 3))))
    articulation = draw(st.booleans())
    bins = draw(st.integers(0, 4)) if articulation else 0
    return Vocabulary(draw(st.sampled_from((4, 12, 24))), chosen, articulation, bins, draw(st.integers(1, 4)))


@st.composite
def frames(draw: st.DrawFn, vocabulary: Vocabulary, most: int = 12) -> list[Frame]:
    """Legal frames of a piece, one a tick."""
    result: list[Frame] = []
    for _ in range(draw(st.integers(0, most))):
        before = result[-1] if result else ()
        result.append(draw(_following(vocabulary, before)))
    return result


@st.composite
def _following(draw: st.DrawFn, vocabulary: Vocabulary, before: Frame) -> Frame:
    held = carried(before, vocabulary)
    notes: list[Sounding] = []
    slots = [(i, pitch) for i, part in enumerate(vocabulary.parts) for pitch in range(part.low, part.high + 1)]
    for part, pitch in draw(st.lists(st.sampled_from(slots), unique=True, max_size=vocabulary.max_polyphony)):
        if sum(note.part == part for note in notes) >= vocabulary.parts[part].polyphony:
            continue
        can_hold = vocabulary.articulation and (part, pitch) in held
        if can_hold and draw(st.booleans()):
            notes.append(Sounding(part, pitch, False))
        else:
            bin_ = draw(st.integers(0, vocabulary.velocity_bins - 1)) if vocabulary.velocity_bins else -1
            notes.append(Sounding(part, pitch, True, bin_))
    return canonical(notes)


@st.composite
def bars(draw: st.DrawFn, ticks_per_beat: int, most: int = 4) -> tuple[Bar, ...]:
    """Bars of changing metres without a gap."""
    metres = st.sampled_from(((4, 4), (3, 4), (6, 8), (2, 2), (5, 4), (1, 4)))
    result: list[Bar] = []
    at = 0
    for numerator, denominator in draw(st.lists(metres, min_size=1, max_size=most)):
        size = bar_length(numerator, denominator, ticks_per_beat)
        result.append(Bar(at, size, numerator, denominator))
        at += size
    return tuple(result)


@st.composite
def scores(draw: st.DrawFn, vocabulary: Vocabulary) -> Score:
    """Draw a score within the vocabulary's ranges, whatever its polyphony."""
    ruler = draw(bars(vocabulary.ticks_per_beat))
    length = ruler[-1].end
    notes: list[Note] = []
    ends: dict[tuple[int, int], int] = {}
    for _ in range(draw(st.integers(0, 12))):
        index = draw(st.integers(0, len(vocabulary.parts) - 1))
        part = vocabulary.parts[index]
        pitch = draw(st.integers(part.low, part.high))
        start = ends.get((index, pitch), 0) + draw(st.integers(0, 5))
        if start >= length:
            continue
        size = 1 if part.percussive else draw(st.integers(1, length - start))
        notes.append(Note(start, index, pitch, size, draw(st.integers(1, 127))))
        ends[index, pitch] = start + size
    tempo = Tempo(0, draw(st.sampled_from((60.0, 96.0, 120.0))))
    return Score(vocabulary.ticks_per_beat, vocabulary.parts, tuple(sorted(notes)), ruler, (tempo,))
