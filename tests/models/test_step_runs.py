"""The quicker ways to take a step, beside the plain arithmetic of the same weights."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from musicrnn.models.blas_run import BlasRun
from musicrnn.models.catalogue import find_model
from musicrnn.models.first_steps import again, alike, fast, first_steps
from musicrnn.models.metadata import ModelInfo
from musicrnn.models.model_file import load_checked
from musicrnn.models.numpy_step import NumpyStepModel
from musicrnn.models.onnx_plan import make_plan
from musicrnn.models.onnx_run import FileRun, PlanRun, Run
from musicrnn.models.onnx_step import OnnxStepModel, quicker_run
from musicrnn.models.score import Part
from musicrnn.models.step_reader import Matrix, ReadLayer, ReadWeights
from musicrnn.models.step_rows import MOST_BYTES, rows_fit
from musicrnn.models.timing import Position
from musicrnn.models.untrained import random_weights
from musicrnn.models.vocabulary import Vocabulary
from musicrnn.models.weights import Floats, LayerWeights, StepWeights
from tests.models.model_files import SMALL

VOCABULARY = Vocabulary(4, (Part("lead", 60, 71, 1),), max_polyphony=2)
SIZES = st.tuples(st.integers(1, 3), st.sampled_from([1, 7, 32, 96]), st.integers(1, 9))


def _info(weights: StepWeights) -> ModelInfo:
    return ModelInfo("random", VOCABULARY, len(weights.layers), weights.layers[0].recurrent.shape[0])


def _weights(layers: int, units: int, embedding: int, seed: int) -> StepWeights:
    """Return weights with biases that differ, so that none can stand for another."""
    rng = np.random.default_rng(seed)
    plain = random_weights(VOCABULARY, layers, units, embedding, seed)
    stack = tuple(replace(layer, bias=rng.standard_normal(4 * units).astype(np.float32)) for layer in plain.layers)
    return replace(plain, layers=stack, output_bias=rng.standard_normal(VOCABULARY.size).astype(np.float32))


def _float32(weights: StepWeights) -> ReadWeights:
    layers = tuple(ReadLayer(Matrix(each.kernel), Matrix(each.recurrent), each.bias) for each in weights.layers)
    tables = (weights.token, weights.tick, weights.beat, weights.metre)
    return ReadWeights(tables, layers, Matrix(weights.output), weights.output_bias)


def _rounded(matrix: Floats) -> Matrix:
    scale = (np.abs(matrix).max(axis=0) / 63).astype(np.float32)
    return Matrix(np.round(matrix / scale).astype(np.int8), scale)


def _int8(weights: StepWeights) -> tuple[ReadWeights, StepWeights]:
    """Return weights in int8, and the weights that these stand for."""
    layers = tuple(ReadLayer(_rounded(each.kernel), _rounded(each.recurrent), each.bias) for each in weights.layers)
    tables = (weights.token, weights.tick, weights.beat, weights.metre)
    small = ReadWeights(tables, layers, _rounded(weights.output), weights.output_bias)
    exact = tuple(LayerWeights(each.kernel.as_floats(), each.recurrent.as_floats(), each.bias) for each in layers)
    return small, replace(weights, layers=exact, output=small.output.as_floats())


def _apart(run: Run, weights: StepWeights, seed: int) -> float:
    """Return the largest difference from the plain arithmetic over some steps, each from the plain one's state."""
    plain, rng, found = NumpyStepModel(weights, _info(weights)), np.random.default_rng(seed), 0.0
    state = plain.initial_state()
    for _ in range(20):
        token, place = int(rng.integers(VOCABULARY.size)), Position(*map(int, rng.integers((4, 16, 33))))
        run.step(token, place, state)
        logits, state = plain.step(token, place, state)
        found = max(found, np.abs(run.logits - logits).max(), np.abs(run.after - state).max())
    return found


