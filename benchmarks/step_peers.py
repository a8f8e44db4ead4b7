"""The same step of the network by other makes: PyTorch, LiteRT, Keras; and the time of only reading the weights.

Each builder takes the weights and returns a call that takes one whole step and returns its logits, float32[V]: token
and position go in, the state that came out of the call before goes in again. A peer that is not installed raises
ImportError. PyTorch and LiteRT run on one thread, as ONNX Runtime does; Keras chooses itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from musicrnn.models.timing import Position
from musicrnn.models.weights import StepWeights

Floats = np.ndarray[Any, np.dtype[np.float32]]
Call = Callable[[], Floats]
TOKEN, HERE = 1, Position(0, 0, 4)


def weight_bytes(weights: StepWeights) -> int:
    """Return how many bytes of float32 one step must read."""
    rows = [weights.token[0], weights.tick[0], weights.beat[0], weights.metre[0], weights.output, weights.output_bias]
    rows += [array for layer in weights.layers for array in (layer.kernel, layer.recurrent, layer.bias)]
    return sum(array.nbytes for array in rows)


def bandwidth(weights: StepWeights, *, int8: bool = False) -> Call:
    """Return the reading of as many bytes as a step must read: one product of a vector with itself by BLAS, one thread.

    What remains above it is what a step costs beyond its memory. For int8 it is a quarter of the bytes.
    """
    vector = np.ones(weight_bytes(weights) // (16 if int8 else 4), np.float32)
    return lambda: np.dot(vector, vector)


def pytorch(weights: StepWeights, *, int8: bool = False) -> Call:
    """Return PyTorch's Embedding, LSTM and Linear, without gradients; int8 by its dynamic quantisation."""
    import torch

    torch.set_num_threads(1)
    units, embedding = weights.layers[0].recurrent.shape[0], weights.token.shape[1]
    lstm = torch.nn.LSTM(embedding, units, len(weights.layers))
    linear = torch.nn.Linear(units, weights.output.shape[1])
    with torch.no_grad():
        for i, layer in enumerate(weights.layers):
            for name, value in (
                ("weight_ih", layer.kernel.T),
                ("weight_hh", layer.recurrent.T),
                ("bias_ih", layer.bias),
            ):
                getattr(lstm, f"{name}_l{i}").copy_(torch.from_numpy(np.ascontiguousarray(value)))
            getattr(lstm, f"bias_hh_l{i}").zero_()
        linear.weight.copy_(torch.from_numpy(np.ascontiguousarray(weights.output.T)))
        linear.bias.copy_(torch.from_numpy(weights.output_bias))
    if int8:
        lstm = torch.ao.quantization.quantize_dynamic(torch.nn.ModuleDict({"l": lstm}), {torch.nn.LSTM})["l"]
        linear = torch.ao.quantization.quantize_dynamic(torch.nn.Sequential(linear), {torch.nn.Linear})
    tables = [torch.from_numpy(table) for table in (weights.token, weights.tick, weights.beat, weights.metre)]
    state = (torch.zeros(len(weights.layers), 1, units), torch.zeros(len(weights.layers), 1, units))

    def step() -> Floats:
        nonlocal state
        with torch.inference_mode():
            x = tables[0][TOKEN] + tables[1][HERE.tick] + tables[2][HERE.beat] + tables[3][HERE.metre]
            y, state = lstm(x.view(1, 1, -1), state)
            return np.asarray(linear(y.view(1, -1))[0].numpy())

    return step


def keras_model(weights: StepWeights) -> Any:
    """Return a Keras model of one step: tokens [1, 1] to logits and the states, the states given in."""
    import keras

    units, embedding = weights.layers[0].recurrent.shape[0], weights.token.shape[1]
    token = keras.Input((1,), batch_size=1, dtype="int32", name="token")
    place = keras.Input((1, embedding), batch_size=1, name="place")
    states = [
        keras.Input((units,), batch_size=1, name=f"{kind}{i}") for i in range(len(weights.layers)) for kind in "hc"
    ]
    table = keras.layers.Embedding(weights.token.shape[0], embedding)
    x = table(token) + place
    table.set_weights([weights.token])
    after: list[Any] = []
    for i, layer in enumerate(weights.layers):
        lstm = keras.layers.LSTM(units, return_sequences=True, return_state=True, unroll=True)
        x, h, c = lstm(x, initial_state=states[2 * i : 2 * i + 2])
        lstm.set_weights([layer.kernel, layer.recurrent, layer.bias])
        after += [h, c]
    dense = keras.layers.Dense(weights.output.shape[1])
    logits = dense(x[:, 0])
    dense.set_weights([weights.output, weights.output_bias])
    return keras.Model([token, place, *states], [logits, *after])


def _keras_inputs(weights: StepWeights) -> list[Any]:
    place = weights.tick[HERE.tick] + weights.beat[HERE.beat] + weights.metre[HERE.metre]
    return [np.full((1, 1), TOKEN, np.int32), place[None, None]]


def _keras_state(weights: StepWeights) -> list[Any]:
    return [np.zeros((1, weights.layers[0].recurrent.shape[0]), np.float32) for _ in range(2 * len(weights.layers))]


def keras_predict(weights: StepWeights) -> Call:
    """Return Keras' own way to ask a model: ``predict``."""
    model, state = keras_model(weights), _keras_state(weights)

    def step() -> Floats:
        nonlocal state
        logits, *state = model.predict([*_keras_inputs(weights), *state], verbose=0)
        return np.asarray(logits[0])

    return step


def keras_function(weights: StepWeights) -> Call:
    """Return the Keras model as one compiled TensorFlow function; the state stays in its tensors."""
    import tensorflow as tf

    model, state = keras_model(weights), [tf.constant(value) for value in _keras_state(weights)]
    function = tf.function(lambda *values: model(list(values), training=False))

    def step() -> Floats:
        nonlocal state
        logits, *state = function(*map(tf.constant, _keras_inputs(weights)), *state)
        return np.asarray(logits[0].numpy())

    return step


def litert(weights: StepWeights, *, int8: bool = False, whole: bool = True) -> Call:
    """Return the Keras model converted to LiteRT (TensorFlow Lite), one thread; int8 by its dynamic-range weights.

    With ``whole`` off it is its arithmetic alone, on a state that never moves.
    """
    import tensorflow as tf
    from ai_edge_litert.interpreter import Interpreter

    model = keras_model(weights)
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    if int8:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    interpreter = Interpreter(model_content=converter.convert(), num_threads=1)
    interpreter.allocate_tensors()
    places = {
        item["name"].removeprefix("serving_default_").split(":")[0]: item["index"]
        for item in interpreter.get_input_details()
    }
    inputs = [places[tensor.name] for tensor in model.inputs]
    details = sorted(interpreter.get_output_details(), key=lambda item: int(item["name"].split(":")[-1]))
    first, *others = [item["index"] for item in details]
    state = _keras_state(weights)

    def step() -> Floats:
        nonlocal state
        for index, value in zip(inputs, [*_keras_inputs(weights), *state], strict=True):
            interpreter.set_tensor(index, value)
        interpreter.invoke()
        state = [interpreter.get_tensor(index) for index in others]
        return np.asarray(interpreter.get_tensor(first)[0])

    def arithmetic() -> Floats:
        interpreter.invoke()
        return np.asarray(interpreter.get_tensor(first)[0])

    if whole:
        return step
    step()
    return arithmetic
