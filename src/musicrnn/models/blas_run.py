"""Run a float32 step in NumPy, whose BLAS reads the weights of one vector's product as fast as memory gives them.

A step of this size is all reading: few calls and one block of memory count for more than a runtime (ADR 0033).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from musicrnn.models.step import Logits, NetworkState
from musicrnn.models.step_reader import ReadWeights
from musicrnn.models.step_rows import Rows
from musicrnn.models.timing import Position
from musicrnn.models.weights import Floats

_HALF = np.float32(0.5)


class _Layer(NamedTuple):
    """One layer's kernel, and the buffers between which a step moves; gates are o, i, f, c.

    ``inputs`` are x, h and a 1 for the bias; ``gates`` [4 units] and ``cell`` stand side by side, so that i and f
    meet the candidate and the cell in one product.
    """

    inputs: Floats
    kernel: Floats
    gates: Floats
    sigmoids: Floats
    enter_forget: Floats
    candidate_cell: Floats
    out: Floats
    next_cell: Floats
    h: Floats


class BlasRun:
    """The arithmetic of a step that was read out of a file of float32."""

    def __init__(self, weights: ReadWeights) -> None:
        layers, units = len(weights.layers), weights.layers[0].recurrent.values.shape[0]
        self._rows = Rows(weights, _arranged)
        kernels = _side_by_side(_kernels(weights))
        *layer_kernels, self._output = kernels
        self._row = layer_kernels[0][-1]
        inputs, gates = np.ones((layers + 1, 2 * units + 1), np.float32), np.zeros((layers, 5 * units), np.float32)
        self._h, self._cell = inputs[:layers, units : 2 * units], gates[:, 4 * units :]
        self._next_h, self._next_cell = inputs[1:, :units], np.zeros((layers, units), np.float32)
        self._last = inputs[layers, : units + 1]
        self._both, self._shown = np.zeros(2 * units, np.float32), np.zeros(units, np.float32)
        self._layers = [
            _Layer(
                inputs[i, 0 if i else units :],
                layer_kernels[i],
                gates[i, : 4 * units],
                gates[i, : 3 * units],
                gates[i, units : 3 * units],
                gates[i, 3 * units :],
                gates[i, :units],
                self._next_cell[i],
                inputs[i + 1, :units],
            )
            for i in range(layers)
        ]
        self.logits: Logits = np.zeros(weights.output_bias.size, np.float32)
        self.after: NetworkState = np.zeros((layers, 2, 1, units), np.float32)

    def step(self, token: int, position: Position, state: NetworkState) -> None:
        """Read one token; shapes as in :class:`~musicrnn.models.step.StepModel`."""
        self._rows.add(token, position, self._row)
        self._h[:], self._cell[:] = state[:, 0, 0], state[:, 1, 0]
        units = self._shown.size
        both, shown = self._both, self._shown
        kept, new = both[:units], both[units:]
        for inputs, kernel, gates, sigmoids, enter_forget, candidate_cell, out, cell, h in self._layers:
            np.dot(inputs, kernel, gates)
            np.tanh(gates, gates)
            np.multiply(sigmoids, _HALF, sigmoids)
            np.add(sigmoids, _HALF, sigmoids)
            np.multiply(enter_forget, candidate_cell, both)
            np.add(kept, new, cell)
            np.tanh(cell, shown)
            np.multiply(out, shown, h)
        np.dot(self._last, self._output, self.logits)
        self.after[:, 0, 0], self.after[:, 1, 0] = self._next_h, self._next_cell


def _arranged(gates: Floats) -> Floats:
    """Return gates i, f, c, o as o, i, f, c, halved where a sigmoid follows: sigmoid(x) = (tanh(x / 2) + 1) / 2."""
    enter, forget, candidate, out = np.split(gates, 4, axis=-1)
    return np.concatenate([_HALF * out, _HALF * enter, _HALF * forget, candidate], axis=-1)


def _kernels(weights: ReadWeights) -> list[Floats]:
    """Return each layer's kernel over its recurrent one over its bias; layer 0 has a row that each step writes."""
    first = weights.layers[0].recurrent.as_floats()
    kernels = [np.concatenate([_arranged(first), np.zeros((1, first.shape[1]), np.float32)])]
    for layer in weights.layers[1:]:
        rows = [layer.kernel.as_floats(), layer.recurrent.as_floats(), layer.bias[None]]
        kernels.append(_arranged(np.concatenate(rows)))
    return [*kernels, np.concatenate([weights.output.as_floats(), weights.output_bias[None]])]


def _side_by_side(kernels: list[Floats]) -> list[Floats]:
    """Return copies in one block of memory, which the system can back by large pages."""
    block, at, copies = np.empty(sum(kernel.size for kernel in kernels), np.float32), 0, []
    for kernel in kernels:
        copy = block[at : at + kernel.size].reshape(kernel.shape)
        copy[:] = kernel
        copies.append(copy)
        at += kernel.size
    return copies
