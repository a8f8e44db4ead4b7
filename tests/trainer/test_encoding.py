"""Pieces made with arrays are those made tick by tick and token by token."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from musicrnn.models.frames import Fit
from musicrnn.models.grammar import Grammar
from musicrnn.models.score import Bar, Note, Part, Score, regular_bars
from musicrnn.models.score_rows import rows_of
from musicrnn.models.timing import position_rows, positions
from musicrnn.models.vocabulary import Vocabulary
from musicrnn.trainer.dataset import Piece, piece_of
from tests.models.strategies import bars, scores, vocabularies
from tests.trainer.plain_piece import plain_piece_of

DRUMMED = (Part("lead", 60, 72, polyphony=2), Part("drums", 36, 40, 10, percussive=True, polyphony=2))


def assert_same(found: tuple[Piece, Fit], wanted: tuple[dict[str, Any], Fit]) -> None:
    """Hold a piece against the fields that it should have, the types of their arrays too."""
    assert found[1] == wanted[1]
    assert set(wanted[0]) == {one.name for one in fields(Piece)}
    for name, plain in wanted[0].items():
        mine = getattr(found[0], name)
        if isinstance(plain, np.ndarray):
            whole = np.asarray(mine)
            assert (whole.dtype, mine.shape) == (plain.dtype, plain.shape), name
            assert whole.tolist() == plain.tolist(), name
        else:
            assert mine == plain, name


@given(st.data())
def test_what_sounds_in_a_window_is_that_of_the_whole_piece(data: st.DataObject) -> None:
    """Wherever the window begins and ends, also where it is empty."""
    vocabulary = data.draw(vocabularies())
    piece, _ = piece_of(data.draw(scores(vocabulary)), Grammar(vocabulary), 0)
    begin, end = sorted((data.draw(st.integers(0, len(piece))), data.draw(st.integers(0, len(piece)))))
    assert piece.sounding[begin:end].tolist() == np.asarray(piece.sounding)[begin:end].tolist()
    assert len(piece.sounding) == len(piece)


@given(st.data())
def test_a_score_is_the_piece_that_the_plain_way_makes_of_it(data: st.DataObject) -> None:
    """Whatever the parts, the velocities, the room for notes and the metres are."""
    vocabulary = data.draw(vocabularies())
    score = data.draw(scores(vocabulary))
    grammar = Grammar(vocabulary)
    assert_same(piece_of(score, grammar, 5), plain_piece_of(score, grammar, 5))


@given(st.data())
def test_notes_out_of_a_narrower_range_are_left_out_and_counted(data: st.DataObject) -> None:
    """A vocabulary may have smaller parts than the score, and room for fewer notes."""
    wide = data.draw(vocabularies())
    score = data.draw(scores(wide))
    parts = [replace(part, low=data.draw(st.integers(part.low, part.high))) for part in wide.parts]
    room = data.draw(st.integers(1, 4))
    vocabulary = Vocabulary(wide.ticks_per_beat, tuple(parts), wide.articulation, wide.velocity_bins, room)
    grammar = Grammar(vocabulary)
    assert_same(piece_of(score, grammar, 3), plain_piece_of(score, grammar, 3))


@pytest.mark.parametrize("articulation", [True, False])
def test_struck_again_held_and_hit_notes_are_told_apart(articulation: bool) -> None:
    """A note struck again at once, one that is held over it, and hits longer than a tick, which are not held."""
    notes = (Note(0, 0, 60, 8), Note(0, 0, 64, 2), Note(0, 1, 36, 3), Note(2, 0, 64, 2), Note(3, 1, 36, 1))
    score = Score(4, DRUMMED, notes, regular_bars(16, 4))
    grammar = Grammar(Vocabulary(4, DRUMMED, articulation))
    assert_same(piece_of(score, grammar, 5), plain_piece_of(score, grammar, 5))


def test_a_piece_without_a_note_is_all_rest() -> None:
    """Nothing to sort, nothing to sound."""
    score = Score(4, DRUMMED, (), regular_bars(16, 4))
    grammar = Grammar(Vocabulary(4, DRUMMED))
    assert_same(piece_of(score, grammar, 5), plain_piece_of(score, grammar, 5))


def test_another_grid_is_refused() -> None:
    """A score in twelfths is no piece of a vocabulary in quarters of a beat."""
    with pytest.raises(ValueError, match="the grid must be 4 ticks a beat, got 12"):
        piece_of(Score(12, DRUMMED, (), regular_bars(48, 12)), Grammar(Vocabulary(4, DRUMMED)), 0)


@given(st.data())
def test_a_score_comes_back_from_its_rows(data: st.DataObject) -> None:
    """Rows are the score, and know its polyphony."""
    score = data.draw(scores(data.draw(vocabularies())))
    rows = rows_of(score)
    assert rows.score == score
    assert rows.frame == replace(score, notes=())
    ticks = [sum(note.start <= tick < note.end for note in score.notes) for tick in range(score.length)]
    assert rows.polyphony == max(ticks)


@given(st.sampled_from((4, 12, 24)).flatmap(lambda grid: st.tuples(st.just(grid), bars(grid))), st.integers(1, 4))
def test_rows_of_positions_are_the_positions(grid_bars: tuple[int, tuple[Bar, ...]], pickup: int) -> None:
    """Tick by tick, with a first bar that is whole or a pickup."""
    grid, ruler = grid_bars
    first = replace(ruler[0], length=min(pickup, ruler[0].length))
    moved = [replace(bar, start=bar.start + first.length - ruler[0].length) for bar in ruler[1:]]
    for some in (list(ruler), [first, *moved]):
        assert position_rows(some, grid).tolist() == [list(place) for place in positions(some, grid)]
