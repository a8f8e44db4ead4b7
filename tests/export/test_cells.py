"""Every kind of cell: Keras and ONNX Runtime step for step, int8, and what a file of it holds (P17)."""

from __future__ import annotations

from collections import Counter
from functools import cache

import numpy as np
import pytest

from musicrnn.export.keras_step import KerasStepModel
from musicrnn.export.quantise import quantise
from musicrnn.export.report import LARGEST_DIFFERENCE, checked_distance
from musicrnn.export.step_graph import export_step
from musicrnn.export.walks import walk
from musicrnn.models.cells import CELLS
from musicrnn.models.evaluation import distance
from musicrnn.models.metadata import ModelInfo
from musicrnn.models.model_file import check_model
from musicrnn.models.network import Network, NetworkShape
from musicrnn.models.numpy_step import NumpyStepModel
from musicrnn.models.onnx_graph import read_graph
from musicrnn.models.onnx_step import OnnxStepModel
from musicrnn.models.step import StepModel
from musicrnn.models.step_file import step_file
from musicrnn.testing import small_vocabulary

pytestmark = pytest.mark.train

VOCABULARY = small_vocabulary()
UNITS = 32
OPERATORS = {"Add", "Concat", "Gather", "MatMul", "Mul", "Reshape", "Sigmoid", "Split", "Squeeze", "Tanh"}
EACH = pytest.mark.parametrize("cell", list(CELLS))
LAYERS = pytest.mark.parametrize("layers", [1, 2])


@cache
def made(cell: str, layers: int, spread: float = 0.1) -> tuple[Network, ModelInfo, bytes]:
    """Return a network whose weights all differ from zero, what it is, and its file."""
    network = Network(VOCABULARY, NetworkShape(layers, UNITS, 16, cell=cell), seed=3)
    rng = np.random.default_rng(layers)
    for variable in network.trainable_variables:
        variable.assign(np.asarray(variable) + spread * rng.standard_normal(variable.shape))
    info = ModelInfo("small", VOCABULARY, layers, UNITS, cell=cell)
    return network, info, export_step(network.step_weights(), info)


def playing(content: bytes) -> OnnxStepModel:
    """Return the model as the daemon plays it."""
    return OnnxStepModel(check_model(content, "test"))


@EACH
@LAYERS
@pytest.mark.parametrize("kind", ["keras", "numpy"])
def test_each_cell_takes_the_steps_of_its_network(cell: str, layers: int, kind: str) -> None:
    """Within 1e-5, each step from the network's own state."""
    network, info, content = made(cell, layers)
    references: dict[str, StepModel] = {
        "keras": KerasStepModel(network, info),
        "numpy": NumpyStepModel(network.step_weights(), info),
    }
    model = playing(content)
    found = distance(references[kind], model, [walk(model, 4, seed) for seed in range(2)], one_state=True)
    assert found.steps > 200
    assert found.logits <= LARGEST_DIFFERENCE
    assert found.state <= LARGEST_DIFFERENCE
    assert found.same_first == 1


@EACH
def test_training_reads_a_piece_as_playing_reads_it(cell: str) -> None:
    """All at once or step by step, and padding at its end changes nothing."""
    network, _, content = made(cell, 2)
    model = playing(content)
    piece = walk(model, 2)
    count, padding = len(piece.places), 3
    tokens = np.pad(piece.tokens[:-1], (0, padding))[None]
    places = np.pad(piece.places, ((0, padding), (0, 0)))[None]
    mask = (np.arange(count + padding) < count)[None]
    together, after = network(tokens, places, mask, network.initial_state(1))
    state = model.initial_state()
    assert after.shape == state.shape
    from musicrnn.models.timing import Position

    for at in range(count):
        logits, state = model.step(int(tokens[0, at]), Position(*map(int, places[0, at])), state)
        np.testing.assert_allclose(logits, np.asarray(together)[0, at], rtol=0, atol=1e-4)
    np.testing.assert_allclose(state, np.asarray(after), rtol=0, atol=1e-4)


@EACH
@LAYERS
def test_int8_of_each_cell_is_near(cell: str, layers: int) -> None:
    """Step by step from the same states, with weights of 7 bits."""
    network, info, content = made(cell, layers)
    small = quantise(content)
    reference, piece = NumpyStepModel(network.step_weights(), info), walk(playing(content), 4)
    found = distance(reference, playing(small), [piece], one_state=True)
    assert check_model(small, "test").info.cell == cell
    assert found.nats < 0.01
    assert found.state < 0.1


@EACH
@LAYERS
@pytest.mark.parametrize("precision", ["float32", "int8"])
def test_a_file_written_without_training_is_the_same_graph(cell: str, layers: int, precision: str) -> None:
    """The same operators on the same numbers, all of the few that a file may hold."""
    network, info, content = made(cell, layers)
    exported = read_graph(content if precision == "float32" else quantise(content))
    written = read_graph(step_file(network.step_weights(), info, precision))
    operators = [Counter(node.operator for node in graph.nodes) for graph in (written, exported)]
    assert operators[0] == operators[1]
    assert set(operators[0]) <= OPERATORS | {"Cast", "DynamicQuantizeLinear", "MatMulInteger"}


def test_a_plain_network_whose_differences_grow_is_exported_all_the_same() -> None:
    """With large weights float32's own rounding grows from step to step; each step is right."""
    network, info, content = made("rnn", 2, spread=0.5)
    keras, piece = KerasStepModel(network, info), walk(playing(content), 4)
    assert distance(keras, playing(content), [piece]).state > LARGEST_DIFFERENCE
    assert checked_distance(keras, content, [piece], "test").state <= LARGEST_DIFFERENCE
