"""The first steps of a model, taken when it is loaded: they are the slow ones, and show what it is worth."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from musicrnn.errors import ModelError
from musicrnn.models.metadata import ModelInfo
from musicrnn.models.onnx_run import Run
from musicrnn.models.step import Logits, NetworkState
from musicrnn.models.timing import Position

COUNT = 10
SLOWEST = 3.0  # times another run: without a product's instructions a step takes twenty times as long
TRIES = 20  # so that the same machine always says the same, also one that something else holds up now and then


@dataclass(frozen=True, slots=True, eq=False)
class Taken:
    """One step: what was read, what came out, and how long it took."""

    token: int
    position: Position
    before: NetworkState
    logits: Logits
    after: NetworkState
    seconds: float


def first_steps(run: Run, info: ModelInfo, source: str) -> list[Taken]:
    """Take some steps from the beginning; ModelError for a model that cannot, or whose numbers are not finite."""
    taken: list[Taken] = []
    state = np.zeros_like(run.after)
    try:
        for number in range(COUNT):
            place = Position(number % info.vocabulary.ticks_per_beat, 0, 4)
            taken.append(_take(run, number % info.vocabulary.size, place, state))
            state = taken[-1].after
    except Exception as error:
        raise ModelError(f"{source}: the model must take a step: {error}") from error
    if not all(np.isfinite(step.logits).all() and np.isfinite(step.after).all() for step in taken):
        raise ModelError(f"{source}: a step must give finite numbers, got NaN or infinity")
    return taken


def again(run: Run, steps: list[Taken]) -> list[Taken]:
    """Take the same steps with another run, each from the same state."""
    return [_take(run, step.token, step.position, step.before) for step in steps]


def alike(steps: list[Taken], others: list[Taken], difference: float) -> bool:
    """Say whether all numbers are as near as ``difference`` of the largest of a step."""
    pairs = [pair for a, b in zip(steps, others, strict=True) for pair in ((a.logits, b.logits), (a.after, b.after))]
    return all(bool(np.abs(a - b).max() <= difference * max(1.0, np.abs(a).max())) for a, b in pairs)


def fast(steps: list[Taken], run: Run) -> bool:
    """Say whether another run is not far slower, by its quickest step of several tries."""
    limit = SLOWEST * min(step.seconds for step in steps)
    return any(step.seconds <= limit for _ in range(TRIES) for step in again(run, steps))


def _take(run: Run, token: int, position: Position, state: NetworkState) -> Taken:
    start = time.perf_counter()
    run.step(token, position, state)
    seconds = time.perf_counter() - start
    return Taken(token, position, state, run.logits.copy(), run.after.copy(), seconds)
