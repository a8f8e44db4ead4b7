"""Trace one step of the network into an ONNX graph, through tf2onnx."""

from __future__ import annotations

from typing import Any

import onnx

from musicrnn.export.graph_names import OPSET, with_plain_names
from musicrnn.models.metadata import ModelInfo
from musicrnn.models.model_file import seal
from musicrnn.models.weights import StepWeights

Tensor = Any


def export_step(weights: StepWeights, info: ModelInfo) -> bytes:
    """Return the model file of these weights: the step graph, and what it says of itself.

    Inputs token int32[B], position int32[B, 3], state float32[layers, 2, B, units]; outputs logits
    float32[B, V] and next_state. The graph is cell arithmetic: no Loop, no operator of one vendor.
    """
    model = with_plain_names(_traced(weights), weights)
    return seal(model.SerializeToString(deterministic=True), info)


def _traced(weights: StepWeights) -> onnx.ModelProto:
    import tensorflow as tf
    import tf2onnx

    layers, units = len(weights.layers), weights.layers[0].recurrent.shape[0]
    signature = [
        tf.TensorSpec([None], tf.int32, name="token"),
        tf.TensorSpec([None, 3], tf.int32, name="position"),
        tf.TensorSpec([layers, 2, None, units], tf.float32, name="state"),
    ]

    def step(token: Tensor, position: Tensor, state: Tensor) -> dict[str, Tensor]:
        return _step(tf, weights, token, position, state)

    traced = tf.function(step, input_signature=signature)
    model: onnx.ModelProto = tf2onnx.convert.from_function(traced, input_signature=signature, opset=OPSET)[0]
    return model


def _step(tf: Any, weights: StepWeights, token: Tensor, position: Tensor, state: Tensor) -> dict[str, Tensor]:
    """Take a step; h and c of every layer are kept as [1, B, units], which spares an operator for each."""
    layers, units = len(weights.layers), weights.layers[0].recurrent.shape[0]
    x = tf.gather(weights.token, token) + _place(tf, weights, position)
    before = tf.split(tf.reshape(state, [2 * layers, -1, units]), 2 * layers, axis=0)
    after: list[Tensor] = []
    for i, layer in enumerate(weights.layers):
        h, c = before[2 * i : 2 * i + 2]
        gates = tf.matmul(h, layer.recurrent) + layer.bias + tf.matmul(x, layer.kernel)
        x, c = _cell(tf, gates, c)
        after += [x, c]
    logits = tf.squeeze(tf.matmul(x, weights.output) + weights.output_bias, axis=0)
    return {"logits": logits, "next_state": tf.reshape(tf.concat(after, axis=0), [layers, 2, -1, units])}


def _place(tf: Any, weights: StepWeights, position: Tensor) -> Tensor:
    """Return the sum of a position's rows, [B, E]."""
    tick, beat, metre = tf.split(position, 3, axis=1)
    rows = tf.gather(weights.tick, tick) + tf.gather(weights.beat, beat) + tf.gather(weights.metre, metre)
    return tf.squeeze(rows, axis=1)


def _cell(tf: Any, gates: Tensor, cell: Tensor) -> tuple[Tensor, Tensor]:
    """Return h and c after a step of an LSTM layer, from its gates i, f, c, o and the c before."""
    enter, forget, candidate, out = tf.split(gates, 4, axis=-1)
    cell = tf.sigmoid(forget) * cell + tf.sigmoid(enter) * tf.tanh(candidate)
    return tf.sigmoid(out) * tf.tanh(cell), cell
