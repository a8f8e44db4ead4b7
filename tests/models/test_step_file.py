"""A model file from weights alone: the strict reader takes it, and it takes the step that the reference takes."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from musicrnn.models.cells import CELLS
from musicrnn.models.metadata import ModelInfo
from musicrnn.models.model_file import check_model
from musicrnn.models.numpy_step import NumpyStepModel
from musicrnn.models.onnx_graph import graph_bytes, read_graph
from musicrnn.models.onnx_step import OnnxStepModel
from musicrnn.models.step_file import quantised_columns, step_file
from musicrnn.models.timing import Position
from musicrnn.models.untrained import random_weights
from musicrnn.models.weights import StepWeights
from musicrnn.testing import small_vocabulary
from tests.models.model_files import SMALL, SMALL_INT8

VOCABULARY = small_vocabulary()


@cache
def weights(layers: int = 2, cell: str = "lstm") -> StepWeights:
    """Return random weights with a bias everywhere, so that nothing is left out unnoticed."""
    drawn = random_weights(VOCABULARY, layers, 16, 8, cell=cell)
    rng = np.random.default_rng(1)
    bias = rng.standard_normal(VOCABULARY.size).astype(np.float32)
    stack = tuple(
        replace(each, bias=each.bias + rng.standard_normal(each.bias.shape).astype(np.float32)) for each in drawn.layers
    )
    return replace(drawn, layers=stack, output_bias=bias)


def info(layers: int = 2, cell: str = "lstm") -> ModelInfo:
    """Return a description of them."""
    return ModelInfo("random", VOCABULARY, layers, 16, cell=cell)


@pytest.mark.parametrize("cell", list(CELLS))
@pytest.mark.parametrize(("precision", "tolerance"), [("float32", 1e-5), ("int8", 0.05)])
@pytest.mark.parametrize("layers", [1, 2, 3])
def test_the_file_takes_the_step_of_the_reference(layers: int, precision: str, tolerance: float, cell: str) -> None:
    """From states that are not zero, at several positions."""
    file = check_model(step_file(weights(layers, cell), info(layers, cell), precision), "random")
    model, reference = OnnxStepModel(file), NumpyStepModel(weights(layers, cell), info(layers, cell))
    rows = 2 if cell == "lstm" else 1
    assert model.initial_state().shape == reference.initial_state().shape == (layers, rows, 1, 16)
    rng = np.random.default_rng(2)
    for number in range(4):
        token, where = int(rng.integers(VOCABULARY.size)), Position(number, number, 4)
        state = rng.standard_normal((layers, rows, 1, 16)).astype(np.float32)
        for found, wanted in zip(model.step(token, where, state), reference.step(token, where, state), strict=True):
            np.testing.assert_allclose(found, wanted, rtol=0, atol=tolerance)


@pytest.mark.parametrize("precision", ["float32", "int8"])
def test_the_file_says_its_precision(precision: str) -> None:
    """And all else that the description had."""
    found = check_model(step_file(weights(), info(), precision), "random").info
    assert found == replace(info(), precision=precision)


@pytest.mark.parametrize("path", [SMALL, SMALL_INT8])
def test_a_graph_that_is_written_is_read_as_it_was(path: object) -> None:
    """The fixtures come from the export."""
    graph = read_graph(SMALL.read_bytes() if path == SMALL else SMALL_INT8.read_bytes())
    again = read_graph(graph_bytes(graph))
    assert replace(again, tensors={}) == replace(graph, tensors={})
    assert list(again.tensors) == list(graph.tensors)
    for name, array in graph.tensors.items():
        np.testing.assert_array_equal(again.tensors[name], array, strict=True)


@given(st.lists(st.lists(st.floats(-4, 4, width=32), min_size=3, max_size=3), min_size=1, max_size=9))
def test_columns_come_back_within_half_a_level(rows: list[list[float]]) -> None:
    """Each column has its own scale."""
    array = np.array(rows, np.float32)
    numbers, scale = quantised_columns(array)
    assert numbers.dtype == np.int8
    assert np.abs(numbers.astype(int)).max() <= 64
    assert (np.abs(numbers * scale - array) <= scale * 0.5001 + 1e-30).all()
