"""Where the first step finds too little memory: the lanes are gone over in two halves, and learnt from as one batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from musicrnn.config.training import TrainingSettings
from musicrnn.errors import TrainingError
from musicrnn.trainer.backend import reason
from musicrnn.trainer.count import Learner, StepResult, Windows


class Halving(Learner, Protocol):
    """A learner that can go over its lanes in two halves."""

    def halve(self) -> None:
        """Go over the lanes in two halves from now on."""
        ...


class Sparing:
    """A learner whose first step may find too little memory: it is made again, from the state before, in two halves.

    ``restore`` puts that state back, all of it, whatever the step that failed has left; ``is_short`` tells whether an
    error is of memory. Whatever fails later, or again, is raised.
    """

    def __init__(
        self,
        learner: Halving,
        restore: Callable[[], None],
        is_short: Callable[[Exception], bool],
        warn: Callable[[str], None],
    ) -> None:
        self.learner, self.restore, self.is_short, self.warn = learner, restore, is_short, warn
        self._is_first = True

    def train(self, batch: Windows, rate: float) -> StepResult:
        """Learn from one batch."""
        if self._is_first and len(batch.fresh) > 1:
            self._is_first = False
            found = self._tried(batch, rate)
            if found is not None:
                return found
            self.warn(
                f"the memory is too small for a step of {len(batch.fresh)} lanes; they are gone over in two halves, "
                "and learnt from together as before, which takes longer"
            )
            self.restore()
            self.learner.halve()
        return self.learner.train(batch, rate)

    def _tried(self, batch: Windows, rate: float) -> StepResult | None:
        """Return what a step gives, None for want of memory; the error is let go of, and all that it holds with it."""
        try:
            return self.learner.train(batch, rate)
        except Exception as error:
            if not self.is_short(error):
                raise
            return None


@contextmanager
def room_for(training: TrainingSettings, is_short: Callable[[Exception], bool]) -> Iterator[None]:
    """Turn want of memory into a TrainingError that says which settings take it."""
    try:
        yield
    except Exception as error:
        if not is_short(error):
            raise
        raise TrainingError(
            f"training.lanes and training.window must leave room in the memory, got {training.lanes} and "
            f"{training.window}; begin a run with fewer lanes or a shorter window: {reason(error)}"
        ) from error


def halves(lanes: int) -> tuple[slice, slice]:
    """Return which lanes are in either half; of an odd number the second has one more."""
    return slice(0, lanes // 2), slice(lanes // 2, lanes)


def halved(batch: Windows) -> tuple[Windows, Windows]:
    """Return the windows of either half of the lanes."""
    arrays = [getattr(batch, name) for name in batch.__slots__]
    first, second = (type(batch)(*(array[rows] for array in arrays)) for rows in halves(len(batch.fresh)))
    return first, second
