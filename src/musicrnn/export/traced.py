"""Trace one step of the network into an ONNX graph, through tf2onnx."""

from __future__ import annotations

from typing import Any

import onnx

from musicrnn.export.graph_names import OPSET
from musicrnn.models.weights import LayerWeights, StepWeights

Tensor = Any


def traced(weights: StepWeights) -> onnx.ModelProto:
    """Return the graph that tf2onnx makes of a step of TensorFlow's."""
    import tensorflow as tf
    import tf2onnx

    layers, rows, _, units = weights.state_shape
    signature = [
        tf.TensorSpec([None], tf.int32, name="token"),
        tf.TensorSpec([None, 3], tf.int32, name="position"),
        tf.TensorSpec([layers, rows, None, units], tf.float32, name="state"),
    ]

    def step(token: Tensor, position: Tensor, state: Tensor) -> dict[str, Tensor]:
        return _step(tf, weights, token, position, state)

    function = tf.function(step, input_signature=signature)
    model: onnx.ModelProto = tf2onnx.convert.from_function(function, input_signature=signature, opset=OPSET)[0]
    return model


def _step(tf: Any, weights: StepWeights, token: Tensor, position: Tensor, state: Tensor) -> dict[str, Tensor]:
    """Take a step; the rows of every layer are kept as [1, B, units], which spares an operator for each."""
    layers, rows, _, units = weights.state_shape
    x = tf.gather(weights.token, token) + _place(tf, weights, position)
    flat = tf.reshape(state, [rows * layers, -1, units])
    before = tf.split(flat, rows * layers, axis=0) if rows * layers > 1 else [flat]
    after: list[Tensor] = []
    for i, layer in enumerate(weights.layers):
        after += _CELLS[weights.cell](tf, layer, x, before[rows * i : rows * (i + 1)])
        x = after[-rows]
    logits = tf.squeeze(tf.matmul(x, weights.output) + weights.output_bias, axis=0)
    joined = tf.concat(after, axis=0) if len(after) > 1 else after[0]
    return {"logits": logits, "next_state": tf.reshape(joined, [layers, rows, -1, units])}


def _place(tf: Any, weights: StepWeights, position: Tensor) -> Tensor:
    """Return the sum of a position's rows, [B, E]."""
    tick, beat, metre = tf.split(position, 3, axis=1)
    rows = tf.gather(weights.tick, tick) + tf.gather(weights.beat, beat) + tf.gather(weights.metre, metre)
    return tf.squeeze(rows, axis=1)


def _lstm(tf: Any, layer: LayerWeights, x: Tensor, before: list[Tensor]) -> list[Tensor]:
    """Return h and c after a step of a layer."""
    h, c = before
    gates = tf.matmul(h, layer.recurrent) + layer.bias + tf.matmul(x, layer.kernel)
    enter, forget, candidate, out = tf.split(gates, 4, axis=-1)
    c = tf.sigmoid(forget) * c + tf.sigmoid(enter) * tf.tanh(candidate)
    return [tf.sigmoid(out) * tf.tanh(c), c]


def _gru(tf: Any, layer: LayerWeights, x: Tensor, before: list[Tensor]) -> list[Tensor]:
    """Return h after a step of a layer."""
    (h,) = before
    update_h, reset_h, candidate_h = tf.split(tf.matmul(h, layer.recurrent) + layer.bias[1], 3, axis=-1)
    update, reset, candidate = tf.split(tf.matmul(x, layer.kernel) + layer.bias[0], 3, axis=-1)
    new = tf.tanh(candidate_h * tf.sigmoid(reset_h + reset) + candidate)
    return [new + tf.sigmoid(update_h + update) * (h + new * -1.0)]


def _rnn(tf: Any, layer: LayerWeights, x: Tensor, before: list[Tensor]) -> list[Tensor]:
    """Return h after a step of a layer."""
    return [tf.tanh(tf.matmul(before[0], layer.recurrent) + layer.bias + tf.matmul(x, layer.kernel))]


_CELLS = {"lstm": _lstm, "gru": _gru, "rnn": _rnn}
