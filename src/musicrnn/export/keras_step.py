"""The network as Keras runs it, one step a call: what an export is compared with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops

from musicrnn.models.metadata import ModelInfo
from musicrnn.models.network import Network
from musicrnn.models.step import Logits, NetworkState
from musicrnn.models.timing import Position


class KerasStepModel:
    """A :class:`~musicrnn.models.step.StepModel`; a hundred times slower than what is exported."""

    def __init__(self, network: Network, info: ModelInfo) -> None:
        self._network, self._info = network, info
        self._call = compiled(network)

    @property
    def info(self) -> ModelInfo:
        """What the model says of itself."""
        return self._info

    def initial_state(self) -> NetworkState:
        """Return zeros, float32[layers, rows, 1, units]."""
        return np.asarray(self._network.initial_state(1), np.float32)

    def step(self, token: int, position: Position, state: NetworkState) -> tuple[Logits, NetworkState]:
        """Read one token; shapes as in :class:`~musicrnn.models.step.StepModel`."""
        read = (np.array([[token]], np.int32), np.array([[position]], np.int32), np.ones((1, 1), bool), state)
        logits, after = self._call(*(ops.convert_to_tensor(each) for each in read))
        return np.asarray(logits, np.float32)[0, 0], np.asarray(after, np.float32)


def compiled(network: Network) -> Callable[..., Any]:
    """Return the network's call without training, compiled by Keras' backend."""
    if keras.backend.backend() == "jax":
        import jax

        values = [[one.value for one in of] for of in (network.trainable_variables, network.non_trainable_variables)]
        run = jax.jit(network.stateless_call)
        return lambda *read: run(*values, *read)[0]
    import tensorflow as tf

    traced: Callable[..., Any] = tf.function(network.call, reduce_retracing=True)
    return traced
