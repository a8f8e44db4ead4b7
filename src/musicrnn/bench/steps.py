"""How long one step of the network takes: one after the other, and now and then as when it plays."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator

import numpy as np

from musicrnn.bench.figures import Spread, spread
from musicrnn.daemon.clock import MonotonicClock
from musicrnn.models.step import StepModel
from musicrnn.models.timing import MAX_BEATS, Position

HOT_STEPS, HOT_SECONDS, FEWEST = 1000, 0.5, 20
PACE_SECONDS = 0.02
WARM_UP_STEPS = 20


def hot_steps(model: StepModel) -> Spread:
    """Take steps one after the other, for half a second at most: more would use up what real-time threads are given."""
    step = _stepping(model)
    for _ in range(WARM_UP_STEPS):
        step()
    end = time.perf_counter() + HOT_SECONDS
    taken: list[float] = []
    while len(taken) < HOT_STEPS and (len(taken) < FEWEST or time.perf_counter() < end):
        taken.append(_timed(step))
    return spread(taken)


def paced_steps(model: StepModel, seconds: float) -> Spread:
    """Take a step every 20 ms, when the processor has done something else or slept."""
    step, clock = _stepping(model), MonotonicClock()
    start = clock.now()
    taken: list[float] = []
    for number in range(1, 1 + max(round(seconds / PACE_SECONDS), FEWEST)):
        clock.wait_until(start + number * PACE_SECONDS)
        taken.append(_timed(step))
    clock.close()
    return spread(taken)


def _timed(call: Callable[[], None]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def _stepping(model: StepModel) -> Callable[[], None]:
    """Return what takes one step, from the state that the one before left, each with another token."""
    vocabulary = model.info.vocabulary
    tokens = np.random.default_rng(0).integers(vocabulary.size, size=1024).tolist()
    rows: Iterator[tuple[int, Position]] = (
        (token, Position(number % vocabulary.ticks_per_beat, number % MAX_BEATS, 4))
        for number, token in enumerate(itertools.cycle(tokens))
    )
    state = model.initial_state()

    def step() -> None:
        nonlocal state
        token, position = next(rows)
        state = model.step(token, position, state)[1]

    return step
