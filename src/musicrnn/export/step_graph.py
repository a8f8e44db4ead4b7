"""Write one step of the network as an ONNX graph."""

from __future__ import annotations

import os
from importlib.util import find_spec

import numpy as np
import onnx

from musicrnn.export.graph_names import with_plain_names
from musicrnn.export.recorder import Recorder, Value
from musicrnn.models.metadata import ModelInfo
from musicrnn.models.model_file import seal
from musicrnn.models.weights import LayerWeights, StepWeights

_MINUS = np.array(-1.0, np.float32)


def export_step(weights: StepWeights, info: ModelInfo) -> bytes:
    """Return the model file of these weights: the step graph, and what it says of itself.

    Inputs token int32[B], position int32[B, 3], state float32[layers, rows, B, units]; outputs logits
    float32[B, V] and next_state. The graph is cell arithmetic: no Loop, no operator of one vendor.
    """
    model = with_plain_names(graph_of(weights), weights)
    return seal(model.SerializeToString(deterministic=True), info)


def graph_of(weights: StepWeights) -> onnx.ModelProto:
    """Return the graph of a step, by tf2onnx where Keras runs on TensorFlow, else recorded: the same bytes."""
    if (
        os.environ.get("KERAS_BACKEND", "tensorflow") == "tensorflow"
        and find_spec("tf2onnx")
        and find_spec("tensorflow")
    ):
        from musicrnn.export.traced import traced

        return traced(weights)
    return recorded(weights)


def recorded(weights: StepWeights) -> onnx.ModelProto:
    """Take a step of values to come, and return what was done to them.

    The rows of every layer are kept as [1, B, units], which spares an operator for each.
    """
    layers, rows, _, units = weights.state_shape
    record, state_shape = Recorder(), (layers, rows, None, units)
    token = record.input("token", onnx.TensorProto.INT32, [None])
    position = record.input("position", onnx.TensorProto.INT32, [None, 3])
    state = record.input("state", onnx.TensorProto.FLOAT, state_shape)
    x = record.rows(weights.token, token) + _place(record, weights, position)
    before = record.split(record.shaped(state, [rows * layers, -1, units]), rows * layers, axis=0)
    after: list[Value] = []
    for i, layer in enumerate(weights.layers):
        after += _CELLS[weights.cell](record, layer, x, before[rows * i : rows * (i + 1)])
        x = after[-rows]
    logits = record.squeezed(record.product(x, weights.output) + weights.output_bias, 0)
    joined = record.shaped(record.join(after, axis=0), [layers, rows, -1, units])
    return record.model({"logits": (logits, (None, weights.output.shape[1])), "next_state": (joined, state_shape)})


def _place(record: Recorder, weights: StepWeights, position: Value) -> Value:
    """Return the sum of a position's rows, [B, E]."""
    tick, beat, metre = record.split(position, 3, axis=1)
    rows = record.rows(weights.tick, tick) + record.rows(weights.beat, beat) + record.rows(weights.metre, metre)
    return record.squeezed(rows, 1)


def _lstm(record: Recorder, layer: LayerWeights, x: Value, before: list[Value]) -> list[Value]:
    """Return h and c after a step of a layer."""
    h, c = before
    gates = record.product(h, layer.recurrent) + layer.bias + record.product(x, layer.kernel)
    enter, forget, candidate, out = record.split(gates, 4, axis=-1)
    c = record.one("Sigmoid", forget) * c + record.one("Sigmoid", enter) * record.one("Tanh", candidate)
    return [record.one("Sigmoid", out) * record.one("Tanh", c), c]


def _gru(record: Recorder, layer: LayerWeights, x: Value, before: list[Value]) -> list[Value]:
    """Return h after a step of a layer."""
    (h,) = before
    update_h, reset_h, candidate_h = record.split(record.product(h, layer.recurrent) + layer.bias[1], 3, axis=-1)
    update, reset, candidate = record.split(record.product(x, layer.kernel) + layer.bias[0], 3, axis=-1)
    new = record.one("Tanh", candidate_h * record.one("Sigmoid", reset_h + reset) + candidate)
    return [new + record.one("Sigmoid", update_h + update) * (h + new * _MINUS)]


def _rnn(record: Recorder, layer: LayerWeights, x: Value, before: list[Value]) -> list[Value]:
    """Return h after a step of a layer."""
    return [
        record.one("Tanh", record.product(before[0], layer.recurrent) + layer.bias + record.product(x, layer.kernel))
    ]


_CELLS = {"lstm": _lstm, "gru": _gru, "rnn": _rnn}
