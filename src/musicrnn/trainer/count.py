"""What the loop counts, and what it needs of whoever learns; nothing here knows TensorFlow."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from musicrnn.trainer.lanes import Batch


class StepResult(NamedTuple):
    """Summed nats and predictions of a batch, the gradient's norm before clipping, and the parameters' norm."""

    nats: float
    tokens: int
    gradient_norm: float
    parameter_norm: float


class Learner(Protocol):
    """Something that learns from batches."""

    def train(self, batch: Batch, rate: float) -> StepResult:
        """Learn from one batch at a learning rate."""
        ...


@dataclass(slots=True)
class Count:
    """How far a run has come; ``seconds`` is the time spent in training and validation."""

    step: int = 0
    tokens: int = 0
    seconds: float = 0.0
    epoch: int = 0
    best: float = float("inf")
    best_epoch: int = 0
    best_step: int = 0
    rate_scale: float = 1.0
    setbacks: int = 0
    epoch_nats: float = 0.0
    epoch_tokens: int = 0
    figures: dict[str, float] = field(default_factory=dict)
