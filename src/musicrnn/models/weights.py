"""The numbers of a network, in the form that a step reads them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class LayerWeights:
    """One LSTM layer: kernel [inputs, 4 units], recurrent [units, 4 units], bias [4 units]; gates i, f, c, o."""

    kernel: Floats
    recurrent: Floats
    bias: Floats


@dataclass(frozen=True, slots=True, eq=False)
class StepWeights:
    """All that one step needs.

    The input is the sum of one row of ``token`` [V, E] and one of each position table: ``tick``
    [ticks_per_beat, E], ``beat`` [16, E], ``metre`` [33, E]. The logits are the last layer's output
    times ``output`` [units, V] plus ``output_bias`` [V].
    """

    token: Floats
    tick: Floats
    beat: Floats
    metre: Floats
    layers: tuple[LayerWeights, ...]
    output: Floats
    output_bias: Floats
