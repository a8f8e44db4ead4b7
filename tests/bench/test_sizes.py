"""The fullest tick of a model, and whether it fits."""

from __future__ import annotations

import pytest

from musicrnn.bench.figures import spread
from musicrnn.bench.sizes import (
    MOST_LATE,
    PRECISIONS,
    SIZES,
    TICKS,
    Sized,
    busiest,
    can_be_made,
    largest,
    measure_size,
    measure_sizes,
    weight_count,
    worst_ticks,
)
from musicrnn.models.metadata import ModelInfo
from musicrnn.models.numpy_step import NumpyStepModel
from musicrnn.models.score import Part
from musicrnn.models.untrained import EMBEDDING, random_weights
from musicrnn.models.vocabulary import Vocabulary
from musicrnn.testing import small_vocabulary

HOUR = 3600.0
WIDE = (Part("left", 60, 72, polyphony=4), Part("right", 40, 52, polyphony=4))
NARROW = (Part("one", 60, 61, polyphony=4), Part("two", 40, 41, polyphony=1))


def busy(vocabulary: Vocabulary) -> NumpyStepModel:
    """Return a small model that begins as many notes as it may."""
    weights = busiest(random_weights(vocabulary, 1, 4, 4), vocabulary)
    return NumpyStepModel(weights, ModelInfo("busy", vocabulary, 1, 4))


@pytest.mark.parametrize(
    ("vocabulary", "tokens"),
    [
        (Vocabulary(4, WIDE, max_polyphony=16), 8 + 1),
        (Vocabulary(4, WIDE, max_polyphony=5), 5 + 1),
        (Vocabulary(4, NARROW, max_polyphony=16), 2 + 1 + 1),
        (Vocabulary(4, WIDE, velocity_bins=8, max_polyphony=5), 2 * 5 + 1),
        (Vocabulary(4, WIDE, articulation=False, max_polyphony=5), 5 + 1),
        (small_vocabulary(), 5 + 1),
    ],
)
def test_the_fullest_tick_begins_all_the_notes_that_the_language_allows(vocabulary: Vocabulary, tokens: int) -> None:
    """A token a note, its velocity where there are any, and the end of the tick."""
    assert worst_ticks(busy(vocabulary), HOUR)[0] == tokens


def test_a_hundred_ticks_are_made_where_they_are_in_time() -> None:
    """99 in 100 of fewer would say little."""
    assert len(worst_ticks(busy(small_vocabulary()), HOUR)[1]) == TICKS


def test_ticks_that_are_too_late_are_given_up_at_the_second() -> None:
    """99 of 100 cannot be in time any more."""
    assert len(worst_ticks(busy(small_vocabulary()), 0.0)[1]) == MOST_LATE + 1


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize(("tick_seconds", "fits"), [(HOUR, True), (0.0, False)])
def test_a_size_is_measured_with_a_model_file_of_that_size(precision: str, tick_seconds: float, fits: bool) -> None:
    """Random weights, through the strict reader and ONNX Runtime."""
    found = measure_size(small_vocabulary(), 2, 32, precision, tick_seconds)
    assert (found.layers, found.units, found.precision, found.fits) == (2, 32, precision, fits)
    count = weight_count(small_vocabulary(), 2, 32)
    assert found.file_bytes > count * (4 if precision == "float32" else 1)


def test_each_precision_ends_with_the_first_size_that_does_not_fit() -> None:
    """What is larger than that takes longer still."""
    said: list[str] = []
    found = list(measure_sizes(small_vocabulary(), 0.0, said.append))
    assert [(sized.layers, sized.units, sized.precision) for sized in found] == [
        (*SIZES[0], "float32"),
        (*SIZES[0], "int8"),
    ]
    assert said == ["1 x 128 float32", "1 x 128 int8"]
    assert largest(found, "int8") is None


def test_the_largest_is_the_last_that_fits() -> None:
    """Of its own precision."""
    some = spread([0.001])
    found = [
        Sized(1, 128, "float32", 1, 5, some, True),
        Sized(2, 256, "float32", 2, 5, some, True),
        Sized(2, 512, "float32", 3, 5, some, False),
        Sized(1, 128, "int8", 1, 5, some, False),
    ]
    assert largest(found, "float32") == found[1]
    assert largest(found, "int8") is None


def test_the_weights_are_counted_as_they_are() -> None:
    """Kernels, recurrent kernels and the output: what a step multiplies."""
    vocabulary = small_vocabulary()
    weights = random_weights(vocabulary, 3, 16, EMBEDDING)
    count = sum(layer.kernel.size + layer.recurrent.size for layer in weights.layers) + weights.output.size
    assert weight_count(vocabulary, 3, 16) == count


@pytest.mark.parametrize(
    ("weights", "precision", "memory", "can"),
    [
        (1_000_000, "float32", 1e9, True),
        (1_000_000, "float32", 20e6, False),
        (1_000_000, "int8", 20e6, True),
        (70_000_000, "float32", 1e12, False),
        (70_000_000, "int8", 1e12, True),
    ],
)
def test_what_would_be_no_model_file_or_use_up_the_memory_is_not_tried(
    weights: int, precision: str, memory: float, can: bool
) -> None:
    """A machine that runs out of memory ends its programs without a word."""
    assert can_be_made(weights, precision, memory) is can


def test_without_memory_nothing_is_tried() -> None:
    """And nothing fits."""
    said: list[str] = []
    assert list(measure_sizes(small_vocabulary(), HOUR, said.append, 0.0)) == []
    assert said == []


def test_sizes_grow() -> None:
    """The search ends at the first that does not fit."""
    counts = [weight_count(small_vocabulary(), *size) for size in SIZES]
    assert counts == sorted(set(counts))
