"""One training step and one evaluation step, compiled."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf
from keras import optimizers

from musicrnn.models.network import Network
from musicrnn.trainer.count import StepResult
from musicrnn.trainer.lanes import Batch

Tensor = Any


class Stepper:
    """Trains and evaluates a network on batches, carrying its state from window to window."""

    def __init__(self, network: Network, lanes: int, *, weight_decay: float, clip: float) -> None:
        self.network = network
        self.clip = clip
        self.optimizer = optimizers.AdamW(learning_rate=1e-3, weight_decay=weight_decay)
        self.optimizer.exclude_from_weight_decay(var_names=["bias", "place", "in_"])
        self.optimizer.build(network.trainable_variables)
        self.state = tf.Variable(network.initial_state(lanes), trainable=False, name="carried_state")
        self._train = tf.function(self._train_batch, reduce_retracing=True)
        self._evaluate = tf.function(self._evaluate_batch, reduce_retracing=True)

    def train(self, batch: Batch, rate: float) -> StepResult:
        """Learn from one batch at a learning rate."""
        self.optimizer.learning_rate.assign(rate)
        nats, gradient_norm, parameter_norm = self._train(*_tensors(batch), batch.fresh)
        return StepResult(float(nats), int(batch.valid.sum()), float(gradient_norm), float(parameter_norm))

    def evaluate(self, batch: Batch, state: Tensor) -> tuple[float, Tensor]:
        """Return the summed nats of one batch and the state after it; nothing is learnt."""
        nats, after = self._evaluate(*_tensors(batch), batch.fresh, state)
        return float(nats), after

    def _train_batch(
        self, tokens: Tensor, places: Tensor, targets: Tensor, valid: Tensor, legal: Tensor, fresh: Tensor
    ) -> Any:
        variables = self.network.trainable_variables
        with tf.GradientTape() as tape:
            start = _reset(self.state, fresh)
            logits, after = self.network(tokens, places, valid, start, training=True)
            nats = _nats(logits, targets, valid, legal)
            count = tf.reduce_sum(tf.cast(valid, tf.float32))
            loss = nats / tf.maximum(count, 1.0)
        gradients = tape.gradient(loss, variables)
        norm = tf.linalg.global_norm(gradients)
        if self.clip > 0:
            gradients, _ = tf.clip_by_global_norm(gradients, self.clip, use_norm=norm)
        self.optimizer.apply(gradients, variables)
        self.state.assign(after)
        return nats, norm, tf.linalg.global_norm(variables)

    def _evaluate_batch(
        self,
        tokens: Tensor,
        places: Tensor,
        targets: Tensor,
        valid: Tensor,
        legal: Tensor,
        fresh: Tensor,
        state: Tensor,
    ) -> Any:
        logits, after = self.network(tokens, places, valid, _reset(state, fresh), training=False)
        return _nats(logits, targets, valid, legal), after


def _reset(state: Tensor, fresh: Tensor) -> Tensor:
    """Zero the state of lanes in which a piece begins."""
    keep = 1.0 - tf.cast(fresh, tf.float32)
    return state * keep[None, None, :, None]


def _nats(logits: Tensor, targets: Tensor, valid: Tensor, legal: Tensor) -> Tensor:
    """Return the summed cross-entropy of the targets among the legal tokens."""
    masked = tf.where(legal, logits, tf.constant(-1e9, logits.dtype))
    each = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=targets, logits=masked)
    return tf.reduce_sum(tf.where(valid, each, 0.0))


def _tensors(batch: Batch) -> tuple[np.ndarray, ...]:
    return batch.tokens, batch.places, batch.targets, batch.valid, batch.legal
