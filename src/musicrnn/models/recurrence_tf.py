"""A recurrent layer over whole windows, for TensorFlow on a CPU: two loops with few operations, the rest in large ones.

The product of the inputs and the kernel is not taken here but before, for all steps at once, and so is the one of its
gradient. What is left to a step is the product of h and the recurrent weights, forward, and of its gradient, backward;
the gradient of the recurrent weights is one product over all steps again. All that the way back needs and that does
not depend on what flows back is made for all steps at once too: a cell's *factors*. TensorFlow's own gradient of a
loop would do all of it step by step.

Time comes first here: T steps of B lanes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

Tensor = Any
Rows = list[Tensor]


class _Lstm:
    """Gates i, f, c, o; rows h and c."""

    widths = (4, 1)  # of what a step saves, in units: the gates' sigmoids (that of c is of no use), and tanh of c

    @staticmethod
    def forward(pre: Tensor, product: Tensor, before: Rows) -> tuple[Rows, Rows]:
        total = pre + product
        gates = tf.sigmoid(total)
        enter, forget, _, out = tf.split(gates, 4, axis=1)
        units = before[0].shape[1]
        candidate = tf.tanh(total[:, 2 * units : 3 * units])
        cell = forget * before[1] + enter * candidate
        return [out * tf.tanh(cell), cell], [gates, candidate]

    @staticmethod
    def factors(saved: Rows, before: Rows, after: Rows) -> Rows:
        enter, forget, _, out = tf.split(saved[0], 4, axis=2)
        candidate, bent = saved[1], tf.tanh(after[1])
        of_cell = [
            candidate * enter * (1.0 - enter),
            before[1] * forget * (1.0 - forget),
            enter * (1.0 - candidate * candidate),
        ]
        return [tf.stack(of_cell, axis=2), bent * out * (1.0 - out), out * (1.0 - bent * bent), forget]

    @staticmethod
    def backward(factors: Rows, upstream: Rows) -> tuple[Tensor, Tensor, Rows]:
        of_cell, of_out, bend, forget = factors
        cell = upstream[1] + upstream[0] * bend
        slopes = tf.concat([of_cell * cell[:, None], (upstream[0] * of_out)[:, None]], axis=1)
        slope = tf.reshape(slopes, (-1, 4 * cell.shape[1]))
        return slope, slope, [None, cell * forget]

    @staticmethod
    def of_product(of_pre: Tensor, _saved: Rows) -> Tensor:
        return of_pre


class _Gru:
    """Gates z, r, h, with the reset after the product; one row, h."""

    widths = (2, 1, 1)  # of what a step saves: z and r, the new h, and the product for it

    @staticmethod
    def forward(pre: Tensor, product: Tensor, before: Rows) -> tuple[Rows, Rows]:
        units = before[0].shape[1]
        gates = tf.sigmoid(pre[:, : 2 * units] + product[:, : 2 * units])
        keep, reset = tf.split(gates, 2, axis=1)
        of_new = product[:, 2 * units :]
        new = tf.tanh(pre[:, 2 * units :] + reset * of_new)
        return [new + keep * (before[0] - new)], [gates, new, of_new]

    @staticmethod
    def factors(saved: Rows, before: Rows, _after: Rows) -> Rows:
        keep, reset = tf.split(saved[0], 2, axis=2)
        new, of_new = saved[1:]
        return [
            (before[0] - new) * keep * (1.0 - keep),
            (1.0 - keep) * (1.0 - new * new),
            of_new * reset * (1.0 - reset),
            reset,
            keep,
        ]

    @staticmethod
    def backward(factors: Rows, upstream: Rows) -> tuple[Tensor, Tensor, Rows]:
        of_keep, of_new, of_reset, reset, keep = factors
        update, new = upstream[0] * of_keep, upstream[0] * of_new
        resets = new * of_reset
        of_pre = tf.concat([update, resets, new], axis=1)
        return of_pre, tf.concat([update, resets, new * reset], axis=1), [upstream[0] * keep]

    @staticmethod
    def of_product(of_pre: Tensor, saved: Rows) -> Tensor:
        update, resets, new = tf.split(of_pre, 3, axis=2)
        return tf.concat([update, resets, new * tf.split(saved[0], 2, axis=2)[1]], axis=2)


class _Rnn:
    """One gate, a tanh; one row, h."""

    widths: tuple[int, ...] = ()

    @staticmethod
    def forward(pre: Tensor, product: Tensor, _before: Rows) -> tuple[Rows, Rows]:
        return [tf.tanh(pre + product)], []

    @staticmethod
    def factors(_saved: Rows, _before: Rows, after: Rows) -> Rows:
        return [1.0 - after[0] * after[0]]

    @staticmethod
    def backward(factors: Rows, upstream: Rows) -> tuple[Tensor, Tensor, Rows]:
        slope = upstream[0] * factors[0]
        return slope, slope, [None]

    @staticmethod
    def of_product(of_pre: Tensor, _saved: Rows) -> Tensor:
        return of_pre


_CELLS: dict[str, Any] = {"lstm": _Lstm, "gru": _Gru, "rnn": _Rnn}


def recur(
    cell: str, pre: Tensor, recurrent: Tensor, bias: Tensor | None, state: Rows, keep: Tensor, half: bool = False
) -> Rows:
    """Return the rows of a layer's state after each step, each float32[T, B, units]; the first row, h, is the output.

    ``pre`` float32[T, B, gates * units] is inputs times kernel, and the bias; ``recurrent`` float32[units, gates *
    units]; ``bias`` float32[gates * units] is added to h times recurrent (a GRU's), or None; ``state`` rows of
    float32[B, units] before the first step; ``keep`` float32[T, B, 1] is 0 where the state before a step is
    forgotten, 1 elsewhere. No gradient flows through other rows than h, nor into ``state``. With ``half`` the one
    large product, that of the gradient of ``recurrent``, is of bfloat16.
    """
    kind, recurrent = _CELLS[cell], tf.convert_to_tensor(recurrent)
    offset = tf.zeros_like(recurrent[0]) if bias is None else bias

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def run(pre: Tensor, recurrent: Tensor, offset: Tensor) -> tuple[Rows, Callable[..., Any]]:
        rows, saved = _forward(kind, pre, recurrent, None if bias is None else offset, state, keep)

        def gradient(*upstream: Tensor) -> tuple[Tensor, Tensor, Tensor]:
            before = [tf.concat([first[None], row[:-1]], axis=0) * keep for first, row in zip(state, rows, strict=True)]
            of_pre = _backward(kind, upstream[0], recurrent, kind.factors(saved, before, rows), keep, len(rows))
            flat = tf.reshape(kind.of_product(of_pre, saved), (-1, recurrent.shape[1]))
            hidden = tf.reshape(before[0], (-1, recurrent.shape[0]))
            return of_pre, _weights(hidden, flat, half), tf.reduce_sum(flat, axis=0)

        return rows, gradient

    outcome: Rows = run(pre, recurrent, offset)
    return outcome


def _weights(hidden: Tensor, slopes: Tensor, half: bool) -> Tensor:
    """Return the gradient of the recurrent weights."""
    if not half:
        return tf.matmul(hidden, slopes, transpose_a=True)
    of = tf.matmul(tf.cast(hidden, tf.bfloat16), tf.cast(slopes, tf.bfloat16), transpose_a=True)
    return tf.cast(of, tf.float32)


def _array(steps: Tensor, like: Tensor, width: int) -> tf.TensorArray:
    return tf.TensorArray(like.dtype, steps, element_shape=(like.shape[0], width))


def _write(at: Tensor, arrays: Sequence[tf.TensorArray], values: Rows) -> list[tf.TensorArray]:
    return [array.write(at, value) for array, value in zip(arrays, values, strict=True)]


def _forward(
    kind: Any, pre: Tensor, recurrent: Tensor, offset: Tensor | None, state: Rows, keep: Tensor
) -> tuple[Rows, Rows]:
    """Take all steps; return the rows after each, and what the way back needs of each."""
    steps, units = tf.shape(pre)[0], recurrent.shape[0]
    arrays = [_array(steps, row, units) for row in state]
    kept = [_array(steps, state[0], width * units) for width in kind.widths]

    def step(at: Tensor, rows: Rows, arrays: list[tf.TensorArray], kept: list[tf.TensorArray]) -> Any:
        before = [row * keep[at] for row in rows]
        product = tf.matmul(before[0], recurrent)
        rows, saved = kind.forward(pre[at], product if offset is None else product + offset, before)
        return at + 1, rows, _write(at, arrays, rows), _write(at, kept, saved)

    _, _, arrays, kept = tf.while_loop(
        lambda at, *_: at < steps, step, (0, list(state), arrays, kept), parallel_iterations=1
    )
    return [array.stack() for array in arrays], [array.stack() for array in kept]


def _backward(kind: Any, upstream: Tensor, recurrent: Tensor, factors: Rows, keep: Tensor, rows: int) -> Tensor:
    """Go back over all steps; return the gradient of ``pre``."""
    steps = tf.shape(upstream)[0]
    turned, slopes = tf.transpose(recurrent), _array(steps, upstream[0], recurrent.shape[1])

    def step(at: Tensor, flowing: Rows, slopes: tf.TensorArray) -> Any:
        here = [flowing[0] + upstream[at], *flowing[1:]]
        of_pre, of_product, direct = kind.backward([factor[at] for factor in factors], here)
        hidden = tf.matmul(of_product, turned)
        direct = [hidden if direct[0] is None else direct[0] + hidden, *direct[1:]]
        return at - 1, [row * keep[at] for row in direct], slopes.write(at, of_pre)

    none = [tf.zeros_like(upstream[0]) for _ in range(rows)]
    _, _, slopes = tf.while_loop(lambda at, *_: at >= 0, step, (steps - 1, none, slopes), parallel_iterations=1)
    return slopes.stack()
