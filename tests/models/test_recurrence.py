"""The loops of our own over a window, beside Keras' own layers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.train

STEPS, LANES, INPUTS, UNITS = 9, 3, 5, 8
CELLS = ("lstm", "gru", "rnn")
BFLOAT16_ROUNDING = 2**-8


@dataclass
class Stage:
    """A layer of Keras' with loud weights, inputs [B, T, inputs], a state before them, and weights of a loss."""

    cell: str
    layer: Any
    inputs: np.ndarray
    state: list[np.ndarray]
    loss: np.ndarray

    def ours(self, keep: np.ndarray, half: bool = False) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Return the rows after each step, [B, T, units], and the gradients of inputs and weights."""
        import tensorflow as tf

        from musicrnn.models.recurrence_tf import recur

        cell, two = self.layer.cell, self.cell == "gru"

        @tf.function  # type: ignore[untyped-decorator]
        def run(inputs: Any) -> Any:
            with tf.GradientTape() as tape:
                tape.watch(inputs)
                biases = tf.convert_to_tensor(cell.bias.value)
                pre = tf.tensordot(tf.transpose(inputs, (1, 0, 2)), cell.kernel.value, 1)
                pre += biases[0] if two else biases
                recurrent, state = cell.recurrent_kernel.value, [tf.constant(row) for row in self.state]
                rows = recur(self.cell, pre, recurrent, biases[1] if two else None, state, tf.constant(keep), half)
                loss = tf.reduce_sum(tf.transpose(rows[0], (1, 0, 2)) * self.loss)
            return rows, tape.gradient(loss, [inputs, *self._weights()])

        rows, gradients = run(tf.constant(self.inputs))
        return [np.asarray(row).transpose(1, 0, 2) for row in rows], [np.asarray(one) for one in gradients]

    def keras(self) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Return what Keras makes of it: the output, then the rows of the state at the end; and the gradients."""
        import tensorflow as tf

        inputs = tf.constant(self.inputs)
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            output, *state = self.layer(inputs, initial_state=[tf.constant(row) for row in self.state])
            loss = tf.reduce_sum(output * self.loss)
        gradients = tape.gradient(loss, [inputs, *self._weights()])
        return [np.asarray(each) for each in (output, *state)], [np.asarray(one) for one in gradients]

    def _weights(self) -> list[Any]:
        return [variable.value for variable in self.layer.trainable_variables]


@pytest.fixture(params=CELLS)
def stage(request: pytest.FixtureRequest) -> Stage:
    """Return a stage for each kind of cell."""
    import keras

    rng = np.random.default_rng(4)
    kinds = {"lstm": keras.layers.LSTM, "gru": keras.layers.GRU, "rnn": keras.layers.SimpleRNN}
    layer = kinds[request.param](UNITS, return_sequences=True, return_state=True)
    layer.build((None, None, INPUTS))
    for variable in layer.trainable_variables:
        variable.assign(rng.standard_normal(variable.shape) * 0.5)

    def draw(*size: int) -> np.ndarray:
        return rng.standard_normal(size).astype(np.float32)

    state = [draw(LANES, UNITS) for _ in range(2 if request.param == "lstm" else 1)]
    return Stage(request.param, layer, draw(LANES, STEPS, INPUTS), state, draw(LANES, STEPS, UNITS))


def nothing_forgotten() -> np.ndarray:
    """Return that the state before each step is kept."""
    return np.ones((STEPS, LANES, 1), np.float32)


def test_it_is_keras_own_layer_forward_and_back(stage: Stage) -> None:
    """Outputs, the state after, and the gradients of the inputs and of every weight."""
    rows, gradients = stage.ours(nothing_forgotten())
    (output, *state), wanted = stage.keras()
    np.testing.assert_allclose(rows[0], output, atol=1e-6)
    for row, end in zip(rows, state, strict=True):
        np.testing.assert_allclose(row[:, -1], end, atol=2e-6)
    assert len(gradients) == len(wanted) == 4
    for mine, theirs in zip(gradients, wanted, strict=True):
        np.testing.assert_allclose(mine, theirs, atol=1e-5)


def test_what_is_forgotten_has_no_part_in_what_follows(stage: Stage) -> None:
    """A lane forgotten at a step goes on as one that begins there, forward and back."""
    at = 4
    keep = nothing_forgotten()
    keep[at] = 0.0
    rows, gradients = stage.ours(keep)
    empty = [np.zeros_like(row) for row in stage.state]
    halves = [
        Stage(stage.cell, stage.layer, stage.inputs[:, part], state, stage.loss[:, part])
        for part, state in ((slice(0, at), stage.state), (slice(at, None), empty))
    ]
    (before, *_), first = halves[0].keras()
    (after, *_), second = halves[1].keras()
    np.testing.assert_allclose(rows[0], np.concatenate([before, after], axis=1), atol=1e-6)
    np.testing.assert_allclose(gradients[0], np.concatenate([first[0], second[0]], axis=1), atol=1e-5)
    for mine, one, other in zip(gradients[1:], first[1:], second[1:], strict=True):
        np.testing.assert_allclose(mine, one + other, atol=1e-5)


def test_only_the_lane_that_forgets_forgets(stage: Stage) -> None:
    """The others go on as they would."""
    keep = nothing_forgotten()
    keep[4, 1] = 0.0
    plain, _ = stage.ours(nothing_forgotten())
    rows, _ = stage.ours(keep)
    np.testing.assert_array_equal(rows[0][[0, 2]], plain[0][[0, 2]])
    np.testing.assert_array_equal(rows[0][1, :4], plain[0][1, :4])
    assert (np.abs(rows[0][1, 4:] - plain[0][1, 4:]).max(axis=1) > 1e-4).all()


def test_the_products_of_bfloat16_are_those_of_float32_roughly(stage: Stage) -> None:
    """Those of the loop too: every gradient is a little off, by what the roundings of all steps may add up to at most.

    All together are as near as a training asks. How far each is off differs from one kind of processor to another, by
    the order in which it adds.
    """
    from musicrnn.trainer.training import MOST_DISPARITY

    exact, rough = (stage.ours(nothing_forgotten(), half)[1] for half in (False, True))
    for one, other in zip(exact, rough, strict=True):
        assert (one != other).any()
        assert np.linalg.norm(one - other) < STEPS * BFLOAT16_ROUNDING * np.linalg.norm(one)
    whole, rounded = (np.concatenate([one.ravel() for one in gradients]) for gradients in (exact, rough))
    assert np.linalg.norm(whole - rounded) < MOST_DISPARITY * np.linalg.norm(whole)
