"""One training step and one evaluation step, compiled."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
import tensorflow as tf
from keras import optimizers

from musicrnn.models.network import Network
from musicrnn.trainer.count import StepResult, Windows, disparity
from musicrnn.trainer.halving import halved, halves
from musicrnn.trainer.kept import Kept
from musicrnn.trainer.rows import Excerpt
from musicrnn.trainer.sharing import share_sizes
from musicrnn.trainer.team import ALONE, Team

Tensor = Any


class Carried:
    """The state that all lanes of all workers carry, of which this worker holds its own rows."""

    def __init__(self, network: Network, lanes: int, team: Team) -> None:
        self.rows, self.team = team.place.rows(lanes), team
        self.mine = tf.Variable(network.initial_state(len(self.rows)), trainable=False, name="carried_state")
        layers, rows, _, units = self.mine.shape
        self.shape = (layers, rows, lanes, units)

    def assign(self, whole: np.ndarray) -> None:
        """Take this worker's rows of a state of all lanes."""
        self.mine.assign(whole[:, :, self.rows.start : self.rows.stop])

    def whole(self) -> np.ndarray:
        """Return the state of all lanes, float32[layers, rows, lanes, units]; all workers ask for it together."""
        whole = np.zeros(self.shape, np.float32)
        whole[:, :, self.rows.start : self.rows.stop] = self.mine.numpy()
        return self.team.totals(whole)


