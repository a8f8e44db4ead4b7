"""Several workers that learn as one: what they find in a step is summed by TensorFlow's collectives.

TensorFlow's MultiWorkerMirroredStrategy builds the cluster of TF_CONFIG, watches over it and sums; each worker holds
its own variables, which stay alike because all apply the same sum to the same numbers.
"""

from __future__ import annotations

import contextlib
import math
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from musicrnn.errors import TrainingError
from musicrnn.trainer.team import NOTES, Place, Tensor

_LOST = (
    tf.errors.UnavailableError,
    tf.errors.AbortedError,
    tf.errors.CancelledError,
    tf.errors.FailedPreconditionError,
    tf.errors.DeadlineExceededError,
)


class Workers:
    """The team of a run over several processes, one device each; see :class:`~musicrnn.trainer.team.Team`."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self._asked_here = False
        self._began = time.monotonic()
        with _default_signals():
            self._strategy = tf.distribute.MultiWorkerMirroredStrategy()
        if self._strategy.num_replicas_in_sync != place.size:
            raise TrainingError(
                f"each worker must have one device, got {self._strategy.num_replicas_in_sync} for {place.size} "
                "workers; start one worker for each GPU, with CUDA_VISIBLE_DEVICES"
            )
        self._sum_of = {
            kind: tf.function(self._sum, input_signature=[tf.TensorSpec([None], kind)])
            for kind in (tf.float32, tf.float64, tf.int32, tf.int64)
        }
        self._now, self._stop = 0.0, False
        self.heard(self._whole(self.notes()))

    def notes(self) -> NDArray[np.float32]:
        """Return whether this worker was asked to stop, and the chief's time: whole seconds and the rest."""
        rest, whole = math.modf(time.monotonic() - self._began) if self.place.is_chief else (0.0, 0.0)
        return np.array([self._asked_here, whole, rest], np.float32)

    def heard(self, notes: NDArray[np.float32]) -> None:
        """Take in the sum of the notes of all."""
        self._stop = bool(notes[0] > 0)
        self._now = float(notes[1]) + float(notes[2])

    def join(self, nats: Tensor, count: Tensor, gradients: list[Tensor], notes: Tensor) -> tuple[Tensor, ...]:
        """Sum all in one exchange; each worker's gradient weighs as much as its predictions are many."""
        flat = [tf.reshape(gradient, [-1]) * tf.maximum(count, 1.0) for gradient in gradients]
        head = tf.concat([[nats, count], notes], 0)
        summed = self._sum(tf.concat([head, *flat], 0))
        sizes = [NOTES + 2, *(gradient.shape.num_elements() for gradient in gradients)]
        head, *parts = tf.split(summed, sizes)
        whole = tf.maximum(head[1], 1.0)
        means = [tf.reshape(part / whole, one.shape) for part, one in zip(parts, gradients, strict=True)]
        return head[0], head[1], means, head[2:]

    def totals(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return the sums over the workers."""
        return self._whole(values)

    def from_chief(self, content: bytes) -> bytes:
        """Return what the chief gave: its length, then its bytes, which the others add nothing to."""
        mine = content if self.place.is_chief else b""
        length = int(self._whole(np.array([len(mine)], np.int64))[0])
        words = np.zeros(-(-length // 4) * 4, np.uint8)
        words[: len(mine)] = np.frombuffer(mine, np.uint8)
        summed = self._whole(words.view(np.int32))
        return summed.view(np.uint8)[:length].tobytes()

    def now(self) -> float:
        """Return the chief's time at the last step."""
        return self._now

    def stop_asked(self, here: bool) -> bool:
        """Tell whether any worker had been asked to at the last step; the next step tells the others of this one."""
        self._asked_here = here
        return self._stop

    def part(self) -> None:
        """Wait until all have come here. That one has gone on already, and ended, is no fault any more."""
        with contextlib.suppress(*_LOST):
            self._whole(np.zeros(1))

    def _whole(self, values: NDArray[Any]) -> NDArray[Any]:
        flat = tf.constant(values.ravel())
        return np.asarray(self._sum_of[flat.dtype](flat)).reshape(values.shape)

    def _sum(self, values: Tensor) -> Tensor:
        def all_reduce(mine: Tensor) -> Tensor:
            here = tf.identity(mine)  # the sum goes to the device of what is summed, which an argument has not got
            return tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, here)

        return self._strategy.run(all_reduce, args=(values,))


@contextmanager
def in_touch(again: str) -> Iterator[None]:
    """Turn what TensorFlow raises when another worker is lost into a TrainingError that says how to go on."""
    try:
        yield
    except _LOST as error:
        raise TrainingError(
            f"another worker is gone ({type(error).__name__}); start all of them again: {again}"
        ) from error


@contextmanager
def _default_signals() -> Iterator[None]:
    """Let Ctrl-C and SIGTERM end the process while it waits for the others, where no Python code runs."""
    kinds = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(kind, signal.SIG_DFL) for kind in kinds]
    try:
        yield
    finally:
        for kind, handler in zip(kinds, before, strict=True):
            signal.signal(kind, handler)
