"""Layer 0's share of a step that token and position decide: rows that were multiplied by its kernel beforehand."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from musicrnn.models.step_reader import ReadWeights
from musicrnn.models.timing import Position
from musicrnn.models.weights import Floats

MOST_BYTES = 64 * 2**20


class Rows:
    """For each token and place in the metre a row of 4 units of float32; the sum of them, with the bias, is one step's.

    ``arrange`` puts the gates, i, f, c, o along the last axis, in the order in which they are wanted.
    """

    def __init__(self, weights: ReadWeights, arrange: Callable[[Floats], Floats]) -> None:
        first = weights.layers[0]
        with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is found by the first steps
            token, *places = (arrange(table @ first.kernel.as_floats()) for table in weights.tables)
            self._token = token + arrange(first.bias)
        self._tick, self._beat, self._metre = places
        self._place, self._place_row = Position(-1, -1, -1), np.zeros_like(token[0])

    def add(self, token: int, position: Position, row: Floats) -> None:
        """Write the row of a token and a position; IndexError for one that there is not."""
        if position != self._place:
            tick, beat, metre = position
            self._place_row = self._tick[tick] + self._beat[beat] + self._metre[metre]
            self._place = position
        np.add(self._token[token], self._place_row, out=row)


def rows_fit(weights: ReadWeights) -> bool:
    """Say whether the rows would be small enough to be made."""
    rows, units = sum(len(table) for table in weights.tables), weights.layers[0].recurrent.values.shape[0]
    return bool(rows * 4 * units * 4 <= MOST_BYTES)