class Stepper:
    """Trains and evaluates a network on batches, carrying its state from window to window.

    In a team every worker gives its own lanes' batch, and each learns from all of them. With ``half`` it learns by
    products of bfloat16. With a corpus that is ``kept`` on the device it takes excerpts of it. The lanes are gone over
    in ``shares`` side by side, which TensorFlow's threads may take up; that changes rounding and the masks of dropout.
    """

    def __init__(
        self,
        network: Network,
        lanes: int,
        *,
        weight_decay: float,
        clip: float,
        team: Team = ALONE,
        half: bool = False,
        kept: Kept | None = None,
        shares: int = 1,
    ) -> None:
        self.network, self.team, self.kept = network, team, kept
        self.clip, self.half, self.shares = clip, half, shares
        self.optimizer = optimizers.AdamW(learning_rate=1e-3, weight_decay=weight_decay)
        self.optimizer.exclude_from_weight_decay(var_names=["bias", "place", "in_"])
        self.optimizer.build(network.trainable_variables)
        self.carried = Carried(network, lanes, team)
        notes = tf.TensorSpec(np.shape(team.notes()), np.asarray(team.notes()).dtype)
        mine = len(self.carried.rows)
        self._train = self._compiled(self._train_batch, mine, notes)
        self._evaluate = self._compiled(self._evaluate_batch, mine, self._state_of(mine))
        self._step: Callable[[Windows], tuple[Tensor, ...]] = self._as_one

    def _state_of(self, lanes: int) -> tf.TensorSpec:
        layers, rows, _, units = self.carried.shape
        return tf.TensorSpec([layers, rows, lanes, units], tf.float32)

    def _compiled(self, step: Callable[..., Any], lanes: int, last: tf.TensorSpec) -> Callable[..., Any]:
        """Return a step, compiled for a batch and one argument more; from an excerpt the batch is made in it."""
        kept = self.kept
        if kept is None:
            signature = _signature(lanes, self.network.vocabulary.size)
            return tf.function(step, input_signature=[*signature, last])  # type: ignore[no-any-return]
        sent = [tf.TensorSpec([lanes, None], kind) for kind in (tf.int32, tf.int8, tf.bool)]

        def of_excerpt(*sent: Tensor) -> Any:
            return step(*kept.batch(kept.rows, *sent[:-1]), sent[-1])

        return tf.function(of_excerpt, input_signature=[*sent, last])  # type: ignore[no-any-return]

    def train(self, batch: Windows, rate: float) -> StepResult:
        """Learn from one batch at a learning rate."""
        self.optimizer.learning_rate.assign(rate)
        nats, count, gradient_norm, parameter_norm = self._step(batch)
        return StepResult(float(nats), int(count), float(gradient_norm), float(parameter_norm))

    def halve(self) -> None:
        """Go over the lanes in two halves from now on, one after another, which takes about half of the memory.

        What is learnt is the same but for rounding and the masks of dropout. Only for a worker that is alone.
        """
        parts = halves(len(self.carried.rows))
        finds = [
            self._compiled(self._find, part.stop - part.start, self._state_of(part.stop - part.start)) for part in parts
        ]
        learn = tf.function(self._learn_both)

        def step(batch: Windows) -> tuple[Tensor, ...]:
            found = [
                find(*_tensors(half), self.carried.mine[:, :, part])
                for find, half, part in zip(finds, halved(batch), parts, strict=True)
            ]
            return learn(*zip(*found, strict=True))  # type: ignore[no-any-return]

        del self._train
        self._step = step

    def _as_one(self, batch: Windows) -> tuple[Tensor, ...]:
        *found, notes = self._train(*_tensors(batch), self.team.notes())
        self.team.heard(notes.numpy())
        return tuple(found)

    def disparity(self, batch: Windows) -> float:
        """Return how far the gradients of bfloat16 point away from those of float32: 1 less the cosine; no dropout."""
        return disparity(self.gradients(batch, half=False), self.gradients(batch, half=True))

    def gradients(self, batch: Windows, half: bool = False) -> np.ndarray:
        """Return the gradients of a batch's nats without dropout, one after another, float64[parameters]."""
        arrays = _tensors(batch)
        if self.kept is not None and isinstance(batch, Excerpt):
            arrays = self.kept.batch(self.kept.rows, *map(tf.constant, arrays))
        found = tf.function(partial(self._gradients, half=half))(*arrays)
        return np.concatenate([np.ravel(one) for one in found]).astype(np.float64)

    def evaluate(self, batch: Windows, state: Tensor) -> tuple[float, Tensor]:
        """Return the summed nats of one batch and the state after it; nothing is learnt."""
        nats, after = self._evaluate(*_tensors(batch), state)
        return float(nats), after

    def _train_batch(self, *given: Tensor) -> Any:
        """Learn from the arrays of a batch, after which come this worker's notes."""
        nats, count, gradients, after = self._find(*given[:-1], self.carried.mine)
        nats, count, gradients, notes = self.team.join(nats, count, gradients, given[-1])
        return nats, count, *self._learn(gradients, after), notes

    def _find(self, *given: Tensor) -> tuple[Tensor, Tensor, list[Tensor], Tensor]:
        """Return of a batch and a state: nats, predictions, the gradients of their mean, and the state after."""
        nats, counts, gradients, after = zip(*(self._find_of(*share) for share in self._shared(given)), strict=True)
        return tf.add_n(nats), tf.add_n(counts), _mean(counts, gradients), tf.concat(after, 2)

    def _shared(self, given: tuple[Tensor, ...]) -> Iterator[tuple[Tensor, ...]]:
        """Give the arrays of a batch, and a state, of each share of their lanes."""
        *batch, state = given
        parts = share_sizes(state.shape[2], min(self.shares, state.shape[2]))
        arrays = [tf.split(array, parts, axis=0) for array in batch]
        return zip(*arrays, tf.split(state, parts, axis=2), strict=True)

    def _find_of(self, *given: Tensor) -> tuple[Tensor, Tensor, list[Tensor], Tensor]:
        """Return what :meth:`_find` does, of one share of the lanes."""
        tokens, places, targets, valid, legal, fresh, state = given
        variables = self.network.trainable_variables
        with tf.GradientTape() as tape:
            logits, after = self.network(tokens, places, valid, state, fresh, training=True, half=self.half)
            nats = _nats(logits, targets, valid, legal)
            count = tf.reduce_sum(tf.cast(valid, tf.float32))
            loss = nats / tf.maximum(count, 1.0)
        found = zip(tape.gradient(loss, variables), variables, strict=True)
        return nats, count, [tf.ensure_shape(gradient, variable.shape) for gradient, variable in found], after

    def _learn_both(
        self,
        nats: tuple[Tensor, ...],
        counts: tuple[Tensor, ...],
        gradients: tuple[list[Tensor], ...],
        after: tuple[Tensor, ...],
    ) -> tuple[Tensor, ...]:
        """Learn from what was found in two halves."""
        return tf.add_n(nats), tf.add_n(counts), *self._learn(_mean(counts, gradients), tf.concat(after, 2))

    def _learn(self, gradients: list[Tensor], after: Tensor) -> tuple[Tensor, Tensor]:
        """Change the weights and carry the state on; return the norms of the gradients and of the weights."""
        variables = self.network.trainable_variables
        norm = tf.linalg.global_norm(gradients)
        if self.clip > 0:
            gradients, _ = tf.clip_by_global_norm(gradients, self.clip, use_norm=norm)
        self.optimizer.apply(gradients, variables)
        self.carried.mine.assign(after)
        return norm, tf.linalg.global_norm(variables)

    def _gradients(
        self, tokens: Tensor, places: Tensor, targets: Tensor, valid: Tensor, legal: Tensor, fresh: Tensor, half: bool
    ) -> list[Tensor]:
        with tf.GradientTape() as tape:
            logits, _ = self.network(tokens, places, valid, self.carried.mine, fresh, half=half)
            nats = _nats(logits, targets, valid, legal)
        found = tape.gradient(nats, self.network.trainable_variables)
        return [tf.convert_to_tensor(gradient) for gradient in found]

    def _evaluate_batch(self, *given: Tensor) -> Any:
        """Return of a batch and a state the summed nats and the state after."""
        nats, after = zip(*(self._evaluate_of(*share) for share in self._shared(given)), strict=True)
        return tf.add_n(nats), tf.concat(after, 2)

    def _evaluate_of(self, *given: Tensor) -> tuple[Tensor, Tensor]:
        tokens, places, targets, valid, legal, fresh, state = given
        logits, after = self.network(tokens, places, valid, state, fresh, training=False)
        return _nats(logits, targets, valid, legal), after


