"""Token sequences to compare models on where no real piece is at hand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from musicrnn.models.generator import Choice, Generator
from musicrnn.models.score import regular_bars
from musicrnn.models.step import StepModel
from musicrnn.models.timing import Position, positions
from musicrnn.models.vocabulary import END, START


@dataclass(frozen=True, slots=True, eq=False)
class Walk:
    """A piece that a model made: ``tokens`` int32[N + 1], ``places`` int32[N, 3], and its ticks."""

    tokens: NDArray[np.int32]
    places: NDArray[np.int32]
    ticks: int


def walk(model: StepModel, bars: int, seed: int = 0) -> Walk:
    """Return what a model plays in so many bars of its metre, from START to END."""
    generator = Generator(model)
    ticks_per_beat = model.info.vocabulary.ticks_per_beat
    one = regular_bars(1, ticks_per_beat, *model.info.metre)[0].length
    line = positions(regular_bars(bars * one, ticks_per_beat, *model.info.metre), ticks_per_beat)
    point = generator.begin()
    tokens, places = [START], list[Position]()
    for tick, place in enumerate(line):
        record = generator.tick(tick, tick // one, place, Choice(seed=seed), point)
        tokens += record.tokens
        places += [place] * len(record.tokens)
        point = record.after
    after_end = Position(0, 0, line[-1].metre)
    return Walk(np.array([*tokens, END], np.int32), np.array([*places, after_end], np.int32), len(line))
