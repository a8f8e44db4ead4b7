"""The same training by other makes: PyTorch's nn.LSTM and Keras' stock fit; and the machine's rate of matrix products.

Each builder takes a network, the settings and batches made before, and returns a call that learns from some batches
and says how many tokens it predicted. The PyTorch one is the same network with the same loss among the legal tokens,
AdamW, clipping and carried state, from the same weights (its tables of tokens are whole, ours summed of factors); its
optimiser is the fused one, its quickest. The Keras one is what a user would write: stock layers, ``compile`` and
``fit``, no mask of legal tokens, no carried state, no XLA unless asked for.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from musicrnn.config.training import TrainingSettings
from musicrnn.models.network import Network
from musicrnn.trainer.lanes import Batch

Call = Callable[[], int]
FIRST_RATE = 1e-3


class PyTorchNetwork:
    """Our network in PyTorch: summed embeddings, nn.LSTM, a linear layer; one optimiser step a batch."""

    def __init__(self, network: Network, settings: TrainingSettings, lanes: int) -> None:
        import torch

        self.torch, self.shape, self.clip = torch, network.shape, settings.clip
        weights = network.step_weights()
        tables = (weights.token, weights.tick, weights.beat, weights.metre)
        self.tables = [_parameter(torch, table) for table in tables]
        self.lstm = torch.nn.LSTM(
            network.shape.embedding, network.shape.units, network.shape.layers, batch_first=True,
            dropout=network.shape.dropout if network.shape.layers > 1 else 0.0,
        )  # fmt: skip
        self.linear = torch.nn.Linear(network.shape.units, weights.output_bias.size)
        with torch.no_grad():
            for i, layer in enumerate(weights.layers):
                getattr(self.lstm, f"weight_ih_l{i}").copy_(_tensor(torch, layer.kernel.T))
                getattr(self.lstm, f"weight_hh_l{i}").copy_(_tensor(torch, layer.recurrent.T))
                getattr(self.lstm, f"bias_ih_l{i}").copy_(_tensor(torch, layer.bias))
                getattr(self.lstm, f"bias_hh_l{i}").zero_()
            self.linear.weight.copy_(_tensor(torch, weights.output.T))
            self.linear.bias.copy_(_tensor(torch, weights.output_bias))
        self.state = [torch.zeros(network.shape.layers, lanes, network.shape.units) for _ in range(2)]
        self.optimizer = self._optimizer(settings.weight_decay)

    def _optimizer(self, decay: float) -> Any:
        every = [*self.lstm.named_parameters(), *self.linear.named_parameters()]
        biases = [value for name, value in every if "bias" in name]
        others = [value for name, value in every if "bias" not in name]
        groups = [{"params": others, "weight_decay": decay}, {"params": [*self.tables, *biases], "weight_decay": 0.0}]
        return self.torch.optim.AdamW(groups, lr=FIRST_RATE, fused=True)

    def nats(self, batch: Batch, *, training: bool) -> Any:
        """Return the summed nats of a batch, and leave the state after it."""
        torch = self.torch
        self.lstm.train(training)
        keep = torch.from_numpy(1.0 - batch.fresh[:, 0].astype(np.float32))[None, :, None]
        places = torch.from_numpy(batch.places)
        x = self.tables[0][torch.from_numpy(batch.tokens)]
        for i, table in enumerate(self.tables[1:]):
            x = x + table[places[..., i]]
        x = torch.nn.functional.dropout(x, self.shape.input_dropout, training)
        y, state = self.lstm(x, tuple(each * keep for each in self.state))
        self.state = [each.detach() for each in state]
        logits = self.linear(torch.nn.functional.dropout(y, self.shape.output_dropout, training))
        logits = logits.masked_fill(~torch.from_numpy(batch.legal), -1e9)
        valid = torch.from_numpy(batch.valid)
        targets = torch.from_numpy(batch.targets.astype(np.int64)).masked_fill(~valid, -100)
        return torch.nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="sum")

    def learn(self, batch: Batch) -> int:
        """Learn from one batch; return its predictions."""
        tokens = int(batch.valid.sum())
        self.optimizer.zero_grad(set_to_none=True)
        nats = self.nats(batch, training=True)
        (nats / tokens).backward()
        every = [value for group in self.optimizer.param_groups for value in group["params"]]
        norm = self.torch.nn.utils.clip_grad_norm_(every, self.clip if self.clip > 0 else float("inf"))
        self.optimizer.step()
        norm.item(), nats.item()
        return tokens


def _tensor(torch: Any, array: np.ndarray) -> Any:
    return torch.from_numpy(np.ascontiguousarray(array))


def _parameter(torch: Any, array: np.ndarray) -> Any:
    return torch.nn.Parameter(_tensor(torch, array).clone())


def pytorch(network: Network, settings: TrainingSettings, batches: Sequence[Batch]) -> Call:
    """Return the training of the same network by PyTorch."""
    other, turn = PyTorchNetwork(network, settings, len(batches[0].fresh)), itertools.cycle(batches)
    return lambda: other.learn(next(turn))


def keras_model(network: Network, settings: TrainingSettings, *, xla: bool) -> Any:
    """Return stock layers of the same sizes, compiled with the same optimiser and a loss over all tokens."""
    import keras

    shape, vocabulary = network.shape, network.vocabulary
    token = keras.Input((None,), dtype="int32", name="tokens")
    places = keras.Input((None, 3), dtype="int32", name="places")
    x = keras.layers.Embedding(vocabulary.size, shape.embedding)(token)
    for i, table in enumerate(network.places.values()):
        x = x + keras.layers.Embedding(table.shape[0], shape.embedding)(places[..., i])
    for i in range(shape.layers):
        x = keras.layers.LSTM(shape.units, return_sequences=True)(x)
        x = keras.layers.Dropout(shape.output_dropout if i == shape.layers - 1 else shape.dropout)(x)
    model = keras.Model([token, places], keras.layers.Dense(vocabulary.size)(x))
    clip = settings.clip if settings.clip > 0 else None
    model.compile(
        keras.optimizers.AdamW(FIRST_RATE, weight_decay=settings.weight_decay, global_clipnorm=clip),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        jit_compile=xla,
    )
    return model


def keras_fit(
    network: Network, settings: TrainingSettings, batches: Sequence[Batch], *, seconds: float = 0.0, xla: bool = False
) -> Call:
    """Return Keras' own ``fit`` on as many batches as fill ``seconds``, one at least."""
    model, lanes = keras_model(network, settings, xla=xla), len(batches[0].fresh)

    def fit(some: Sequence[Batch]) -> int:
        tokens, places, targets, valid = (
            np.concatenate([getattr(batch, name) for batch in some])
            for name in ("tokens", "places", "targets", "valid")
        )
        model.fit(
            [tokens, places], targets, sample_weight=valid.astype(np.float32), batch_size=lanes, shuffle=False,
            verbose=0,
        )  # fmt: skip
        return int(valid.sum())

    fit(batches[:1])
    began = time.perf_counter()
    fit(batches[:1])
    count = max(1, min(len(batches), round(seconds / (time.perf_counter() - began))))
    return lambda: fit(batches[:count])


def product_rate(size: int = 1536) -> dict[str, Callable[[], int]]:
    """Return calls that multiply two square float32 matrices, by maker; each returns its floating-point operations."""
    import tensorflow as tf
    import torch

    a, b = (np.random.default_rng(i).standard_normal((size, size)).astype(np.float32) for i in range(2))
    ta, tb, fa, fb = torch.from_numpy(a), torch.from_numpy(b), tf.constant(a), tf.constant(b)

    def by_torch() -> int:
        torch.mm(ta, tb)
        return int(2 * size**3)

    def by_tensorflow() -> int:
        tf.linalg.matmul(fa, fb).numpy()
        return int(2 * size**3)

    return {"PyTorch": by_torch, "TensorFlow": by_tensorflow}