@given(size=SIZES, seed=st.integers(0, 2**32 - 1))
def test_blas_takes_the_same_steps_as_plain_arithmetic(size: tuple[int, int, int], seed: int) -> None:
    """Any number of layers, units and inputs, within 1e-5."""
    weights = _weights(*size, seed)
    assert _apart(BlasRun(_float32(weights)), weights, seed) <= 1e-5


@given(layers=st.integers(1, 3), units=st.sampled_from([32, 96, 256, 320]), seed=st.integers(0, 2**32 - 1))
def test_a_plan_takes_the_steps_of_its_weights(layers: int, units: int, seed: int) -> None:
    """What is multiplied is rounded to 8 bits, block by block: within 2 % of numbers near 1."""
    small, exact = _int8(_weights(layers, units, 9, seed))
    plan = make_plan(small)
    assert plan is not None
    assert _apart(PlanRun(plan, small, _info(exact)), exact, seed) <= 2e-2


@pytest.mark.parametrize("units", [8, 16, 100])
def test_units_without_blocks_have_no_plan(units: int) -> None:
    """ONNX Runtime has no 8-bit product for blocks under 32."""
    assert make_plan(_int8(_weights(1, units, 4, 0))[0]) is None


def test_float32_has_no_plan() -> None:
    """BLAS takes its steps."""
    assert make_plan(_float32(_weights(1, 32, 4, 0))) is None


def test_rows_that_would_be_too_large_are_not_made() -> None:
    """A large vocabulary times many units: the file's own graph multiplies as it goes."""
    few = _float32(_weights(1, 32, 4, 0))
    assert rows_fit(few)
    many = np.broadcast_to(few.tables[0][:1], (MOST_BYTES // (32 * 16), 4))
    assert not rows_fit(replace(few, tables=(many, *few.tables[1:])))


def test_a_run_that_takes_other_steps_is_left() -> None:
    """The first steps of the file's own graph are the measure."""
    file = load_checked(SMALL)
    steps = first_steps(FileRun(file.content, file.info), file.info, "test")
    assert isinstance(quicker_run(file, steps), BlasRun)
    wrong = [replace(step, logits=step.logits + 0.01) for step in steps]
    assert quicker_run(file, wrong) is None


def test_steps_are_alike_by_all_their_numbers() -> None:
    """A NaN is like nothing."""
    file = load_checked(SMALL)
    run = FileRun(file.content, file.info)
    steps = first_steps(run, file.info, "test")
    assert alike(steps, again(run, steps), 0.0)
    odd = np.where(np.arange(42) == 7, np.nan, steps[3].logits).astype(np.float32)
    assert not alike(steps, [*steps[:3], replace(steps[3], logits=odd), *steps[4:]], 1.0)


def test_what_is_far_slower_is_left() -> None:
    """By the quickest of many steps, so that a moment's load counts for nothing."""
    file = load_checked(SMALL)
    run = FileRun(file.content, file.info)
    steps = first_steps(run, file.info, "test")
    assert fast([replace(step, seconds=60.0) for step in steps], run)
    assert not fast([*steps[1:], replace(steps[0], seconds=0.0)], run)


def test_a_way_that_was_found_before_is_taken_without_trying_it_again() -> None:
    """It takes the same steps; one that the file does not have is not taken."""
    small, int8 = load_checked(SMALL), load_checked(find_model("chorales"))
    assert [OnnxStepModel(file, way=way).way for file in (small, int8) for way in ("blas", "plan", "file", "")] == [
        "blas", "blas", "file", "blas", "plan", "plan", "file", "plan",
    ]  # fmt: skip
    tried, told = OnnxStepModel(small), OnnxStepModel(small, way="blas")
    state = np.full_like(tried.initial_state(), 0.25)
    for one, other in zip(*(model.step(3, Position(1, 2, 4), state) for model in (tried, told)), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_model_can_be_run_as_it_stands() -> None:
    """For whoever compares."""
    file = load_checked(SMALL)
    assert [OnnxStepModel(file, quick=quick).way for quick in (True, False)] == ["blas", "file"]
