"""The network: embeddings of token and position, a stack of recurrent layers, logits of the next token.

Nothing here is specific to a Keras backend. Tokens are factored: the rows of a note's attack and
hold share the tables of its pitch, part and slot, in the input and in the output, so that what is
learnt of one serves the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import Any

import keras
import numpy as np
from keras import ops

from musicrnn.config.network import NetworkSettings
from musicrnn.models.cells import CELLS
from musicrnn.models.timing import MAX_BEATS, METRES
from musicrnn.models.vocabulary import Kind, Vocabulary
from musicrnn.models.weights import LayerWeights, StepWeights

SEEDS = 2**32  # as many as JAX knows

Tensor = Any


@dataclass(frozen=True, slots=True)
class NetworkShape:
    """Sizes and dropout rates of a network."""

    layers: int = 2
    units: int = 256
    embedding: int = 64
    dropout: float = 0.2
    input_dropout: float = 0.0
    output_dropout: float = 0.2
    cell: str = "lstm"
    recurrent_dropout: float = 0.0
    variational: bool = False

    @classmethod
    def of(cls, settings: NetworkSettings) -> NetworkShape:
        """Return the shape that settings ask for."""
        return cls(**{field.name: getattr(settings, field.name) for field in fields(cls)})


class Network(keras.Model):  # type: ignore[misc]
    """The network.

    tokens int32[B, T], positions int32[B, T, 3], valid bool[B, T], state float32[layers, rows, B, units] and
    fresh bool[B, T] -> logits float32[B, T, V] of each next token, and the state after the last valid step.

    A state has the rows of the cell: h and c of an LSTM, h of the others. It is zero again before a fresh step;
    without ``fresh`` there is none. Steps that are not valid must come last in a row; they leave the state as it is.
    No gradient flows through the states before and after.

    ``recurrence`` is what goes over a window: a loop of our own; with cudnn Keras' layer on a GPU, which raises
    ValueError where it cannot use cuDNN; with layer the same without cuDNN, which is slow and there to compare. Keras'
    layers can forget only before a window, so ``fresh`` must be False after its first step, and the state after
    a window with steps that are not valid is of no use.
    """

    def __init__(self, vocabulary: Vocabulary, shape: NetworkShape, seed: int = 0, recurrence: str = "loop") -> None:
        super().__init__(name="musicrnn")
        self.vocabulary, self.shape, self.recurrence = vocabulary, shape, recurrence
        self._recur = _loop_of_backend()
        self._rows = CELLS[shape.cell].rows
        self.seed_generator = keras.random.SeedGenerator(seed)
        self._index = _factors(vocabulary)
        sizes = {name: int(index.max()) + 1 for name, index in self._index.items()}
        width, units = shape.embedding, shape.units
        start = keras.initializers.RandomNormal(0.05, seed=keras.random.SeedGenerator((seed + 1) % SEEDS))
        self.inputs_of = {
            name: self.add_weight(shape=(size, width), initializer=start, name=f"in_{name}")
            for name, size in sizes.items()
        }
        places = {"tick": vocabulary.ticks_per_beat, "beat": MAX_BEATS, "metre": METRES}
        self.places = {
            name: self.add_weight(shape=(size, width), initializer=start, name=f"place_{name}")
            for name, size in places.items()
        }
        self.outputs_of = {
            name: self.add_weight(shape=(size, units), initializer=start, name=f"out_{name}")
            for name, size in sizes.items()
        }
        self.output_bias = self.add_weight(shape=(vocabulary.size,), initializer="zeros", name="out_bias")
        self.stack = [_keras_layer(shape, i, seed, recurrence == "cudnn") for i in range(shape.layers)]
        self.built = True

    def _table(self, tables: dict[str, Tensor]) -> Tensor:
        """Sum the factors of every token: [V, width]."""
        return sum(ops.take(table, self._index[name], axis=0) for name, table in tables.items())

    def call(
        self,
        tokens: Tensor,
        positions: Tensor,
        valid: Tensor,
        state: Tensor,
        fresh: Tensor | None = None,
        training: bool = False,
        half: bool = False,
    ) -> tuple[Tensor, Tensor]:
        """Return the logits and the state after, as the class says; with ``half`` by large products of bfloat16."""
        tokens, positions = ops.transpose(tokens), ops.transpose(positions, (1, 0, 2))
        keep = ops.ones_like(tokens) if fresh is None else 1 - ops.cast(ops.transpose(fresh), "int32")
        x = ops.take(self._table(self.inputs_of), tokens, axis=0)
        for i, table in enumerate(self.places.values()):
            x = x + ops.take(table, positions[..., i], axis=0)
        x = self._drop(x, self.shape.input_dropout, training)
        after, over_window = [], self._looped if self.recurrence == "loop" else self._by_keras
        for i, layer in enumerate(self.stack):
            x, ends = over_window(layer, x, state[i], ops.cast(keep, x.dtype)[..., None], valid, training, half)
            after.append(ends)
            last = i == len(self.stack) - 1
            x = self._drop(x, self.shape.output_dropout if last else self.shape.dropout, training)
        logits = ops.matmul(x, ops.transpose(self._table(self.outputs_of))) + self.output_bias
        return ops.transpose(logits, (1, 0, 2)), ops.stack(after)

    def _looped(
        self, layer: Any, x: Tensor, state: Tensor, keep: Tensor, valid: Tensor, training: bool, half: bool
    ) -> tuple[Tensor, Tensor]:
        """Return the output of a layer by our own loop, float32[T, B, units], and its state after the window."""
        cell, two = layer.cell, CELLS[self.shape.cell].biases == 2
        recurrent = self._recurrent(layer, training)
        biases = ops.convert_to_tensor(cell.bias)
        pre = _product(x, cell.kernel, half) + (biases[0] if two else biases)
        before = [state[row] for row in range(self._rows)]
        rows = self._recur(self.shape.cell, pre, recurrent, biases[1] if two else None, before, keep, half)
        return rows[0], _last(rows, state, valid)

    def _by_keras(
        self, layer: Any, x: Tensor, state: Tensor, keep: Tensor, _valid: Tensor, training: bool, half: bool
    ) -> tuple[Tensor, Tensor]:
        """Return the output of a layer by Keras' own way, float32[T, B, units], and its state after the window.

        With ``half`` all that the layer computes is of bfloat16; its weights are float32 still.
        """
        before = [row * keep[0] for row in ops.unstack(state)]
        kernel, _, bias = layer.trainable_variables
        weights = [kernel, self._recurrent(layer, training), bias]
        others = layer.non_trainable_variables
        with _policy(layer, "mixed_bfloat16" if half else "float32"):
            turned = ops.transpose(x, (1, 0, 2))
            (output, *after), _ = layer.stateless_call(weights, others, turned, initial_state=before)
        after = ops.cast(ops.stack(after), x.dtype)
        return ops.cast(ops.transpose(output, (1, 0, 2)), x.dtype), ops.stop_gradient(after)

    def _recurrent(self, layer: Any, training: bool) -> Tensor:
        """Return a layer's recurrent weights, in training without those that are dropped for this window."""
        weights = ops.convert_to_tensor(layer.cell.recurrent_kernel)
        if not training or self.shape.recurrent_dropout <= 0:
            return weights
        return keras.random.dropout(weights, self.shape.recurrent_dropout, seed=self.seed_generator)

    def _drop(self, x: Tensor, rate: float, training: bool) -> Tensor:
        """Drop some of x, [T, B, width], in training."""
        if not training or rate <= 0:
            return x
        _, lanes, width = ops.shape(x)
        noise = (1, lanes, width) if self.shape.variational else None
        return keras.random.dropout(x, rate, noise, seed=self.seed_generator)

    @property
    def token_factors(self) -> dict[str, np.ndarray]:
        """For each token its row in each table of ``inputs_of`` and ``outputs_of``, int32[V]."""
        return self._index

    def initial_state(self, batch: int) -> Tensor:
        """Return the state at the start of a piece for ``batch`` lanes."""
        return ops.zeros((self.shape.layers, self._rows, batch, self.shape.units))

    def step_weights(self) -> StepWeights:
        """Return the weights in the form of a single step, tables summed up."""
        convert = ops.convert_to_numpy
        layers = tuple(
            LayerWeights(*(np.asarray(convert(v), np.float32) for v in layer.trainable_variables))
            for layer in self.stack
        )
        return StepWeights(
            token=np.asarray(convert(self._table(self.inputs_of)), np.float32),
            tick=np.asarray(convert(self.places["tick"]), np.float32),
            beat=np.asarray(convert(self.places["beat"]), np.float32),
            metre=np.asarray(convert(self.places["metre"]), np.float32),
            layers=layers,
            output=np.ascontiguousarray(np.asarray(convert(self._table(self.outputs_of)), np.float32).T),
            output_bias=np.asarray(convert(self.output_bias), np.float32),
            cell=self.shape.cell,
        )


