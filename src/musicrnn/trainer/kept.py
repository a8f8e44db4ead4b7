"""A corpus that is kept on the device, and batches made of it there: all that is sent is where windows stand."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from musicrnn.models.legal import Before, TokenRules, legal
from musicrnn.models.vocabulary import Vocabulary
from musicrnn.trainer.dataset import Shifter
from musicrnn.trainer.rows import BITS, HEAD, Words

Tensor = Any


def word_bytes() -> int:
    """Return the bytes of a word: TensorFlow does much of its int32 arithmetic in the host's memory."""
    return np.dtype(_kind()).itemsize


def _kind() -> str:
    return "int32" if keras.backend.backend() == "jax" else "int64"


class Kept:
    """Rows of :mod:`musicrnn.trainer.rows` on the device, and the tables by which they are read and transposed.

    Numbers that are compared are float32, which holds them exactly.
    """

    def __init__(self, rows: Words, vocabulary: Vocabulary, transpose: int) -> None:
        shifter, kind = Shifter(vocabulary, transpose), _kind()
        self.vocabulary, self.most = vocabulary, transpose
        self.rows = ops.convert_to_tensor(rows.astype(kind))
        self.words = rows.shape[1] - HEAD
        self.rules = TokenRules.of(vocabulary, np.float32)
        self._tokens = shifter.tokens.astype(kind).ravel()
        source = shifter.slots[:, np.maximum(vocabulary.slot, 0)]
        self._word, self._bit = (source // BITS).astype(kind), (source % BITS).astype(kind)
        self._pitched = np.array([0, *(not part.percussive for part in vocabulary.parts)], np.float32)

    def batch(self, rows: Tensor, at: Tensor, shift: Tensor, fresh: Tensor) -> tuple[Tensor, ...]:
        """Return the arrays of the batch that an excerpt stands for, in the order that a network's step takes.

        That is tokens, places, targets, valid, legal and fresh, to the bit as :class:`~musicrnn.trainer.lanes.Batch`
        has them. ``rows`` are :attr:`rows`, which a compiled step is to be given, not to hold.
        """
        at, shift = ops.cast(at, _kind()), ops.cast(shift, _kind())
        valid, row = at > 0, ops.take(rows, at, axis=0)
        head = [row[..., i] for i in range(HEAD)]
        tokens, targets = (self._moved(part, shift) for part in (_field(head[0], 0, 15), _field(head[0], 15, 15)))
        places = ops.stack([_field(head[1], first, 7) for first in (0, 7, 14)], axis=-1)
        may = legal(self.rules, self._before(head, row, shift)) | ~valid[..., None]
        wide, live = (ops.cast(valid, _kind()), "int32")
        return (
            ops.cast(tokens * wide, live),
            ops.cast(places * wide[..., None], live),
            ops.cast(targets * wide, live),
            valid,
            may,
            fresh,
        )

    def _moved(self, tokens: Tensor, shift: Tensor) -> Tensor:
        return ops.take(self._tokens, (shift + self.most) * self.vocabulary.size + tokens, axis=0)

    def _before(self, head: list[Tensor], row: Tensor, shift: Tensor) -> Before:
        def number(word: int, first: int, bits: int) -> Tensor:
            return ops.cast(_field(head[word], first, bits), "float32")[..., None]

        part = _field(head[2], 15, 8)
        moves = ops.take(self._pitched, part, axis=0) * ops.cast(shift, "float32")
        return Before(
            phase=number(2, 23, 3),
            last_slot=number(2, 0, 15) - 1.0 - moves[..., None],
            last_part=ops.cast(part, "float32")[..., None] - 1.0,
            named=number(3, 0, 8),
            part_count=number(3, 8, 8),
            kept=number(3, 16, 8),
            changed=number(2, 26, 1) > 0,
            count=number(1, 21, 8),
            sounds=self._sounds(row, shift),
        )

    def _sounds(self, row: Tensor, shift: Tensor) -> Tensor:
        """Return of each token whether its slot sounds, bool[B, T, V]: its bit, before the transposition."""
        table = shift + self.most
        words = [row[..., HEAD + i, None] for i in range(self.words)]
        which, bit = ops.take(self._word, table, axis=0), ops.take(self._bit, table, axis=0)
        word = sum((here * ops.cast(ops.equal(which, i), _kind()) for i, here in enumerate(words)), 0)
        return ops.bitwise_and(ops.right_shift(word, bit), 1) > 0


def _field(word: Tensor, first: int, bits: int) -> Tensor:
    return ops.bitwise_and(ops.right_shift(word, first), (1 << bits) - 1)
