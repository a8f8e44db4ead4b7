"""The training loop."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

from musicrnn.errors import TrainingError
from musicrnn.trainer.count import Count, Learner, StepResult, Windows
from musicrnn.trainer.display import Progress
from musicrnn.trainer.lanes import Lanes
from musicrnn.trainer.memory import peak_memory
from musicrnn.trainer.schedule import Schedule

MOST_SETBACKS = 3


@dataclass(frozen=True, slots=True)
class Limits:
    """When a run ends and how often it saves; 0 means never or no limit.

    ``patience`` is in epochs, and holds once ``patience_steps`` have gone by too.
    """

    epochs: int
    patience: int = 0
    minutes: float = 0.0
    save_every: int = 0
    patience_steps: int = 0


class Ending(Enum):
    """Why a run ended."""

    EPOCHS = "all epochs are done"
    PATIENCE = "validation got no better"
    MINUTES = "its time is up"
    ASKED = "it was asked to stop"


@dataclass(slots=True)
class Hooks:
    """What the loop asks for at its turning points; it does no I/O itself.

    ``ends`` is told that the time is up, or that a stop was asked for, before anything is measured or written for it.
    ``measured`` is what ``validate`` measures: valid, or trained where no pieces are held back.
    """

    save: Callable[[], None]
    reload: Callable[[], Count]
    validate: Callable[[], tuple[float, float]]
    epoch_done: Callable[[Count, bool], None]
    report: Callable[[Progress], None]
    step_done: Callable[[Count, StepResult, float], None]
    warn: Callable[[str], None]
    keep_batch: Callable[[Windows], str]
    ends: Callable[[Ending], None]
    stop_asked: Callable[[], bool] = field(default=lambda: False)
    now: Callable[[], float] = field(default=time.monotonic)
    measured: str = "valid"


class Fit:
    """Runs a stepper over lanes until a limit is reached; ``read`` gives their next windows, else they do."""

    def __init__(
        self,
        stepper: Learner,
        lanes: Lanes,
        schedule: Schedule,
        limits: Limits,
        hooks: Hooks,
        count: Count,
        read: Callable[[], Windows | None] | None = None,
    ) -> None:
        self.read = read or lanes.next
        self.stepper, self.lanes, self.schedule, self.limits, self.hooks = stepper, lanes, schedule, limits, hooks
        self.count = count
        self.progress = Progress(epochs=limits.epochs, best=count.best, measured=hooks.measured)
        self._started = 0.0
        self._is_first = True

    def run(self) -> Ending:
        """Train until an epoch's end, the clock, patience or a request ends it, and say which.

        Raises TrainingError when the loss stays infinite or NaN after going back three times.
        """
        if 0 < self.limits.epochs <= self.count.epoch:
            return Ending.EPOCHS
        self._started = self.hooks.now() - self.count.seconds
        while True:
            if self.hooks.stop_asked():
                self.hooks.ends(Ending.ASKED)
                self.hooks.save()
                return Ending.ASKED
            if self.lanes.epoch > self.count.epoch:
                ending = self._end_epoch()
                if ending is not None:
                    return ending
            self.count.seconds = self.hooks.now() - self._started
            if 0 < self.limits.minutes * 60 <= self.count.seconds:
                self.hooks.ends(Ending.MINUTES)
                if self.count.epoch_tokens or not self.count.figures:
                    self._end_epoch()
                else:
                    self.hooks.save()  # the time that it has had
                return Ending.MINUTES
            if self._step() and self._due():
                self.hooks.save()

    def _due(self) -> bool:
        return self.limits.save_every > 0 and self.count.step % self.limits.save_every == 0

    def share(self) -> float:
        """Return how much of the training is done, 0 to 1."""
        return self._share_without(0.0)

    def _share_without(self, seconds: float) -> float:
        """Return how much is done where so many seconds, which are over, do not count."""
        whole = 60 * self.limits.minutes - seconds
        timed = (self.count.seconds - seconds) / whole if self.limits.minutes else 0.0
        gone = self.lanes.progress / self.limits.epochs if self.limits.epochs else 0.0
        return min(1.0, max(gone, timed))

    def _step(self) -> bool:
        began = self.hooks.now()
        rate = self._rate()
        batch, number = self._next_batch()
        if number in self.count.skipped:
            return False
        result = self.stepper.train(batch, rate)
        if not all(map(math.isfinite, (result.nats, result.gradient_norm, result.parameter_norm))):
            self._go_back(result, batch, number)
            return False
        self.count.step += 1
        self.count.tokens += result.tokens
        self.count.epoch_nats += result.nats
        self.count.epoch_tokens += result.tokens
        now = self.hooks.now()
        self.count.seconds, took = now - self._started, now - began
        if self._is_first:
            self.count.starting += took
            self._is_first = False
        self._report(result, rate, took)
        self.hooks.step_done(self.count, result, rate)
        return True

    def _rate(self) -> float:
        made = self._share_without(self.count.starting)
        return self.count.rate_scale * self.schedule.rate(self.count.step, self.lanes.progress, self.share(), made)

    def _next_batch(self) -> tuple[Windows, int]:
        """Return the next batch and its number in the run."""
        batch, number = self.read(), self.count.windows
        if batch is None:
            raise TrainingError("the stream of training windows must not end")
        self.count.windows += 1
        return batch, number

    def _go_back(self, result: StepResult, batch: Windows, number: int) -> None:
        """Go on from the last checkpoint without the batch, at half the rate, and keep that in a checkpoint."""
        setbacks, scale, skipped = self.count.setbacks + 1, self.count.rate_scale / 2, [*self.count.skipped, number]
        if setbacks > MOST_SETBACKS:
            raise TrainingError(
                f"step {self.count.step}: the loss must be finite, got {result.nats} with a gradient norm of "
                f"{result.gradient_norm}, also after going back {MOST_SETBACKS} times; "
                f"{self.hooks.keep_batch(batch)}; try a lower learning_rate"
            )
        self.hooks.warn(
            f"step {self.count.step}: the loss is {result.nats}, the gradient norm {result.gradient_norm}; back to the "
            "last checkpoint, at half the rate and without this batch"
        )
        starting = self.count.starting
        self.count = self.hooks.reload()
        self.count.setbacks, self.count.rate_scale, self.count.skipped = setbacks, scale, skipped
        self.count.starting = starting

    def _end_epoch(self) -> Ending | None:
        self.count.epoch = max(self.count.epoch, self.lanes.epoch)
        valid_token, valid_tick = self.hooks.validate()
        self.count.figures = {
            "train_nats_a_token": self.count.epoch_nats / max(self.count.epoch_tokens, 1),
            f"{self.hooks.measured}_nats_a_token": valid_token,
            f"{self.hooks.measured}_nats_a_tick": valid_tick,
        }
        self.count.epoch_nats, self.count.epoch_tokens = 0.0, 0
        better = valid_token < self.count.best
        if better:
            self.count.best, self.count.best_epoch, self.count.best_step = (
                valid_token,
                self.count.epoch,
                self.count.step,
            )
        p = self.progress
        p.valid_token, p.valid_tick, p.best = valid_token, valid_tick, self.count.best
        self.hooks.epoch_done(self.count, better)
        self.hooks.save()
        if 0 < self.limits.epochs <= self.count.epoch:
            return Ending.EPOCHS
        return Ending.PATIENCE if self._is_impatient() else None

    def _is_impatient(self) -> bool:
        waited = self.count.step - self.count.best_step >= self.limits.patience_steps
        return waited and 0 < self.limits.patience <= self.count.epoch - self.count.best_epoch

    def _report(self, result: StepResult, rate: float, took: float) -> None:
        p = self.progress
        speed = result.tokens / max(took, 1e-9)
        p.tokens_a_second = speed if p.tokens_a_second == 0 else 0.95 * p.tokens_a_second + 0.05 * speed
        p.epoch, p.step, p.rate, p.share = (
            self.count.epoch + 1,
            self.count.step,
            rate,
            self.share(),
        )
        p.train = self.count.epoch_nats / max(self.count.epoch_tokens, 1)
        p.left = self.count.seconds * (1 - p.share) / p.share if p.share > 0 else 0.0
        p.memory = peak_memory()
        self.hooks.report(p)
