"""Keras and ONNX Runtime, step for step; int8; the same bytes for the same weights."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from musicrnn.errors import ModelError
from musicrnn.export.keras_step import KerasStepModel
from musicrnn.export.quantise import quantise
from musicrnn.export.report import beginnings, change, checked_distance, first_pieces
from musicrnn.export.step_graph import export_step
from musicrnn.export.walks import walk
from musicrnn.models.corpus import read_corpus
from musicrnn.models.evaluation import TokenPiece, distance
from musicrnn.models.grammar import Grammar
from musicrnn.models.metadata import ModelInfo
from musicrnn.models.model_file import check_model
from musicrnn.models.network import Network, NetworkShape
from musicrnn.models.numpy_step import NumpyStepModel
from musicrnn.models.onnx_graph import read_graph
from musicrnn.models.onnx_step import OnnxStepModel
from musicrnn.models.score import Part
from musicrnn.models.step import StepModel
from musicrnn.models.step_file import step_file
from musicrnn.models.untrained import random_weights
from musicrnn.models.vocabulary import Vocabulary
from musicrnn.models.weights import StepWeights
from musicrnn.trainer.dataset import piece_of

pytestmark = pytest.mark.train

CHORALES = Path(__file__).parent.parent / "fixtures" / "chorales"
LAYERS, UNITS, EMBEDDING = 2, 64, 32
LOUD = 6.0


@cache
def _real_pieces() -> tuple[Vocabulary, tuple[TokenPiece, ...]]:
    """Return real chorales as pieces of the vocabulary that holds them."""
    from musicrnn.config.corpus import CorpusSettings

    corpus = read_corpus([CHORALES], CorpusSettings(cache=False))
    vocabulary = Vocabulary(12, corpus.parts, max_polyphony=8)
    grammar = Grammar(vocabulary)
    return vocabulary, tuple(piece_of(piece.score, grammar, 0)[0] for piece in corpus.pieces[:4])


@cache
def _network() -> tuple[Network, ModelInfo]:
    """Return a network whose weights are far from small, so that differences show."""
    vocabulary, _ = _real_pieces()
    network = Network(vocabulary, NetworkShape(LAYERS, UNITS, EMBEDDING), seed=5)
    for variable in network.trainable_variables:
        if "in_" in variable.path or "out_" in variable.path:
            variable.assign(np.asarray(variable) * LOUD + 0.01)
    return network, ModelInfo("loud", vocabulary, LAYERS, UNITS)


@cache
def _exported() -> bytes:
    network, info = _network()
    return export_step(network.step_weights(), info)


def _model(content: bytes, *, quick: bool = True) -> OnnxStepModel:
    return OnnxStepModel(check_model(content, "test"), quick=quick)


def _keras() -> StepModel:
    return KerasStepModel(*_network())


def _numpy() -> StepModel:
    network, info = _network()
    return NumpyStepModel(network.step_weights(), info)


@pytest.mark.parametrize("quick", [True, False], ids=["as it plays", "as it stands"])
@pytest.mark.parametrize("reference", [_keras, _numpy], ids=["keras", "numpy"])
def test_the_export_agrees_with_the_network_step_for_step_over_real_pieces(
    reference: Callable[[], StepModel], quick: bool
) -> None:
    """Whole chorales, each model with its own state all the way: within 1e-5, in both ways to take a step."""
    model = _model(_exported(), quick=quick)
    assert model.way == ("blas" if quick else "file")
    found = distance(reference(), model, _real_pieces()[1])
    assert found.steps > 1500
    assert found.logits <= 1e-5
    assert found.state <= 1e-5
    assert found.same_first == 1


def test_keras_reads_a_whole_piece_as_the_export_reads_it_step_by_step() -> None:
    """What training sees of a piece is what playing sees."""
    network, _ = _network()
    piece = _real_pieces()[1][0]
    count = len(piece.tokens) - 1
    tokens = piece.tokens[None, :-1].astype(np.int32)
    places = piece.places[None].astype(np.int32)
    together, _ = network(tokens, places, np.ones((1, count), bool), network.initial_state(1))
    model = _model(_exported())
    state = model.initial_state()
    from musicrnn.models.timing import Position

    for at in range(count):
        logits, state = model.step(int(tokens[0, at]), Position(*map(int, places[0, at])), state)
        np.testing.assert_allclose(logits, np.asarray(together)[0, at], rtol=0, atol=1e-5)


def test_int8_stays_close_to_float32_on_real_pieces() -> None:
    """Under one percent of the nats a tick."""
    content = _exported()
    small = quantise(content)
    cost = change(content, small, _real_pieces()[1])
    assert check_model(small, "test").info.precision == "int8"
    assert (_model(content).way, _model(small).way) == ("blas", "plan")
    assert len(small) < 0.5 * len(content)
    assert abs(cost.percent) < 1


@pytest.mark.parametrize("precision", ["float32", "int8"])
def test_a_file_of_weights_alone_is_the_same_graph(precision: str) -> None:
    """Another way to write it, without the packages of training: the same operations on the same numbers."""
    weights, info = _network()[0].step_weights(), _network()[1]
    content = _exported() if precision == "float32" else quantise(_exported())
    exported, written = read_graph(content), read_graph(step_file(weights, info, precision))
    assert Counter(node.operator for node in written.nodes) == Counter(node.operator for node in exported.nodes)
    for name, array in written.tensors.items():
        if name in exported.tensors:
            np.testing.assert_array_equal(array, exported.tensors[name])
    assert len(set(written.tensors) & set(exported.tensors)) > len(weights.layers)


def test_what_is_int8_already_cannot_be_quantised() -> None:
    """The precision stands in the file."""
    with pytest.raises(ModelError, match="only a float32 model can be quantised, got int8"):
        quantise(quantise(_exported()))


def test_the_same_weights_give_the_same_file() -> None:
    """Twice in one process, float32 and int8."""
    network, info = _network()
    again = export_step(network.step_weights(), info)
    assert again == _exported()
    assert quantise(again) == quantise(_exported())


@pytest.mark.parametrize("layers", [1, 3])
def test_any_number_of_layers_passes_the_checks_of_a_file(layers: int) -> None:
    """Drums with velocities, one layer and three."""
    parts = (Part("drums", 35, 51, 10, 0, True),)
    vocabulary = Vocabulary(4, parts, velocity_bins=3)
    weights = random_weights(vocabulary, layers, 8, 4)
    info = ModelInfo("drums", vocabulary, layers, 8)
    content = export_step(weights, info)
    for each in (content, quantise(content)):
        assert _model(each).way == ("blas" if each is content else "file")
        assert np.isfinite(_model(each).step(0, (0, 0, 4), _model(each).initial_state())[0]).all()  # type: ignore[arg-type]


def test_the_graph_holds_no_loop_and_no_operator_of_one_vendor() -> None:
    """Cell arithmetic alone; the reader of graphs refuses other domains."""
    from musicrnn.models.onnx_graph import read_graph

    operators = {node.operator for node in read_graph(_exported()).nodes}
    assert operators == {
        "Add", "Concat", "Gather", "MatMul", "Mul", "Reshape", "Sigmoid", "Split", "Squeeze", "Tanh",
    }  # fmt: skip


def test_weights_that_equal_each_other_are_no_trouble() -> None:
    """Equal arrays are kept once, and zeros are not added."""
    vocabulary, _ = _real_pieces()
    weights = random_weights(vocabulary, 2, 16, 16)
    same = replace(weights, layers=(weights.layers[0], weights.layers[0]))
    info = ModelInfo("same", vocabulary, 2, 16)
    assert _model(export_step(same, info)).way == "blas"
    found = checked_distance(NumpyStepModel(same, info), export_step(same, info), _real_pieces()[1][:1], "test")
    assert found.logits <= 1e-5


def test_weights_that_are_not_finite_are_not_exported_as_a_model() -> None:
    """The file that would be written does not pass its own check."""
    network, info = _network()
    weights: StepWeights = network.step_weights()
    weights.layers[0].kernel[0, 0] = np.nan
    with pytest.raises(ModelError, match="must be finite"):
        check_model(export_step(weights, info), "test")


def test_an_export_that_does_not_agree_is_refused() -> None:
    """Compared with a network of other weights."""
    network, info = _network()
    other = network.step_weights()
    other.output_bias[3] += 0.01
    with pytest.raises(ModelError, match=r"must be within 1e-05 of the network"):
        checked_distance(NumpyStepModel(other, info), _exported(), [walk(_numpy(), 1)], "test")


def test_only_as_many_pieces_are_measured_as_are_asked_for() -> None:
    """At least so many predictions, whole pieces."""
    pieces = _real_pieces()[1]
    assert first_pieces(pieces, 1) == list(pieces[:1])
    assert first_pieces(pieces, 10**9) == list(pieces)


def test_the_last_piece_that_is_compared_with_keras_ends_where_there_are_steps_enough() -> None:
    """A long one would take minutes; its beginning is as good."""
    pieces = _real_pieces()[1]
    first = len(pieces[0].tokens) - 1
    whole, cut = beginnings(pieces, first + 7)
    assert whole is pieces[0]
    assert cut.tokens.tolist() == pieces[1].tokens[:8].tolist()
    assert cut.places.tolist() == pieces[1].places[:7].tolist()
    assert beginnings(pieces, first) == [pieces[0]]
