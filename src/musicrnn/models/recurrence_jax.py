"""A recurrent layer over whole windows, for JAX: one loop forward, one back, the rest in large operations.

As for TensorFlow the product of the inputs and the kernel is taken before, for all steps at once. JAX's own gradient
of a loop would take a product for the gradient of the recurrent weights at each step; here one is taken over all
steps, after the loop, from what flows back into each step's product.

Time comes first here: T steps of B lanes.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

Tensor = Any
Rows = list[Tensor]


def _lstm(pre: Tensor, product: Tensor, before: Rows) -> Rows:
    """Gates i, f, c, o; rows h and c."""
    enter, forget, candidate, out = jnp.split(pre + product, 4, axis=1)
    cell = jax.nn.sigmoid(forget) * before[1] + jax.nn.sigmoid(enter) * jnp.tanh(candidate)
    return [jax.nn.sigmoid(out) * jnp.tanh(cell), cell]


def _gru(pre: Tensor, product: Tensor, before: Rows) -> Rows:
    """Gates z, r, h, with the reset after the product; one row, h."""
    (keep, reset, new), (keep_h, reset_h, new_h) = jnp.split(pre, 3, axis=1), jnp.split(product, 3, axis=1)
    new = jnp.tanh(new + jax.nn.sigmoid(reset + reset_h) * new_h)
    return [new + jax.nn.sigmoid(keep + keep_h) * (before[0] - new)]


def _rnn(pre: Tensor, product: Tensor, _before: Rows) -> Rows:
    """One gate, a tanh; one row, h."""
    return [jnp.tanh(pre + product)]


_CELLS: dict[str, Callable[[Tensor, Tensor, Rows], Rows]] = {"lstm": _lstm, "gru": _gru, "rnn": _rnn}


def recur(
    cell: str, pre: Tensor, recurrent: Tensor, bias: Tensor | None, state: Rows, keep: Tensor, half: bool = False
) -> Rows:
    """Return the rows of a layer's state after each step, each float32[T, B, units]; the first row, h, is the output.

    All is as :func:`musicrnn.models.recurrence_tf.recur` says.
    """
    offset = jnp.zeros_like(recurrent[0]) if bias is None else bias
    rows: Rows = _run(cell, half, pre, recurrent, offset, list(state), keep)
    return rows


def _loop(
    cell: str, half: bool, pre: Tensor, more: Tensor, recurrent: Tensor, offset: Tensor, state: Rows, keep: Tensor
) -> Rows:
    """Take all steps; return the rows after each. ``more``, zeros, goes into each step's product, for its gradient."""
    weights = recurrent.astype(jnp.bfloat16) if half else recurrent

    def step(rows: Rows, at: tuple[Tensor, Tensor, Tensor]) -> tuple[Rows, Rows]:
        pre_at, more_at, keep_at = at
        before = [row * keep_at for row in rows]
        after = _CELLS[cell](
            pre_at, (before[0].astype(weights.dtype) @ weights).astype(pre_at.dtype) + offset + more_at, before
        )
        return after, after

    rows: Rows = jax.lax.scan(step, state, (pre, more, keep))[1]
    return rows


@partial(jax.custom_vjp, nondiff_argnums=(0, 1))
def _run(cell: str, half: bool, pre: Tensor, recurrent: Tensor, offset: Tensor, state: Rows, keep: Tensor) -> Rows:
    return _loop(cell, half, pre, jnp.zeros_like(pre), recurrent, offset, state, keep)


def _forward(
    cell: str, half: bool, pre: Tensor, recurrent: Tensor, offset: Tensor, state: Rows, keep: Tensor
) -> tuple[Rows, Any]:
    def run(pre: Tensor, more: Tensor) -> Rows:
        return _loop(cell, half, pre, more, recurrent, offset, state, keep)

    rows, back = jax.vjp(run, pre, jnp.zeros_like(pre))
    return rows, (back, rows[0], recurrent, state, keep)


def _backward(_cell: str, half: bool, kept: Any, upstream: Rows) -> tuple[Any, ...]:
    back, hidden, recurrent, state, keep = kept
    of_pre, of_product = back([upstream[0], *(jnp.zeros_like(row) for row in upstream[1:])])
    before = jnp.concatenate([state[0][None], hidden[:-1]]) * keep
    flat = of_product.reshape(-1, recurrent.shape[1])
    return of_pre, _weights(before.reshape(-1, recurrent.shape[0]), flat, half), flat.sum(0), None, None


def _weights(hidden: Tensor, slopes: Tensor, half: bool) -> Tensor:
    """Return the gradient of the recurrent weights."""
    if not half:
        return hidden.T @ slopes
    return (hidden.astype(jnp.bfloat16).T @ slopes.astype(jnp.bfloat16)).astype(jnp.float32)


_run.defvjp(_forward, _backward)
