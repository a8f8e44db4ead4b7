"""Arithmetic that is recorded as a graph: a player computes what was written, and no more than that."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest

from musicrnn.export.graph_names import IR_VERSION
from musicrnn.export.recorder import Recorder

pytestmark = pytest.mark.train

RNG = np.random.default_rng(8)
MATRIX = RNG.standard_normal((3, 4)).astype(np.float32)
BIAS = RNG.standard_normal(4).astype(np.float32)


def _played(model: onnx.ModelProto, **inputs: np.ndarray) -> list[np.ndarray]:
    model.ir_version = IR_VERSION
    onnx.checker.check_model(model, full_check=True)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return [np.asarray(each) for each in session.run(None, inputs)]


def test_what_was_written_is_what_is_computed() -> None:
    """A product, a sum, parts of it, a function of one, and all put together again."""
    record = Recorder()
    x = record.input("x", onnx.TensorProto.FLOAT, [None, 3])
    left, right = record.split(record.product(x, MATRIX) + BIAS, 2, axis=-1)
    y = record.join([record.one("Tanh", left) * right, right], axis=1)
    given = RNG.standard_normal((5, 3)).astype(np.float32)
    (found,) = _played(record.model({"y": (y, [None, 4])}), x=given)
    first, second = np.split(given @ MATRIX + BIAS, 2, axis=1)
    np.testing.assert_allclose(found, np.concatenate([np.tanh(first) * second, second], axis=1), atol=1e-6)


def test_rows_of_a_table_are_taken_and_shaped() -> None:
    """By whole numbers; -1 is what is left over, and an axis of one goes."""
    record = Recorder()
    at = record.input("at", onnx.TensorProto.INT32, [None])
    y = record.squeezed(record.shaped(record.rows(MATRIX, at), [1, -1, 2]), 0)
    (found,) = _played(record.model({"y": (y, [None, 2])}), at=np.array([2, 0], np.int32))
    np.testing.assert_array_equal(found, MATRIX[[2, 0]].reshape(-1, 2))


def test_zeros_are_not_added_and_equal_arrays_are_kept_once() -> None:
    """What a player would do for nothing is not in the graph."""
    record = Recorder()
    x = record.input("x", onnx.TensorProto.FLOAT, [None, 4])
    y = record.split(x + np.zeros(4, np.float32) + BIAS + BIAS.copy(), 1, axis=0)
    graph = record.model({"y": (record.join(y, axis=0), [None, 4])}).graph
    assert [node.op_type for node in graph.node] == ["Add", "Add"]
    assert len(graph.initializer) == 1
