"""One step of the network in NumPy: the reference that every faster one is compared with."""

from __future__ import annotations

import numpy as np

from musicrnn.models.metadata import ModelInfo
from musicrnn.models.step import Logits, NetworkState
from musicrnn.models.timing import Position
from musicrnn.models.weights import Floats, StepWeights


def _sigmoid(x: Floats) -> Floats:
    result: Floats = 0.5 * (np.tanh(0.5 * x) + 1.0)
    return result


class NumpyStepModel:
    """A :class:`~musicrnn.models.step.StepModel` that needs nothing but the weights."""

    def __init__(self, weights: StepWeights, info: ModelInfo) -> None:
        self.weights, self._info = weights, info

    @property
    def info(self) -> ModelInfo:
        """What the model says of itself."""
        return self._info

    def initial_state(self) -> NetworkState:
        """Return zeros, float32[layers, 2, 1, units]."""
        units = self.weights.layers[0].recurrent.shape[0]
        return np.zeros((len(self.weights.layers), 2, 1, units), np.float32)

    def step(self, token: int, position: Position, state: NetworkState) -> tuple[Logits, NetworkState]:
        """Read one token; shapes as in :class:`~musicrnn.models.step.StepModel`."""
        w = self.weights
        x = w.token[token] + w.tick[position.tick] + w.beat[position.beat] + w.metre[position.metre]
        after = np.empty_like(state)
        for i, layer in enumerate(w.layers):
            gates = x @ layer.kernel + state[i, 0, 0] @ layer.recurrent + layer.bias
            enter, forget, candidate, out = np.split(gates, 4)
            cell = _sigmoid(forget) * state[i, 1, 0] + _sigmoid(enter) * np.tanh(candidate)
            x = _sigmoid(out) * np.tanh(cell)
            after[i, 0, 0], after[i, 1, 0] = x, cell
        return x @ w.output + w.output_bias, after
