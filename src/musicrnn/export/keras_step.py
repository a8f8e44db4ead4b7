"""The network as Keras runs it, one step a call: what an export is compared with."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from musicrnn.models.metadata import ModelInfo
from musicrnn.models.network import Network
from musicrnn.models.step import Logits, NetworkState
from musicrnn.models.timing import Position


class KerasStepModel:
    """A :class:`~musicrnn.models.step.StepModel`; a hundred times slower than what is exported."""

    def __init__(self, network: Network, info: ModelInfo) -> None:
        self._network, self._info = network, info
        self._mask = tf.ones((1, 1), tf.bool)
        self._call = tf.function(network.call, reduce_retracing=True)

    @property
    def info(self) -> ModelInfo:
        """What the model says of itself."""
        return self._info

    def initial_state(self) -> NetworkState:
        """Return zeros, float32[layers, rows, 1, units]."""
        return np.asarray(self._network.initial_state(1), np.float32)

    def step(self, token: int, position: Position, state: NetworkState) -> tuple[Logits, NetworkState]:
        """Read one token; shapes as in :class:`~musicrnn.models.step.StepModel`."""
        tokens = tf.constant([[token]], tf.int32)
        places = tf.constant([[list(position)]], tf.int32)
        logits, after = self._call(tokens, places, self._mask, tf.constant(state))
        return np.asarray(logits, np.float32)[0, 0], np.asarray(after, np.float32)
