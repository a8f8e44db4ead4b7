"""Pieces heard side by side are heard as they are one by one."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.likelihood.rolls import pieces_of, vocabulary_of
from benchmarks.likelihood.scoring import hear
from musicrnn.models.grammar import Grammar
from musicrnn.models.metadata import ModelInfo
from musicrnn.models.numpy_step import NumpyStepModel

pytestmark = pytest.mark.train


def test_pieces_of_many_lengths_are_heard_as_step_by_step() -> None:
    """Nats and guesses of each, whatever it stands beside; more pieces than one batch holds."""
    from benchmarks.likelihood.whole import SIDE_BY_SIDE, hear_all
    from musicrnn.models.network import Network, NetworkShape

    rng = np.random.default_rng(2)
    lengths = rng.integers(4, 30, SIDE_BY_SIDE + 5)
    rolls = [np.tile(rng.random((length, 6)) < 0.3, (2, 1)) for length in lengths]
    vocabulary = vocabulary_of(6)
    network, grammar = Network(vocabulary, NetworkShape(2, 12, 6)), Grammar(vocabulary)
    for variable in network.trainable_variables:
        variable.assign(np.asarray(variable) * 4.0)
    pieces = pieces_of(rolls, grammar)
    model = NumpyStepModel(network.step_weights(), ModelInfo("small", vocabulary, 2, 12))
    for piece, found in zip(pieces, hear_all(network, pieces), strict=True):
        wanted = hear(model, piece, grammar)
        assert found.nats == pytest.approx(wanted.nats, rel=1e-5)
        assert [(case.onsets, case.came) for case in found.cases] == [(case.onsets, case.came) for case in wanted.cases]
        assert found.frames == wanted.frames
