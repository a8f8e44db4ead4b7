"""Weights read back out of a graph: of a step as export writes it, whatever its order, and of nothing else."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

from musicrnn.models.model_check import known_values
from musicrnn.models.model_file import check_model
from musicrnn.models.onnx_graph import read_graph
from musicrnn.models.step_reader import ReadWeights, read_weights
from tests.models.model_files import SMALL, SMALL_INT8, Change, changed, put


def _read(content: bytes) -> ReadWeights | None:
    file = check_model(content, "test")
    graph = read_graph(file.content)
    return read_weights(graph, file.info, known_values(graph, file.info))


def _makers(model: onnx.ModelProto) -> dict[str, onnx.NodeProto]:
    return {name: node for node in model.graph.node for name in node.output}


def _swapped(model: onnx.ModelProto, operator: str) -> None:
    """Exchange the inputs of every node of an operator."""
    for node in model.graph.node:
        if node.op_type == operator:
            node.input[0], node.input[1] = node.input[1], node.input[0]


def test_every_array_stands_in_its_place() -> None:
    """By the names that export gives to tensors, which the reader does not look at."""
    tensors = read_graph(SMALL.read_bytes()).tensors
    weights = _read(SMALL.read_bytes())
    assert weights is not None
    for name, table in zip(("token", "tick", "beat", "metre"), weights.tables, strict=True):
        np.testing.assert_array_equal(table, tensors[f"{name}_weights"])
    for i, layer in enumerate(weights.layers):
        np.testing.assert_array_equal(layer.kernel.as_floats(), tensors[f"kernel_{i}_weights"])
        np.testing.assert_array_equal(layer.recurrent.as_floats(), tensors[f"recurrent_{i}_weights"])
        assert layer.bias.shape == (32,)
    np.testing.assert_array_equal(weights.output.as_floats(), tensors["output_weights"])
    assert weights.output_bias.shape == (42,)


def test_int8_stands_for_nearly_the_same_numbers() -> None:
    """Each column within half a step of its scale."""
    exact, small = _read(SMALL.read_bytes()), _read(SMALL_INT8.read_bytes())
    assert exact is not None
    assert small is not None
    for one, other in zip(exact.layers, small.layers, strict=True):
        assert other.kernel.values.dtype == np.int8
        assert other.kernel.scale is not None
        assert (np.abs(one.kernel.as_floats() - other.kernel.as_floats()) <= 0.501 * other.kernel.scale).all()


@pytest.mark.parametrize("operator", ["Add", "Mul"])
def test_the_order_of_terms_and_factors_does_not_matter(operator: str) -> None:
    """A sum is a sum."""
    same, other = (_read(changed(change)) for change in (lambda _: None, lambda model: _swapped(model, operator)))
    assert same is not None
    assert other is not None
    np.testing.assert_array_equal(same.layers[1].kernel.values, other.layers[1].kernel.values)


def _other_curve(model: onnx.ModelProto) -> None:
    next(node for node in model.graph.node if node.op_type == "Tanh").op_type = "Sigmoid"


def _other_gates(model: onnx.ModelProto) -> None:
    split = next(node for node in model.graph.node if node.op_type == "Split" and node.attribute[0].i == -1)
    split.output[0], split.output[1] = split.output[1], split.output[0]


def _other_state(model: onnx.ModelProto) -> None:
    concat = next(node for node in model.graph.node if node.op_type == "Concat")
    concat.input[0], concat.input[1] = concat.input[1], concat.input[0]


def _other_logits(model: onnx.ModelProto) -> None:
    """Take the logits of layer 0."""
    concat = next(node for node in model.graph.node if node.op_type == "Concat")
    last = next(node for node in model.graph.node if node.op_type == "MatMul" and node.input[1] == "output_weights")
    last.input[0] = concat.input[0]


def _twice_a_term(model: onnx.ModelProto) -> None:
    """Add layer 0's recurrent product to itself instead of the bias."""
    node = next(node for node in model.graph.node if node.op_type == "Add" and "bias_0_weights" in node.input)
    node.input[1] = node.input[0]
    for other in model.graph.node:
        for i, name in enumerate(other.input):
            if name == "bias_0_weights":
                other.input[i] = node.input[0]
    kept = [tensor for tensor in model.graph.initializer if tensor.name != "bias_0_weights"]
    del model.graph.initializer[:]
    model.graph.initializer.extend(kept)


@pytest.mark.parametrize(
    "change",
    [_other_curve, _other_gates, _other_state, _other_logits, _twice_a_term],
    ids=lambda change: change.__name__,
)
def test_another_arithmetic_is_not_taken_for_an_lstm(change: Change) -> None:
    """The graph passes the file's checks and is no step of ours: it is left to ONNX Runtime."""
    assert _read(changed(change)) is None


def test_a_bias_of_another_size_is_not_taken() -> None:
    """One number that is added to all gates is fine by ONNX."""
    assert _read(changed(lambda model: put(model, "output_bias_weights", np.ones(1, np.float32)))) is None


def test_zero_points_other_than_zero_are_not_taken() -> None:
    """The plan's product knows none."""
    content = SMALL_INT8.read_bytes()
    graph = read_graph(content)
    info = check_model(content, "test").info
    graph.tensors["kernel_1_weights_zero_point"] = np.ones(32, np.int8)
    assert read_weights(graph, info, known_values(graph, info)) is None
