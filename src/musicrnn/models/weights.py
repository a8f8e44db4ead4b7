"""The numbers of a network, in the form that a step reads them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from musicrnn.models.cells import CELLS

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class LayerWeights:
    """One layer: kernel [inputs, gates * units], recurrent [units, gates * units], and its bias.

    The gates of each cell and the shape of its bias are in :mod:`musicrnn.models.cells`.
    """

    kernel: Floats
    recurrent: Floats
    bias: Floats

    def biases(self) -> dict[str, Floats]:
        """Return the bias, or the two of input and h, by name, each a vector."""
        return {"bias": self.bias} if self.bias.ndim == 1 else dict(zip(("bias", "bias_of_h"), self.bias, strict=True))


@dataclass(frozen=True, slots=True, eq=False)
class StepWeights:
    """All that one step needs.

    The input is the sum of one row of ``token`` [V, E] and one of each position table: ``tick``
    [ticks_per_beat, E], ``beat`` [16, E], ``metre`` [33, E]. The logits are the last layer's output
    times ``output`` [units, V] plus ``output_bias`` [V]. ``cell`` is the kind of the layers.
    """

    token: Floats
    tick: Floats
    beat: Floats
    metre: Floats
    layers: tuple[LayerWeights, ...]
    output: Floats
    output_bias: Floats
    cell: str = "lstm"

    @property
    def state_shape(self) -> tuple[int, int, int, int]:
        """Shape of the state of one lane: [layers, rows, 1, units]."""
        return len(self.layers), CELLS[self.cell].rows, 1, self.layers[0].recurrent.shape[0]
