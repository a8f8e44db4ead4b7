"""Copied runs are found, in each sense, and are as long as they are."""

from __future__ import annotations

from dataclasses import replace

import pytest

from musicrnn.models.score import Note, Part, Score, regular_bars
from musicrnn.trainer.copies import Copied, Run, copied
from tests.trainer.pieces import PARTS, tune

DRUMS = (Part("drums", 35, 60, channel=10, percussive=True),)


def moved(score: Score, *, ticks: int = 0, pitch: int = 0) -> Score:
    """Return a score later and higher, with a bar more."""
    notes = tuple(replace(note, start=note.start + ticks, pitch=note.pitch + pitch) for note in score.notes)
    bars = regular_bars(score.length + max(ticks, 1), score.ticks_per_beat)
    return Score(score.ticks_per_beat, score.parts, notes, bars)


def in_sense(found: list[Copied], sense: str) -> Copied:
    """Return what was found in one sense."""
    return next(copies for copies in found if copies.sense == sense)


def test_a_piece_that_was_learnt_from_is_copied_from_end_to_end() -> None:
    """All its notes and all its bars, from its source."""
    pieces = [tune(seed, bars=9) for seed in range(4)]
    exact = in_sense(copied([pieces[2]], pieces), "the same notes")
    assert exact.by_notes[0].notes == len(pieces[2].notes)
    assert exact.by_notes[0].source == 2
    assert exact.by_bars[0].bars == pytest.approx(9.0)
    assert exact.long == 1


def test_a_transposed_and_later_copy_is_found_in_the_sense_that_allows_it() -> None:
    """A fourth higher and five ticks later is no copy of the same notes."""
    source, other = tune(1, bars=9), tune(2, bars=9)
    found = copied([moved(source, ticks=5, pitch=5)], [other, source])
    run = in_sense(found, "the same notes, transposed or not").by_notes[0]
    assert (run.notes, run.source, run.tick, run.source_tick) == (len(source.notes), 1, 5, 0)
    assert in_sense(found, "the same notes").by_notes[0].notes < len(source.notes) / 2
    assert in_sense(found, "the same notes").long == 0


def test_lengths_of_notes_do_not_hide_a_copy() -> None:
    """The same notes played short are a copy."""
    source = tune(1, bars=9)
    short = replace(source, notes=tuple(replace(note, length=1) for note in source.notes))
    assert in_sense(copied([short], [source]), "the same notes").by_notes[0].notes == len(source.notes)


def test_one_part_alone_can_be_copied() -> None:
    """The soprano of one piece over the bass of another."""
    a, b = tune(1, bars=9), tune(2, bars=9)
    notes = tuple(sorted([n for n in a.notes if n.part == 0] + [n for n in b.notes if n.part == 1]))
    found = copied([replace(a, notes=notes)], [a])
    assert in_sense(found, "soprano alone, transposed or not").long == 1
    assert in_sense(found, "bass alone, transposed or not").long == 0
    assert in_sense(found, "the same notes").long == 0


def test_one_part_alone_ends_with_its_own_last_note() -> None:
    """Not with that of another part which begins there too, and rings on for a bar."""
    notes = (Note(0, 0, 67, 4), Note(4, 0, 69, 4), Note(8, 0, 67, 4), Note(8, 1, 48, 20))
    score = Score(4, PARTS, notes, regular_bars(32, 4))
    found = copied([score], [score])
    assert in_sense(found, "soprano alone, transposed or not").by_bars[0].bars == pytest.approx(0.75)
    assert in_sense(found, "the same notes").by_bars[0].bars == pytest.approx(1.5)


def test_a_run_is_cut_where_one_note_differs() -> None:
    """Half of a bar before it and all after it."""
    notes = [Note(4 * i, 0, 60 + i % 5, 4) for i in range(16)]
    source = Score(4, (Part("voice", 40, 90),), tuple(notes), regular_bars(64, 4))
    notes[6] = replace(notes[6], pitch=80)
    run = in_sense(copied([replace(source, notes=tuple(notes))], [source]), "the same notes").by_notes[0]
    assert run == Run(9, 9, 2.25, 28, 0, 28)


def test_hits_are_not_transposed_and_loudness_is_a_sense_of_its_own() -> None:
    """The same hits played louder are the same hits."""
    hits = tuple(Note(2 * i, 0, 36 + i % 3, 1, 60 + i % 7) for i in range(32))
    source = Score(4, DRUMS, hits, regular_bars(64, 4))
    louder = replace(source, notes=tuple(replace(hit, velocity=hit.velocity + 10) for hit in hits))
    higher = replace(source, notes=tuple(replace(hit, pitch=hit.pitch + 3) for hit in hits))
    found = copied([louder, higher], [source])
    assert [copies.sense for copies in found] == ["the same notes", "the same notes, as loud"]
    assert [run.notes for run in found[0].by_notes] == [32, 0]
    assert [run.notes for run in found[1].by_notes] == [0, 0]


def test_a_long_rest_does_not_make_a_long_copy() -> None:
    """Two notes twenty bars apart are two bars at most."""
    voice = (Part("voice", 40, 90),)
    score = Score(4, voice, (Note(0, 0, 60, 4), Note(320, 0, 62, 4)), regular_bars(400, 4))
    assert in_sense(copied([score], [score]), "the same notes").by_bars[0].bars == pytest.approx(1.25)


def test_pieces_without_notes_and_no_pieces_at_all_copy_nothing() -> None:
    """A silent model is no thief."""
    silent = replace(tune(1), notes=())
    assert in_sense(copied([silent], [tune(1)]), "the same notes").by_bars == (Run(),)
    assert copied([], [tune(1)]) == []
    assert copied([tune(1)], []) == []
