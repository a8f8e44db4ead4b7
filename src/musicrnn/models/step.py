"""One step of the network: the contract between models and whoever plays them."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from musicrnn.models.metadata import ModelInfo
from musicrnn.models.timing import Position

Logits = NDArray[np.float32]
NetworkState = NDArray[np.float32]


class StepModel(Protocol):
    """A network that reads one token a call."""

    @property
    def info(self) -> ModelInfo:
        """What the model says of itself."""
        ...

    def initial_state(self) -> NetworkState:
        """Return the state at the start of a piece, float32[layers, rows, 1, units].

        An LSTM's layer has two rows, h and c; that of another cell has one, h.
        """
        ...

    def step(self, token: int, position: Position, state: NetworkState) -> tuple[Logits, NetworkState]:
        """Read one token and return logits float32[V] for the next and the new state, both free to keep.

        ``position`` is that of the tick in which the next token stands. ``state`` is not changed.
        """
        ...
