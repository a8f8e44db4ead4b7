"""The largest model whose ticks this machine makes in time."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from musicrnn.bench.figures import Spread, spread
from musicrnn.daemon.clock import MonotonicClock
from musicrnn.daemon.priority import punctual
from musicrnn.daemon.trial import model_of
from musicrnn.models.generator import Choice, Generator
from musicrnn.models.metadata import ModelInfo
from musicrnn.models.model_file import MAX_BYTES
from musicrnn.models.step import StepModel
from musicrnn.models.step_file import step_file
from musicrnn.models.timing import Position
from musicrnn.models.untrained import EMBEDDING, random_weights
from musicrnn.models.vocabulary import Kind, Vocabulary
from musicrnn.models.weights import Floats, StepWeights

#: Layers and units, smallest first.
SIZES = ((1, 128), (2, 256), (2, 512), (3, 512), (2, 1024), (4, 1024), (2, 2048), (3, 2048))
PRECISIONS = ("float32", "int8")
BYTES_A_WEIGHT = {"float32": 4, "int8": 1}
MEMORY_A_WEIGHT = {"float32": 17, "int8": 9}  # while it is made and read, in bytes
MOST_OF_MEMORY = 0.75
TICKS = 100
MOST_LATE = 1
REST_SECONDS = 0.02
SURE = 1000.0
CLEAR = 10.0


@dataclass(frozen=True, slots=True)
class Sized:
    """What a model of some size costs: ``tick`` is the time of one that names as many notes as it may.

    ``tokens`` is how many steps that takes. ``fits`` tells that 99 of 100 such ticks are made within the length of
    a tick.
    """

    layers: int
    units: int
    precision: str
    file_bytes: int
    tokens: int
    tick: Spread
    fits: bool


def measure_sizes(
    vocabulary: Vocabulary, tick_seconds: float, say: Callable[[str], None], memory: float = math.inf
) -> Iterator[Sized]:
    """Measure models of random weights, smallest first, up to the first that does not fit, in each precision.

    ``say`` is told what is measured next; ``memory`` is how many bytes of it are free.
    """
    for precision in PRECISIONS:
        for layers, units in SIZES:
            if not can_be_made(weight_count(vocabulary, layers, units), precision, memory):
                break
            say(f"{layers} x {units} {precision}")
            sized = measure_size(vocabulary, layers, units, precision, tick_seconds)
            yield sized
            if not sized.fits:
                break


def can_be_made(weights: int, precision: str, memory: float) -> bool:
    """Tell whether a file of so many weights is one that is read, and whether there is memory to make it."""
    small_enough = weights * BYTES_A_WEIGHT[precision] <= 0.98 * MAX_BYTES
    return small_enough and weights * MEMORY_A_WEIGHT[precision] <= MOST_OF_MEMORY * memory


def measure_size(vocabulary: Vocabulary, layers: int, units: int, precision: str, tick_seconds: float) -> Sized:
    """Measure one size; it is given up once it is clear that it does not fit."""
    weights = busiest(random_weights(vocabulary, layers, units, EMBEDDING), vocabulary)
    content = step_file(weights, ModelInfo("random", vocabulary, layers, units), precision)
    del weights
    size, model = len(content), model_of("random", content)
    del content
    with punctual():
        tokens, taken = worst_ticks(model, tick_seconds)
    late = sum(seconds > tick_seconds for seconds in taken)
    return Sized(layers, units, precision, size, tokens, spread(taken), late <= MOST_LATE)


def largest(sizes: list[Sized], precision: str) -> Sized | None:
    """Return the largest of a precision that fits; None where none does."""
    fitting = [sized for sized in sizes if sized.precision == precision and sized.fits]
    return fitting[-1] if fitting else None


def weight_count(vocabulary: Vocabulary, layers: int, units: int) -> int:
    """Return how many numbers the products of a step have."""
    inputs = [EMBEDDING] + [units] * (layers - 1)
    return sum(4 * units * (size + units) for size in inputs) + units * vocabulary.size


def busiest(weights: StepWeights, vocabulary: Vocabulary) -> StepWeights:
    """Return the same weights, but for a bias that begins as many notes in each tick as the language allows."""
    attack = vocabulary.is_kind(Kind.ATTACK)
    first_slots_first = SURE + CLEAR * (vocabulary.slots - vocabulary.slot)
    bias: Floats = np.where(attack, first_slots_first, 0.0).astype(np.float32)
    return replace(weights, output_bias=bias)


def worst_ticks(model: StepModel, tick_seconds: float) -> tuple[int, list[float]]:
    """Make ticks that name as many notes as they may, with a rest before each.

    Return the tokens of one, and the seconds of each; fewer than 100 where two took longer than ``tick_seconds``.
    """
    generator, clock = Generator(model), MonotonicClock()
    grid = model.info.vocabulary.ticks_per_beat
    point, tokens = generator.begin(), 0
    taken: list[float] = []
    for tick in itertools.count():
        clock.wait_until(clock.now() + REST_SECONDS)
        position = Position(tick % grid, tick // grid % 4, 4)
        start = time.perf_counter()
        record = generator.tick(tick, 0, position, Choice(), point)
        taken.append(time.perf_counter() - start)
        point, tokens = record.after, max(tokens, len(record.tokens))
        late = sum(seconds > tick_seconds for seconds in taken)
        if len(taken) == TICKS or late > MOST_LATE:
            break
    clock.close()
    return tokens, taken
