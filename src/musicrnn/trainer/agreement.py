"""Whether what goes over the windows finds what the plain loop finds, with the same weights on the same windows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from keras import ops
from numpy.typing import NDArray

from musicrnn.models.network import Network
from musicrnn.trainer.backend import exact, stepper
from musicrnn.trainer.count import disparity
from musicrnn.trainer.lanes import Batch


@dataclass(frozen=True, slots=True)
class Agreement:
    """Greatest difference of any logit, and how far the gradients point apart: 1 less the cosine."""

    outputs: float
    gradients: float


def with_the_loop(network: Network, batch: Batch) -> Agreement:
    """Compare a network, as it goes over windows, with the loop; without dropout, and in full float32.

    Rounding to fewer digits, as GPUs do in products unless told not to, would hide what is looked for: cuDNN's of some
    versions give wrong numbers now and then (https://github.com/tensorflow/tensorflow/issues/60192).
    """
    loop = Network(network.vocabulary, network.shape, recurrence="loop")
    loop.set_weights(network.get_weights())
    with exact():
        apart = np.abs(_logits(network, batch) - _logits(loop, batch)).max()
        turned = disparity(_gradients(loop, batch), _gradients(network, batch))
    return Agreement(float(apart), turned)


def _logits(network: Network, batch: Batch) -> NDArray[np.float32]:
    """Return the logits of all predictions that count."""
    state = network.initial_state(len(batch.tokens))
    logits, _ = network.call(batch.tokens, batch.places, batch.valid, state, batch.fresh)
    found: NDArray[np.float32] = ops.convert_to_numpy(logits)[batch.valid]
    return found


def _gradients(network: Network, batch: Batch) -> NDArray[np.float64]:
    return stepper(network, len(batch.tokens), weight_decay=0.0, clip=0.0).gradients(batch)