def _mean(counts: Sequence[Tensor], gradients: Sequence[list[Tensor]]) -> list[Tensor]:
    """Return the gradients of the mean over what was found apart, each weighing as much as its predictions are many."""
    if len(gradients) == 1:
        return gradients[0]
    weights = [tf.maximum(count, 1.0) / tf.maximum(tf.add_n(counts), 1.0) for count in counts]
    return [
        tf.add_n([one * weight for one, weight in zip(each, weights, strict=True)])
        for each in zip(*gradients, strict=True)
    ]


def _nats(logits: Tensor, targets: Tensor, valid: Tensor, legal: Tensor) -> Tensor:
    """Return the summed cross-entropy of the targets among the legal tokens."""
    masked = tf.where(legal, logits, tf.constant(-1e9, logits.dtype))
    each = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=targets, logits=masked)
    return tf.reduce_sum(tf.where(valid, each, 0.0))


def _signature(lanes: int, tokens: int) -> list[tf.TensorSpec]:
    """Return what the arrays of a batch are, the length of a window left open."""
    sizes = [([], tf.int32), ([3], tf.int32), ([], tf.int32), ([], tf.bool), ([tokens], tf.bool), ([], tf.bool)]
    return [tf.TensorSpec([lanes, None, *more], kind) for more, kind in sizes]


def _tensors(batch: Windows) -> tuple[Any, ...]:
    """Return the arrays of a batch, or of an excerpt, without the steps at its end that are padding in every lane."""
    used = int(batch.valid.sum(axis=1).max(initial=1))
    if isinstance(batch, Excerpt):
        return batch.at[:, :used], batch.shift[:, :used], batch.fresh[:, :used]
    every = (batch.tokens, batch.places, batch.targets, batch.valid, batch.legal, batch.fresh)
    return tuple(array[:, :used] for array in every)
