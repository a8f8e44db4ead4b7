"""Whole scores drawn by hypothesis: what a MIDI file or a score text can hold and nothing else."""

from __future__ import annotations

from hypothesis import strategies as st

from musicrnn.models.bar_lines import Metre, bars_until
from musicrnn.models.quantise import bpm_of
from musicrnn.models.score import DRUM_CHANNEL, Note, Part, Score, Tempo

_NAMES = ("soprano", "alto", "bass-2", "drums", "Große_Orgel")


@st.composite
def whole_scores(draw: st.DrawFn) -> Score:
    """Draw a score that ends in the bar in which its last note ends, with tempo to the microsecond a beat."""
    grid = draw(st.sampled_from((4, 12, 24)))
    parts = tuple(draw(_parts(name)) for name in draw(st.lists(st.sampled_from(_NAMES), min_size=1, unique=True)))
    notes = draw(_notes(parts))
    end = max(note.end for note in notes)
    bars = bars_until(end, draw(metres(end + 8)), grid)
    return Score(grid, parts, tuple(notes), bars, draw(_tempos(bars[-1].end)))


@st.composite
def metres(draw: st.DrawFn, length: int) -> list[Metre]:
    """Draw time signatures, also odd ones and such as cut a bar short."""
    ticks = draw(st.lists(st.integers(0, length), max_size=4, unique=True))
    numerators, denominators = st.integers(1, 13), st.sampled_from((2, 4, 8, 16, 32, 64))
    return [(tick, draw(numerators), draw(denominators)) for tick in sorted(ticks)]


@st.composite
def _parts(draw: st.DrawFn, name: str) -> Part:
    low = draw(st.integers(0, 100))
    percussive = draw(st.booleans())
    channel = DRUM_CHANNEL if percussive else draw(st.integers(1, 9))
    return Part(name, low, draw(st.integers(low, 127)), channel, draw(st.integers(0, 127)), percussive, 16)


@st.composite
def _notes(draw: st.DrawFn, parts: tuple[Part, ...]) -> list[Note]:
    drawn: list[Note] = []
    for _ in range(draw(st.integers(1, 12))):
        index = draw(st.integers(0, len(parts) - 1))
        part = parts[index]
        pitch = draw(st.integers(part.low, min(part.high, part.low + 3)))
        length = 1 if part.percussive else draw(st.integers(1, 60))
        drawn.append(Note(draw(st.integers(0, 100)), index, pitch, length, draw(st.integers(1, 127))))
    free_from: dict[tuple[int, int], int] = {}
    kept = []
    for note in sorted(drawn):
        if free_from.get((note.part, note.pitch), 0) <= note.start:
            free_from[note.part, note.pitch] = note.end
            kept.append(note)
    return kept


@st.composite
def _tempos(draw: st.DrawFn, length: int) -> tuple[Tempo, ...]:
    ticks = sorted({0, *draw(st.lists(st.integers(0, length - 1), max_size=3))})
    beats = draw(st.lists(st.integers(60_000, 6_000_000), min_size=len(ticks), max_size=len(ticks), unique=True))
    return tuple(Tempo(tick, bpm_of(beat)) for tick, beat in zip(ticks, beats, strict=True))
