"""One step of the network in NumPy: the reference that every faster one is compared with."""

from __future__ import annotations

import numpy as np

from musicrnn.models.metadata import ModelInfo
from musicrnn.models.step import Logits, NetworkState
from musicrnn.models.timing import Position
from musicrnn.models.weights import Floats, LayerWeights, StepWeights


def _sigmoid(x: Floats) -> Floats:
    result: Floats = 0.5 * (np.tanh(0.5 * x) + 1.0)
    return result


def _lstm(layer: LayerWeights, x: Floats, before: Floats) -> tuple[Floats, ...]:
    enter, forget, candidate, out = np.split(x @ layer.kernel + before[0] @ layer.recurrent + layer.bias, 4)
    cell = _sigmoid(forget) * before[1] + _sigmoid(enter) * np.tanh(candidate)
    return _sigmoid(out) * np.tanh(cell), cell


def _gru(layer: LayerWeights, x: Floats, before: Floats) -> tuple[Floats, ...]:
    update, reset, candidate = np.split(x @ layer.kernel + layer.bias[0], 3)
    update_h, reset_h, candidate_h = np.split(before[0] @ layer.recurrent + layer.bias[1], 3)
    keep = _sigmoid(update + update_h)
    new = np.tanh(candidate + _sigmoid(reset + reset_h) * candidate_h)
    return (keep * before[0] + (1 - keep) * new,)


def _rnn(layer: LayerWeights, x: Floats, before: Floats) -> tuple[Floats, ...]:
    return (np.tanh(x @ layer.kernel + before[0] @ layer.recurrent + layer.bias),)


_STEPS = {"lstm": _lstm, "gru": _gru, "rnn": _rnn}


class NumpyStepModel:
    """A :class:`~musicrnn.models.step.StepModel` that needs nothing but the weights."""

    def __init__(self, weights: StepWeights, info: ModelInfo) -> None:
        self.weights, self._info = weights, info

    @property
    def info(self) -> ModelInfo:
        """What the model says of itself."""
        return self._info

    def initial_state(self) -> NetworkState:
        """Return zeros, float32[layers, rows, 1, units]."""
        return np.zeros(self.weights.state_shape, np.float32)

    def step(self, token: int, position: Position, state: NetworkState) -> tuple[Logits, NetworkState]:
        """Read one token; shapes as in :class:`~musicrnn.models.step.StepModel`."""
        w = self.weights
        x = w.token[token] + w.tick[position.tick] + w.beat[position.beat] + w.metre[position.metre]
        after, take = np.empty_like(state), _STEPS[w.cell]
        for i, layer in enumerate(w.layers):
            after[i, :, 0] = take(layer, x, state[i, :, 0])
            x = after[i, 0, 0]
        return x @ w.output + w.output_bias, after
