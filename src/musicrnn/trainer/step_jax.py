"""One training step and one evaluation step under Keras' JAX backend, compiled once for the shape of a window."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from keras import optimizers

from musicrnn.models.network import Network
from musicrnn.trainer.count import StepResult, Windows, disparity
from musicrnn.trainer.halving import halved, halves
from musicrnn.trainer.kept import Kept
from musicrnn.trainer.rows import Excerpt

EXCERPT = 4  # arrays that tell an excerpt: rows, at, shift, fresh
Tensor = Any
Tensors = list[Tensor]
Arrays = tuple[Tensor, ...]
Stepped = tuple[Tensors, Tensors, Tensors, Tensor, Tensor]  # weights, seeds, optimiser, state, figures


class Carried:
    """The state that all lanes carry."""

    def __init__(self, network: Network, lanes: int) -> None:
        self.mine = network.initial_state(lanes)
        self.shape = tuple(self.mine.shape)

    def assign(self, whole: np.ndarray) -> None:
        """Take a state of all lanes."""
        self.mine = jnp.asarray(whole, jnp.float32)

    def whole(self) -> np.ndarray:
        """Return the state of all lanes, float32[layers, rows, lanes, units]."""
        return np.asarray(self.mine)


class Stepper:
    """Trains and evaluates a network on batches, as :class:`musicrnn.trainer.step.Stepper` does, as the only worker.

    Windows are not cut where all lanes have come to an end: another length would be compiled anew.
    """

    def __init__(
        self,
        network: Network,
        lanes: int,
        *,
        weight_decay: float,
        clip: float,
        half: bool = False,
        kept: Kept | None = None,
    ) -> None:
        self.network, self.clip, self.half, self.kept = network, clip, half, kept
        self.optimizer = optimizers.AdamW(learning_rate=1e-3, weight_decay=weight_decay)
        self.optimizer.exclude_from_weight_decay(var_names=["bias", "place", "in_"])
        self.optimizer.build(network.trainable_variables)
        self.carried = Carried(network, lanes)
        self._train = jax.jit(self._train_batch, donate_argnums=(0, 2))  # what a checkpoint can put back
        self._evaluate = jax.jit(self._evaluate_batch)
        self._step = self._as_one

    def train(self, batch: Windows, rate: float) -> StepResult:
        """Learn from one batch at a learning rate."""
        self.optimizer.learning_rate.assign(rate)
        held = (self.network.trainable_variables, self.network.non_trainable_variables, self.optimizer.variables)
        before = [[variable.value for variable in variables] for variables in held]
        *after, self.carried.mine, figures = self._step(batch, *before)
        for variables, values in zip(held, after, strict=True):
            for variable, value in zip(variables, values, strict=True):
                variable.assign(value)
        nats, count, gradient_norm, parameter_norm = np.asarray(figures)
        return StepResult(float(nats), int(count), float(gradient_norm), float(parameter_norm))

    def halve(self) -> None:
        """Go over the lanes in two halves from now on, one after another, which takes about half of the memory.

        What is learnt is the same but for rounding and the masks of dropout.
        """
        find, learn = jax.jit(self._find), jax.jit(self._learn_both, donate_argnums=(0, 1))
        parts = halves(self.carried.shape[2])

        def step(batch: Windows, trained: Tensors, rest: Tensors, optimizer: Tensors) -> Stepped:
            found, states = [], []
            for half, part in zip(halved(batch), parts, strict=True):
                *one, state, rest = find(trained, rest, self._arrays(half), self.carried.mine[:, :, part])
                found.append(one)
                states.append(state)
            trained, optimizer, figures = learn(trained, optimizer, found)
            return trained, rest, optimizer, jnp.concatenate(states, 2), figures

        self._step = step

    def _as_one(self, batch: Windows, trained: Tensors, rest: Tensors, optimizer: Tensors) -> Stepped:
        return self._train(trained, rest, optimizer, self.carried.mine, self._arrays(batch))  # type: ignore[no-any-return]

    def disparity(self, batch: Windows) -> float:
        """Return how far the gradients of bfloat16 point away from those of float32: 1 less the cosine; no dropout."""
        return disparity(self.gradients(batch, half=False), self.gradients(batch, half=True))

    def gradients(self, batch: Windows, half: bool = False) -> np.ndarray:
        """Return the gradients of a batch's nats without dropout, one after another, float64[parameters]."""
        trained, rest = self._values()

        def nats(trained: Tensors) -> Tensor:
            return self._forward(trained, rest, self._arrays(batch), self.carried.mine, half=half)[0]

        found = jax.jit(jax.grad(nats))(trained)
        return np.concatenate([np.ravel(one) for one in found]).astype(np.float64)

    def evaluate(self, batch: Windows, state: Tensor) -> tuple[float, Tensor]:
        """Return the summed nats of one batch and the state after it; nothing is learnt."""
        nats, after = self._evaluate(*self._values(), self._arrays(batch), state)
        return float(nats), after

    def _arrays(self, batch: Windows) -> Arrays:
        """Return the arrays of a batch; of an excerpt, with the rows that it is of."""
        if isinstance(batch, Excerpt):
            return (self.kept.rows if self.kept else None), batch.at, batch.shift, batch.fresh
        return batch.tokens, batch.places, batch.targets, batch.valid, batch.legal, batch.fresh

    def _made(self, batch: Arrays) -> Arrays:
        """Return a batch's arrays, made here where they are those of an excerpt."""
        return self.kept.batch(*batch) if self.kept and len(batch) == EXCERPT else batch

    def _values(self) -> tuple[Tensors, Tensors]:
        network = self.network
        trained, rest = network.trainable_variables, network.non_trainable_variables
        return [variable.value for variable in trained], [variable.value for variable in rest]

    def _forward(
        self, trained: Tensors, rest: Tensors, batch: Arrays, state: Tensor, **how: bool
    ) -> tuple[Tensor, tuple[Tensor, Tensors]]:
        """Return the nats of a batch; the state after it, and the seeds after."""
        tokens, places, targets, valid, legal, fresh = self._made(batch)
        (logits, after), rest = self.network.stateless_call(
            trained, rest, tokens, places, valid, state, fresh, **{"training": False, **how}
        )
        return _nats(logits, targets, valid, legal), (after, rest)

    def _train_batch(
        self, trained: Tensors, rest: Tensors, optimizer: Tensors, state: Tensor, batch: Arrays
    ) -> Stepped:
        nats, count, gradients, state, rest = self._find(trained, rest, batch, state)
        trained, optimizer, figures = self._learn(trained, optimizer, gradients, nats, count)
        return trained, rest, optimizer, state, figures

    def _find(
        self, trained: Tensors, rest: Tensors, batch: Arrays, state: Tensor
    ) -> tuple[Tensor, Tensor, Tensors, Tensor, Tensors]:
        """Return nats, predictions, the gradients of their mean, the state after, and the seeds after."""
        batch = self._made(batch)
        count = batch[3].sum().astype(jnp.float32)

        def loss(trained: Tensors) -> tuple[Tensor, Any]:
            nats, after = self._forward(trained, rest, batch, state, training=True, half=self.half)
            return nats / jnp.maximum(count, 1.0), (nats, *after)

        (_, (nats, state, rest)), gradients = jax.value_and_grad(loss, has_aux=True)(trained)
        return nats, count, gradients, state, rest

    def _learn_both(
        self, trained: Tensors, optimizer: Tensors, found: list[list[Any]]
    ) -> tuple[Tensors, Tensors, Tensor]:
        """Learn from what was found in two halves, each weighing as much as its predictions are many."""
        nats, counts, gradients = zip(*found, strict=True)
        shares = [jnp.maximum(count, 1.0) / jnp.maximum(sum(counts), 1.0) for count in counts]
        means = [
            sum(one * share for one, share in zip(each, shares, strict=True)) for each in zip(*gradients, strict=True)
        ]
        return self._learn(trained, optimizer, means, sum(nats), sum(counts))

    def _learn(
        self, trained: Tensors, optimizer: Tensors, gradients: Tensors, nats: Tensor, count: Tensor
    ) -> tuple[Tensors, Tensors, Tensor]:
        """Return weights and optimiser after a step, and its figures."""
        norm = _norm(gradients)
        if self.clip > 0:
            scale = jnp.where(jnp.isfinite(norm), self.clip / jnp.maximum(norm, self.clip), jnp.nan)
            gradients = [gradient * scale for gradient in gradients]
        trained, optimizer = self.optimizer.stateless_apply(optimizer, gradients, trained)
        return trained, optimizer, jnp.stack([nats, count, norm, _norm(trained)])

    def _evaluate_batch(self, trained: Tensors, rest: Tensors, batch: Arrays, state: Tensor) -> tuple[Tensor, Tensor]:
        nats, (after, _) = self._forward(trained, rest, batch, state)
        return nats, after


def _norm(arrays: Tensors) -> Tensor:
    return jnp.sqrt(sum(jnp.vdot(array, array) for array in arrays))


def _nats(logits: Tensor, targets: Tensor, valid: Tensor, legal: Tensor) -> Tensor:
    """Return the summed cross-entropy of the targets among the legal tokens."""
    shares = jax.nn.log_softmax(jnp.where(legal, logits, -1e9))
    each = -jnp.take_along_axis(shares, targets[..., None], axis=-1)[..., 0]
    return jnp.sum(jnp.where(valid, each, 0.0))
