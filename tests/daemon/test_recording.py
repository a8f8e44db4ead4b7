"""What was played, as a score: of the models that played, with their tempos."""

from __future__ import annotations

import pytest

from musicrnn.daemon.ledger import NoteEvent
from musicrnn.daemon.recording import Recording
from musicrnn.models.score import Part, Tempo

PIANO, FLUTE, HARP = Part("piano", 0, 127), Part("flute", 0, 127, channel=2), Part("harp", 60, 72, channel=3)
BAR = 16


def played(bars: int) -> Recording:
    """Return what a piano has played: a note in each bar, three quarters of it long."""
    recording = Recording(4, (4, 4), (PIANO,), 120.0)
    for bar in range(bars):
        recording.add(bar * BAR, [NoteEvent(0, 1, 60 + bar, 80)])
        recording.add(bar * BAR + 12, [NoteEvent(0, 1, 60 + bar)])
    return recording


@pytest.mark.parametrize(("bars", "kept"), [(1, 1), (3, 3), (4, 4), (5, 4), (6, 4), (64, 4)])
def test_the_last_bars_are_as_many_as_there_are(bars: int, kept: int) -> None:
    """However few more were asked for."""
    score = played(4).last_bars(bars, 4 * BAR).score()
    assert [note.pitch for note in score.notes] == [*range(64 - kept, 64)]
    assert len(score.bars) == kept


@pytest.mark.parametrize(("bars", "pitches"), [(1, [72]), (2, [63, 72]), (3, [62, 63, 72]), (5, [*range(60, 64), 72])])
def test_the_last_bars_reach_back_into_the_model_before(bars: int, pitches: list[int]) -> None:
    """On another grid; what sounds on ends where it is cut."""
    recording = played(4)
    recording.change(4 * BAR, 4 * 48, 12, (FLUTE,))
    recording.add(4 * 48, [NoteEvent(0, 2, 72, 80)])
    score = recording.last_bars(bars, 4 * 48 + 20).score()
    assert [note.pitch for note in score.notes] == pitches
    assert score.notes[-1].length == 20
    assert len(score.bars) == bars


def test_a_tempo_goes_on_with_the_next_model_and_is_told_once() -> None:
    """Not the one that the model before began with."""
    recording = played(1)
    for tick, bpm in ((0, 120.0), (4, 90.0), (8, 90.0)):
        recording.tempo(tick, bpm)
    assert recording.tempos() == (Tempo(0, 120.0), Tempo(4, 90.0))
    recording.change(BAR, 48, 12, (FLUTE,))
    assert recording.tempos() == (Tempo(48, 90.0),)


def test_a_model_that_played_no_tick_is_not_in_the_score() -> None:
    """Neither one that another took the place of at once, nor one that is only about to begin."""
    recording = played(1)
    recording.change(BAR, BAR, 4, (FLUTE,))
    recording.change(BAR, BAR, 4, (HARP,))
    assert [part.name for part in recording.score(BAR).parts] == ["piano"]
    recording.add(BAR, [NoteEvent(0, 3, 84, 80)])
    score = recording.score(BAR + 4)
    assert [(part.name, part.low, part.high) for part in score.parts] == [("piano", 0, 127), ("harp", 60, 84)]
    assert [(note.start, note.length, note.pitch) for note in score.notes] == [(0, 12, 60), (BAR, 4, 84)]


def test_what_sounds_in_a_window_is_cut_to_it() -> None:
    """What ended right where it begins is not in it, nor what begins right where it ends."""
    recording = played(3)
    recording.add(40, [NoteEvent(0, 1, 90, 80)])
    window = recording.window(12, 36)
    assert [(note.start, note.length, note.pitch) for note in window] == [(16, 12, 61), (32, 4, 62)]
    assert [(note.start, note.length) for note in recording.window(4, 16)] == [(4, 8)]
    assert len(recording) == 4
