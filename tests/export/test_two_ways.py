"""The two ways of writing a step's graph, by tf2onnx and without TensorFlow, give one file."""

from __future__ import annotations

import numpy as np
import pytest

from musicrnn.export.graph_names import with_plain_names
from musicrnn.export.step_graph import graph_of, recorded
from musicrnn.export.traced import traced
from musicrnn.models.network import Network, NetworkShape
from musicrnn.testing import small_vocabulary

pytestmark = pytest.mark.train


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
@pytest.mark.parametrize("layers", [1, 3])
@pytest.mark.parametrize("biased", [True, False])
def test_both_ways_give_the_same_bytes(cell: str, layers: int, biased: bool) -> None:
    """For each cell, one layer and more, with biases and without."""
    network = Network(small_vocabulary(), NetworkShape(layers, 8, 4, cell=cell), seed=2)
    for variable in network.trainable_variables:
        if biased:
            variable.assign(np.asarray(variable) + 0.1)
    weights = network.step_weights()
    ways = [with_plain_names(way(weights), weights).SerializeToString(deterministic=True) for way in (traced, recorded)]
    assert ways[0] == ways[1]


def test_without_tensorflow_as_the_backend_it_is_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    """What KERAS_BACKEND names decides where both are installed; the graphs' producers tell which way was taken."""
    weights = Network(small_vocabulary(), NetworkShape(1, 8, 4)).step_weights()
    assert graph_of(weights).producer_name == "tf2onnx"
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    assert graph_of(weights).producer_name != "tf2onnx"
