"""What the loop counts, and what it needs of whoever learns; nothing here knows TensorFlow or JAX."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import numpy as np

from musicrnn.trainer.lanes import Batch
from musicrnn.trainer.rows import Excerpt

Windows = Batch | Excerpt


class StepResult(NamedTuple):
    """Summed nats and predictions of a batch, the gradient's norm before clipping, and the parameters' norm."""

    nats: float
    tokens: int
    gradient_norm: float
    parameter_norm: float


class Learner(Protocol):
    """Something that learns from batches."""

    def train(self, batch: Windows, rate: float) -> StepResult:
        """Learn from one batch at a learning rate."""
        ...


class CarriedState(Protocol):
    """The state that lanes carry from window to window; ``mine`` is that of this worker's lanes."""

    mine: Any

    @property
    def shape(self) -> tuple[int, ...]:
        """[layers, rows, lanes, units], of all lanes."""
        ...

    def assign(self, whole: np.ndarray) -> None:
        """Take a state of all lanes."""
        ...

    def whole(self) -> np.ndarray:
        """Return the state of all lanes, float32."""
        ...


class Stepping(Learner, Protocol):
    """Trains and evaluates a network under one of Keras' backends."""

    network: Any
    optimizer: Any
    half: bool

    @property
    def carried(self) -> CarriedState:
        """The state of the lanes."""
        ...

    def halve(self) -> None:
        """Go over the lanes in two halves from now on; the same is learnt, but for rounding and dropout's masks."""
        ...

    def disparity(self, batch: Windows) -> float:
        """Return how far the gradients of bfloat16 point away from those of float32: 1 less the cosine."""
        ...

    def gradients(self, batch: Windows, half: bool = False) -> np.ndarray:
        """Return the gradients of a batch's nats without dropout, one after another, float64[parameters]."""
        ...

    def evaluate(self, batch: Windows, state: Any) -> tuple[float, Any]:
        """Return the summed nats of one batch and the state after it; nothing is learnt."""
        ...


def disparity(exact: np.ndarray, rough: np.ndarray) -> float:
    """Return how far two gradients point apart: 1 less the cosine."""
    lengths = float(np.linalg.norm(exact)) * float(np.linalg.norm(rough))
    return 1.0 - float(exact @ rough) / max(lengths, 1e-30)


@dataclass(slots=True)
class Count:
    """How far a run has come; ``seconds`` is the time spent in training and validation.

    ``starting`` are those of them that went by in the first step of the run and after each time that it went on, which
    is slow: what the steps need is made ready in it.
    ``windows`` counts the batches that were read, and ``skipped`` are the numbers of those that are passed over.
    """

    step: int = 0
    tokens: int = 0
    seconds: float = 0.0
    starting: float = 0.0
    epoch: int = 0
    best: float = float("inf")
    best_epoch: int = 0
    best_step: int = 0
    rate_scale: float = 1.0
    setbacks: int = 0
    windows: int = 0
    skipped: list[int] = field(default_factory=list)
    epoch_nats: float = 0.0
    epoch_tokens: int = 0
    figures: dict[str, float] = field(default_factory=dict)
