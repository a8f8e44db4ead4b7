"""A trace of some training steps, as TensorBoard shows it in its Profile tab."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import tensorflow as tf

from musicrnn.trainer.count import Learner, StepResult, Windows

FIRST, STEPS = 10, 10


class Profiled:
    """A learner whose eleventh to twentieth steps are traced into a folder; before them TensorFlow builds its graph.

    What goes wrong with the trace is said, and training goes on without it.
    """

    def __init__(self, learner: Learner, folder: Path, say: Callable[[str], None]) -> None:
        self.learner, self.folder, self.say = learner, folder, say
        self.done = 0
        self._runs = False

    def train(self, batch: Windows, rate: float) -> StepResult:
        """Learn from one batch, traced if it is its turn."""
        if self.done == FIRST:
            self._start()
        with tf.profiler.experimental.Trace("train", step_num=self.done, _r=1):
            result = self.learner.train(batch, rate)
        self.done += 1
        if self.done == FIRST + STEPS:
            self.close()
        return result

    def close(self) -> None:
        """Write what is traced; a run that ended before has nothing, and that is said."""
        if self._runs:
            self._runs = False
            self._write()
        elif self.done <= FIRST:
            self.say(f"no trace: the run must have more than {FIRST} steps, got {self.done}")

    def _start(self) -> None:
        try:
            tf.profiler.experimental.start(str(self.folder))
            self._runs = True
        except (tf.errors.OpError, OSError) as error:
            self.say(f"no trace: TensorFlow's profiler cannot start: {_line(error)}")

    def _write(self) -> None:
        try:
            tf.profiler.experimental.stop()
            self.say(f"trace of {self.done - FIRST} steps: tensorboard --logdir {self.folder}")
        except (tf.errors.OpError, OSError) as error:
            self.say(f"no trace: {self.folder}: it cannot be written: {_line(error)}")


def _line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
