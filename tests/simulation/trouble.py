"""A network in trouble: slow, or failing, as it is told."""

from __future__ import annotations

import numpy as np

from musicrnn.models.metadata import ModelInfo
from musicrnn.models.step import Logits, NetworkState, StepModel
from musicrnn.models.timing import Position
from tests.simulation.world import World

USUAL_SECONDS = 0.0015


class Trouble:
    """What comes upon the model: ``seconds`` for each tick or step, and the ways in which its next calls fail."""

    def __init__(self, world: World, usual: float = USUAL_SECONDS) -> None:
        self._world = world
        self._usual = usual
        self.seconds = usual
        self.coming: list[str] = []

    def be_quick(self) -> None:
        """Be as quick as usual again."""
        self.seconds = self._usual

    def next(self) -> str:
        """Let the time of one call pass; return how it is to fail, "" if it is not."""
        self._world.pass_time(self.seconds)
        return self.coming.pop() if self.coming else ""


class TroubledModel:
    """A network each of whose steps takes virtual time, and may fail."""

    def __init__(self, model: StepModel, trouble: Trouble) -> None:
        self._model = model
        self._trouble = trouble

    @property
    def info(self) -> ModelInfo:
        """What the model says of itself."""
        return self._model.info

    def initial_state(self) -> NetworkState:
        """Return the other model's."""
        return self._model.initial_state()

    def step(self, token: int, position: Position, state: NetworkState) -> tuple[Logits, NetworkState]:
        """Return the other model's step, or fail."""
        failure = self._trouble.next()
        if failure == "raise":
            raise RuntimeError("the model fails, as told")
        with np.errstate(invalid="ignore", over="ignore"):  # the numbers of a state that is not finite
            logits, after = self._model.step(token, position, state)
        if failure == "logits":
            logits = np.full_like(logits, np.nan)
        if failure == "state":
            after = np.full_like(after, np.inf)
        return logits, after
