"""Run a float32 step in NumPy, whose BLAS reads the weights of one vector's product as fast as memory gives them.

A step of this size is all reading: few calls and one block of memory count for more than a runtime (ADR 0033).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from musicrnn.models.step import Logits, NetworkState
from musicrnn.models.step_reader import ReadWeights
from musicrnn.models.step_rows import Rows
from musicrnn.models.timing import Position
from musicrnn.models.weights import Floats

_HALF = np.float32(0.5)
_LINE = 16  # numbers, 64 bytes: what the arithmetic of vectors reads at once


class _Layer(NamedTuple):
    """One layer's kernel, and the places between which a step moves."""

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
    """The arithmetic of a step that was read out of a file of float32.

    A layer has a row of memory: x, h and a 1 for the bias; its gates o, i, f, c, and its cell beside them, so that i
    and f meet the candidate and the cell in one product; and the cell that the layer before has left, as x is that
    one's h.
    """

    def __init__(self, weights: ReadWeights) -> None:
        layers, units = len(weights.layers), weights.layers[0].recurrent.values.shape[0]
        *kernels, self._output = _side_by_side(_kernels(weights), _size(weights))
        self._rows, self._row = Rows(weights, _arranged), kernels[0][-1]
        gates = -(-(2 * units + 1) // _LINE) * _LINE
        cell, left = gates + 4 * units, gates + 5 * units
        work = np.ones((layers + 1, gates + 6 * units), np.float32)
        self._layers = [
            _Layer(
                work[i, 0 if i else units : 2 * units + 1],
                kernels[i],
                work[i, gates:cell],
                work[i, gates : gates + 3 * units],
                work[i, gates + units : gates + 3 * units],
                work[i, gates + 3 * units : left],
                work[i, gates : gates + units],
                work[i + 1, left:],
                work[i + 1, :units],
            )
            for i in range(layers)
        ]
        self._last = work[layers, : units + 1]
        self._before = _pairs(work[:layers, units:], cell - units, units)
        self.after: NetworkState = _pairs(work[1:], left, units)
        self._both, self._shown = np.zeros(2 * units, np.float32), np.zeros(units, np.float32)
        self._kept, self._new = self._both[:units], self._both[units:]
        self._half = np.full(3 * units, 0.5, np.float32)
        self.logits: Logits = np.zeros(weights.output_bias.size, np.float32)

    def step(self, token: int, position: Position, state: NetworkState) -> None:
        """Read one token; shapes as in :class:`~musicrnn.models.step.StepModel`."""
        self._rows.add(token, position, self._row)
        np.copyto(self._before, state)
        both, shown, kept, new, half = self._both, self._shown, self._kept, self._new, self._half
        dot, tanh, multiply, add = np.dot, np.tanh, np.multiply, np.add
        for inputs, kernel, gates, sigmoids, enter_forget, candidate_cell, out, cell, h in self._layers:
            dot(inputs, kernel, gates)
            tanh(gates, gates)
            multiply(sigmoids, half, sigmoids)
            add(sigmoids, half, sigmoids)
            multiply(enter_forget, candidate_cell, both)
            add(kept, new, cell)
            tanh(cell, shown)
            multiply(out, shown, h)
        dot(self._last, self._output, self.logits)


def _pairs(rows: Floats, between: int, units: int) -> NetworkState:
    """Return the first ``units`` of each row, and those ``between`` further on, as float32[rows, 2, 1, units]."""
    strides = (rows.strides[0], between * rows.itemsize, 0, rows.itemsize)
    return np.lib.stride_tricks.as_strided(rows, (len(rows), 2, 1, units), strides)


def _arranged(gates: Floats) -> Floats:
    """Return gates i, f, c, o as o, i, f, c, halved where a sigmoid follows: sigmoid(x) = (tanh(x / 2) + 1) / 2."""
    enter, forget, candidate, out = np.split(gates, 4, axis=-1)
    return np.concatenate([_HALF * out, _HALF * enter, _HALF * forget, candidate], axis=-1)


def _size(weights: ReadWeights) -> int:
    """Return how many numbers there are in all kernels."""
    (units, gates), layers = weights.layers[0].recurrent.values.shape, len(weights.layers)
    rows = units + 1 + (layers - 1) * (2 * units + 1)
    return int(rows * gates + (units + 1) * weights.output_bias.size)


def _kernels(weights: ReadWeights) -> Iterator[Floats]:
    """Yield each layer's kernel over its recurrent one over its bias; layer 0 has a row that each step writes."""
    first = weights.layers[0].recurrent.as_floats()
    yield np.concatenate([_arranged(first), np.zeros((1, first.shape[1]), np.float32)])
    for layer in weights.layers[1:]:
        yield _arranged(np.concatenate([layer.kernel.as_floats(), layer.recurrent.as_floats(), layer.bias[None]]))
    yield np.concatenate([weights.output.as_floats(), weights.output_bias[None]])


def _side_by_side(kernels: Iterable[Floats], size: int) -> list[Floats]:
    """Return copies in one block of memory, which the system can back by large pages."""
    block, at, copies = np.empty(size, np.float32), 0, []
    for kernel in kernels:
        copy = block[at : at + kernel.size].reshape(kernel.shape)
        copy[:] = kernel
        copies.append(copy)
        at += kernel.size
    return copies
