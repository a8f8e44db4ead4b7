"""How well a model expects a piece, and how far models are apart."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from musicrnn.errors import GrammarError
from musicrnn.export.walks import walk
from musicrnn.models.evaluation import Nats, distance, nats
from musicrnn.models.grammar import Grammar
from musicrnn.models.numpy_step import NumpyStepModel
from musicrnn.models.onnx_step import load_model
from musicrnn.models.timing import Position
from musicrnn.models.untrained import random_weights, untrained
from tests.models.model_files import SMALL, SMALL_INT8


def test_a_model_that_believes_nothing_is_as_surprised_as_the_legal_tokens_are_many() -> None:
    """With all logits alike each token costs the logarithm of the number of legal ones."""
    base = untrained()
    flat = replace(base.weights, output=np.zeros_like(base.weights.output))
    model = NumpyStepModel(flat, base.info)
    piece = walk(model, bars=2)
    grammar = Grammar(model.info.vocabulary)
    states = grammar.states(piece.tokens.tolist())[1:]
    expected = sum(float(np.log(grammar.legal(state).sum())) for state in states)
    found = nats(model, [piece])
    assert found.nats == pytest.approx(expected)
    assert (found.tokens, found.ticks) == (len(piece.tokens) - 1, 2 * 4 * 12)


def test_pieces_are_read_one_by_one_from_a_fresh_state() -> None:
    """Two pieces together cost what they cost alone."""
    model = load_model(str(SMALL))
    pieces = [walk(model, 2, seed) for seed in (1, 2)]
    alone = [nats(model, [piece]).nats for piece in pieces]
    assert nats(model, pieces).nats == pytest.approx(sum(alone))


def test_no_pieces_have_no_mean() -> None:
    """The means are nan, not an error."""
    none = nats(load_model(str(SMALL)), [])
    assert none == Nats(0.0, 0, 0)
    assert np.isnan(none.a_tick)
    assert np.isnan(none.a_token)


def test_a_piece_of_another_language_is_refused() -> None:
    """Tokens that cannot follow each other raise GrammarError."""
    model = load_model(str(SMALL))
    piece = walk(model, 1)
    piece.tokens[1] = 0
    with pytest.raises(GrammarError):
        nats(model, [piece])


def test_a_model_is_at_no_distance_from_itself_and_int8_at_a_small_one() -> None:
    """The divergence of int8 is far below a hundredth of a nat on these weights."""
    model, small = load_model(str(SMALL)), load_model(str(SMALL_INT8))
    pieces = [walk(model, 4)]
    same, near = distance(model, model, pieces), distance(model, small, pieces)
    assert (same.logits, same.state, same.nats, same.same_first) == (0, 0, 0, 1)
    assert 0 < near.logits < 0.1
    assert near.nats < 1e-3
    assert near.steps == len(pieces[0].tokens) - 1


def test_a_walk_is_legal_and_stands_in_its_metre() -> None:
    """What a model plays of itself is a piece of its language, with a place for each prediction."""
    model = load_model(str(SMALL))
    piece = walk(model, 3)
    Grammar(model.info.vocabulary).states(piece.tokens.tolist())
    assert piece.ticks == 3 * 4 * 4
    assert len(piece.places) == len(piece.tokens) - 1
    assert tuple(piece.places[0]) == Position(0, 0, 4)


def test_random_weights_are_the_same_for_the_same_seed() -> None:
    """And others for another."""
    vocabulary = untrained().info.vocabulary
    one, same, other = (random_weights(vocabulary, 1, 8, 4, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.token, same.token)
    assert (one.token != other.token).any()
