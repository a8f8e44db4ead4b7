"""Pieces as bytes, whole and damaged."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musicrnn.models.corpus_codec import decode_pieces, encode_pieces
from musicrnn.models.grid_piece import GridPiece
from musicrnn.models.quantise import GridSettings, quantise
from musicrnn.models.score import Score
from musicrnn.models.score_pieces import piece_of_score
from tests.models.whole_scores import whole_scores


def facts(piece: GridPiece) -> tuple[object, ...]:
    """Return a piece as values that can be compared."""
    tracks = [(t.number, t.instrument, t.channel, t.name, t.program, t.drums, t.notes.tolist()) for t in piece.tracks]
    return (piece.name, tracks, piece.bars, piece.tempos, piece.moved, piece.declared, piece.warnings)


@given(st.lists(whole_scores(), max_size=2))
def test_any_pieces_come_back_from_their_block(scores: list[Score]) -> None:
    """Tracks, notes, bars, tempo, parts and what was moved."""
    pieces = [quantise(piece_of_score(score, "a.mid"), GridSettings()) for score in scores]
    assert [facts(piece) for piece in decode_pieces(encode_pieces(pieces))] == [facts(piece) for piece in pieces]


@given(st.data())
def test_a_damaged_block_is_refused(data: st.DataObject) -> None:
    """One changed byte anywhere is found."""
    block = bytearray(encode_pieces([]))
    place = data.draw(st.integers(0, len(block) - 1))
    block[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(ValueError, match="whole and of this version"):
        decode_pieces(bytes(block))


def test_a_block_cut_short_is_refused() -> None:
    """Also an empty one."""
    for block in (b"", encode_pieces([])[:-1]):
        with pytest.raises(ValueError, match="whole and of this version"):
            decode_pieces(block)
