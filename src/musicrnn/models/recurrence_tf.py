"""A recurrent layer over whole windows, for TensorFlow on a CPU: two loops with few operations, the rest in large ones.

The product of the inputs and the kernel is not taken here but before, for all steps at once, and so is the one of its
gradient. What is left to a step is the product of h and the recurrent weights, forward, and of its gradient, backward,
and one compiled function of the gates each; the gradient of the recurrent weights is one product over all steps again.
All that the way back needs and that does not depend on what flows back is made on the way forward: a cell's *factors*.
TensorFlow's own gradient of a loop would do all of it step by step.

Time comes first here: T steps of B lanes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

Tensor = Any
Rows = list[Tensor]
Arrays = list[tf.TensorArray]

SPARE = 16  # columns; see _ready


class _Lstm:
    """Gates i, f, c, o; rows h and c."""

    factors = (4, 1, 1)  # widths in units: of the slopes of the gates, of h's share in c's, of c's in that before
    slopes, direct = 1, 1

    @staticmethod
    def forward(pre: Tensor, product: Tensor, before: Rows) -> tuple[Rows, Rows]:
        enter, forget, candidate, out = tf.split(pre + product, 4, axis=1)
        enter, forget, candidate, out = tf.sigmoid(enter), tf.sigmoid(forget), tf.tanh(candidate), tf.sigmoid(out)
        cell = forget * before[1] + enter * candidate
        bent = tf.tanh(cell)
        gates = [
            candidate * enter * (1.0 - enter),
            before[1] * forget * (1.0 - forget),
            enter * (1.0 - candidate * candidate),
            bent * out * (1.0 - out),
        ]
        return [out * bent, cell], [tf.concat(gates, axis=1), out * (1.0 - bent * bent), forget]

    @staticmethod
    def backward(factors: Rows, upstream: Tensor, direct: Rows) -> tuple[Rows, Rows]:
        gates, bend, forget = factors
        cell = direct[0] + upstream * bend
        return [gates * tf.concat([cell, cell, cell, upstream], axis=1)], [cell * forget]


class _Gru:
    """Gates z, r, h, with the reset after the product; one row, h."""

    factors = (1, 1, 1, 1, 1)
    slopes, direct = 2, 1

    @staticmethod
    def forward(pre: Tensor, product: Tensor, before: Rows) -> tuple[Rows, Rows]:
        (keep, reset, new), (keep_h, reset_h, of_new) = tf.split(pre, 3, axis=1), tf.split(product, 3, axis=1)
        keep, reset = tf.sigmoid(keep + keep_h), tf.sigmoid(reset + reset_h)
        new = tf.tanh(new + reset * of_new)
        factors = [
            (before[0] - new) * keep * (1.0 - keep),
            (1.0 - keep) * (1.0 - new * new),
            of_new * reset * (1.0 - reset),
            reset,
            keep,
        ]
        return [new + keep * (before[0] - new)], factors

    @staticmethod
    def backward(factors: Rows, upstream: Tensor, direct: Rows) -> tuple[Rows, Rows]:
        of_keep, of_new, of_reset, reset, keep = factors
        upstream = upstream + direct[0]
        update, new = upstream * of_keep, upstream * of_new
        both = [tf.concat([update, new * of_reset, last], axis=1) for last in (new, new * reset)]
        return both, [upstream * keep]


class _Rnn:
    """One gate, a tanh; one row, h."""

    factors = (1,)
    slopes, direct = 1, 0

    @staticmethod
    def forward(pre: Tensor, product: Tensor, _before: Rows) -> tuple[Rows, Rows]:
        new = tf.tanh(pre + product)
        return [new], [1.0 - new * new]

    @staticmethod
    def backward(factors: Rows, upstream: Tensor, _direct: Rows) -> tuple[Rows, Rows]:
        return [upstream * factors[0]], []


_CELLS: dict[str, Any] = {"lstm": _Lstm, "gru": _Gru, "rnn": _Rnn}


def recur(
    cell: str, pre: Tensor, recurrent: Tensor, bias: Tensor | None, state: Rows, keep: Tensor, half: bool = False
) -> Rows:
    """Return the rows of a layer's state after each step, each float32[T, B, units]; the first row, h, is the output.

    ``pre`` float32[T, B, gates * units] is inputs times kernel, and the bias; ``recurrent`` float32[units, gates *
    units]; ``bias`` float32[gates * units] is added to h times recurrent (a GRU's), or None; ``state`` rows of
    float32[B, units] before the first step; ``keep`` float32[T, B, 1] is 0 where the state before a step is
    forgotten, 1 elsewhere. No gradient flows through other rows than h, nor into ``state``. With ``half`` all products
    are of bfloat16.
    """
    kind, recurrent = _CELLS[cell], tf.convert_to_tensor(recurrent)
    offset = tf.zeros_like(recurrent[0]) if bias is None else bias

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def run(pre: Tensor, recurrent: Tensor, offset: Tensor) -> tuple[Rows, Callable[..., Any]]:
        rows, hidden, factors = _forward(kind, pre, recurrent, offset, state, keep, half)

        def gradient(*upstream: Tensor) -> tuple[Tensor, Tensor, Tensor]:
            slopes = _backward(kind, upstream[0], recurrent, factors, keep, half)
            flat = tf.reshape(slopes[-1], (-1, recurrent.shape[1]))
            before = tf.reshape(hidden.stack(), (-1, recurrent.shape[0]))
            return slopes[0], _weights(before, flat, half), tf.reduce_sum(flat, axis=0)

        return rows, gradient

    outcome: Rows = run(pre, recurrent, offset)
    return outcome


def _weights(hidden: Tensor, slopes: Tensor, half: bool) -> Tensor:
    """Return the gradient of the recurrent weights."""
    if not half:
        return tf.matmul(hidden, slopes, transpose_a=True)
    of = tf.matmul(tf.cast(hidden, tf.bfloat16), tf.cast(slopes, tf.bfloat16), transpose_a=True)
    return tf.cast(of, tf.float32)


def _forth(
    kind: Any, pre: Tensor, product: Tensor, offset: Tensor, keep: Tensor, before: Rows
) -> tuple[Rows, Rows, Rows]:
    """Do what a step forward does beside its product.

    Return the rows of the state after the step, the same as the next step takes them up, and the factors.
    """
    rows, factors = kind.forward(pre, product[:, : pre.shape[1]] + offset, before)
    return rows, [row * keep for row in rows], factors


def _back(kind: Any, upstream: Tensor, product: Tensor, keep: Tensor, factors: Rows, direct: Rows) -> tuple[Rows, Rows]:
    """Do what a step back does beside its product; return the slopes, and what flows on directly."""
    hidden = upstream + product[:, : upstream.shape[1]] * keep
    slopes: tuple[Rows, Rows] = kind.backward(factors, hidden, [row * keep for row in direct])
    return slopes


def _forward(
    kind: Any, pre: Tensor, recurrent: Tensor, offset: Tensor, state: Rows, keep: Tensor, half: bool
) -> tuple[Rows, tf.TensorArray, Arrays]:
    """Take all steps; return the rows after each, h as each step took it up, and the factors of each."""
    steps, units, after = tf.shape(pre)[0], recurrent.shape[0], _after(keep)
    weights = _ready(recurrent, half)

    def step(at: Tensor, before: Rows, arrays: Arrays, hidden: Arrays, factors: Arrays) -> Any:
        product = _product(before[0], weights)
        rows, following, found = _forth(kind, pre[at], product, offset, after[at], before)
        arrays, hidden = _write(at, arrays, rows), _write(at, hidden, before[:1])
        return at + 1, following, arrays, hidden, _write(at, factors, found)

    arrays, hidden, factors = (
        _arrays(steps, state[0], [width * units for width in widths])
        for widths in ([1] * len(state), [1], kind.factors)
    )
    start = (0, [row * keep[0] for row in state], arrays, hidden, factors)
    _, _, arrays, hidden, factors = tf.while_loop(lambda at, *_: at < steps, step, start, parallel_iterations=1)
    return [array.stack() for array in arrays], hidden[0], factors


def _backward(kind: Any, upstream: Tensor, recurrent: Tensor, factors: Arrays, keep: Tensor, half: bool) -> Rows:
    """Go back over all steps; return the gradient of ``pre``, and last that of the products."""
    steps, after = tf.shape(upstream)[0], _after(keep)
    turned = _ready(tf.transpose(recurrent), half)

    def step(at: Tensor, product: Tensor, direct: Rows, slopes: Arrays) -> Any:
        of_step = [array.read(at) for array in factors]
        here, direct = _back(kind, upstream[at], product, after[at], of_step, direct)
        return at - 1, _product(here[-1], turned), direct, _write(at, slopes, here)

    none, slopes = tf.zeros_like(upstream[0]), _arrays(steps, upstream[0], [recurrent.shape[1]] * kind.slopes)
    start = (steps - 1, _product(none[:, :1], turned[:1]), [none] * kind.direct, slopes)
    _, _, _, slopes = tf.while_loop(lambda at, *_: at >= 0, step, start, parallel_iterations=1)
    return [array.stack() for array in slopes]


def _after(keep: Tensor) -> Tensor:
    """Return for each step what the next one keeps; the last is followed by none, and keeps all."""
    return tf.concat([keep[1:], tf.ones_like(keep[:1])], axis=0)


def _ready(weights: Tensor, half: bool) -> Tensor:
    """Return the matrix that every step multiplies by, as it does so quickest: of bfloat16, or with columns to spare.

    Where rows are a power of two of bytes apart, what a product reads at a time falls onto the same few lines of the
    cache; those of bfloat16 are put into another order before.
    """
    return tf.cast(weights, tf.bfloat16) if half else tf.pad(weights, [[0, 0], [0, SPARE]])


def _product(rows: Tensor, weights: Tensor) -> Tensor:
    """Return float32 rows times weights, of the precision of these."""
    if weights.dtype == rows.dtype:
        return tf.matmul(rows, weights)
    return tf.cast(tf.matmul(tf.cast(rows, weights.dtype), weights), rows.dtype)


def _arrays(steps: Tensor, like: Tensor, widths: Sequence[int]) -> Arrays:
    return [tf.TensorArray(like.dtype, steps, element_shape=(like.shape[0], width)) for width in widths]


def _write(at: Tensor, arrays: Arrays, values: Rows) -> Arrays:
    return [array.write(at, value) for array, value in zip(arrays, values, strict=True)]