def _loop_of_backend() -> Callable[..., list[Tensor]]:
    """Return the loop over a window that is written for Keras' backend."""
    if keras.backend.backend() == "jax":
        from musicrnn.models.recurrence_jax import recur as of_jax

        return of_jax
    from musicrnn.models.recurrence_tf import recur

    return recur


def _keras_layer(shape: NetworkShape, i: int, seed: int, cudnn: bool) -> Any:
    """Return the keeper of a layer's weights, which can also go over a window; with ``cudnn`` in no other way."""
    kinds = {"lstm": keras.layers.LSTM, "gru": keras.layers.GRU, "rnn": keras.layers.SimpleRNN}
    more = {} if shape.cell == "rnn" else {"use_cudnn": cudnn}
    layer = kinds[shape.cell](
        shape.units,
        return_sequences=True,
        return_state=True,
        kernel_initializer=keras.initializers.GlorotUniform(seed=(seed + 2 * i + 2) % SEEDS),
        recurrent_initializer=keras.initializers.Orthogonal(seed=(seed + 2 * i + 3) % SEEDS),
        name=f"{shape.cell}_{i}",
        **more,
    )
    layer.build((None, None, shape.units if i else shape.embedding))
    return layer


@contextmanager
def _policy(layer: Any, name: str) -> Iterator[None]:
    """Let a layer and its cell compute in other numbers while the block runs."""
    keepers = (layer, layer.cell)
    before = [keeper.dtype_policy for keeper in keepers]
    for keeper in keepers:
        keeper.dtype_policy = name
    try:
        yield
    finally:
        for keeper, policy in zip(keepers, before, strict=True):
            keeper.dtype_policy = policy


def _product(a: Tensor, b: Tensor, half: bool) -> Tensor:
    """Return a @ b; with ``half`` of bfloat16, as the gradients' products are then."""
    if not half:
        return ops.matmul(a, b)
    return ops.cast(ops.matmul(ops.cast(a, "bfloat16"), ops.cast(b, "bfloat16")), "float32")


def _last(rows: list[Tensor], before: Tensor, valid: Tensor) -> Tensor:
    """Return the rows of the state after each lane's last valid step, or before the first where none is valid."""
    count = ops.sum(ops.cast(valid, "int32"), axis=1)
    at = ops.maximum(count - 1, 0)[None, :, None]
    ends = ops.stack([ops.take_along_axis(row, at, axis=0)[0] for row in rows])
    return ops.stop_gradient(ops.where((count > 0)[None, :, None], ends, before))


def _factors(vocabulary: Vocabulary) -> dict[str, np.ndarray]:
    """Return for each token its row in each table of factors, int32[V]; row 0 is that of no pitch, part or slot.

    ``kind`` is a row of its own for each special token and velocity bin, and one for each pair of
    kind and part of the notes.
    """
    part = vocabulary.part
    note_kind = vocabulary.is_kind(Kind.HOLD) * len(vocabulary.parts) + np.maximum(part, 0)
    specials = 4 + vocabulary.velocity_bins
    row = np.where(part < 0, np.arange(vocabulary.size), specials + note_kind)
    return {
        "kind": row.astype(np.int32),
        "part": (part + 1).astype(np.int32),
        "pitch": (vocabulary.pitch + 1).astype(np.int32),
        "slot": (vocabulary.slot + 1).astype(np.int32),
    }
