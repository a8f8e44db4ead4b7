"""Want of memory: the first step is made again in two halves, and what is short then is said plainly."""

from __future__ import annotations

import numpy as np
import pytest

from musicrnn.config.corpus import CorpusSettings
from musicrnn.config.training import TrainingSettings
from musicrnn.errors import TrainingError
from musicrnn.models.grammar import Grammar
from musicrnn.trainer.count import StepResult, Windows
from musicrnn.trainer.halving import Sparing, halved, halves, room_for
from musicrnn.trainer.lanes import Lanes
from musicrnn.trainer.material import material
from musicrnn.trainer.rows import Excerpt
from tests.trainer.pieces import tunes

MATERIAL = material(tunes(6), CorpusSettings(ticks_per_beat=4, transpose=0))


class Scant:
    """A learner whose memory does not suffice at the steps that are named; it keeps a diary."""

    def __init__(self, *short: int, error: type[Exception] = MemoryError) -> None:
        self.short, self.error = short, error
        self.steps = 0
        self.diary: list[str] = []

    def train(self, batch: Windows, rate: float) -> StepResult:
        """Learn, or fail."""
        self.steps += 1
        self.diary.append(f"{len(batch.fresh)} lanes at {rate}")
        if self.steps in self.short:
            raise self.error("no room")
        return StepResult(1.0, 1, 1.0, 1.0)

    def halve(self) -> None:
        """Write it down."""
        self.diary.append("halved")


def _batch(lanes: int) -> Windows:
    batch = Lanes(MATERIAL.train, Grammar(MATERIAL.vocabulary), lanes, 16, seed=1).next()
    assert batch is not None
    return batch


def _sparing(scant: Scant) -> Sparing:
    def is_short(error: Exception) -> bool:
        return isinstance(error, MemoryError)

    return Sparing(scant, lambda: scant.diary.append("restored"), is_short, lambda _: scant.diary.append("told"))


def test_a_first_step_without_room_is_made_again_in_two_halves() -> None:
    """Once it was told, and the state put back; the same batch at the same rate, and those after it as usual."""
    scant = Scant(1)
    sparing, batch = _sparing(scant), _batch(3)
    assert sparing.train(batch, 0.5).tokens == sparing.train(batch, 0.25).tokens == 1
    assert scant.diary == ["3 lanes at 0.5", "told", "restored", "halved", "3 lanes at 0.5", "3 lanes at 0.25"]


@pytest.mark.parametrize(
    ("short", "lanes"),
    [
        pytest.param((1, 2), 2, id="again in halves"),
        pytest.param((2,), 2, id="later"),
        pytest.param((1,), 1, id="one lane"),
    ],
)
def test_memory_that_is_short_in_halves_later_or_of_one_lane_is_an_error(short: tuple[int, ...], lanes: int) -> None:
    """Nothing else is tried."""
    sparing, batch = _sparing(Scant(*short)), _batch(lanes)

    def two_steps() -> None:
        for _ in range(2):
            sparing.train(batch, 0.5)

    with pytest.raises(MemoryError):
        two_steps()


def test_another_failure_of_the_first_step_is_not_mended() -> None:
    """It is raised as it is, and nothing is put back."""
    scant = Scant(1, error=ValueError)
    with pytest.raises(ValueError, match="no room"):
        _sparing(scant).train(_batch(2), 0.5)
    assert scant.diary == ["2 lanes at 0.5"]


def test_want_of_memory_ends_a_run_with_the_settings_that_take_it() -> None:
    """By name and value; another error passes as it is."""
    training = TrainingSettings(lanes=48, window=300)
    wanted = r"training.lanes and training.window must leave room .*, got 48 and 300; .* fewer lanes .*: no room"
    with pytest.raises(TrainingError, match=wanted), room_for(training, lambda _: True):
        raise MemoryError("no room")
    with pytest.raises(ValueError, match=r"^no room$"), room_for(training, lambda _: False):
        raise ValueError("no room")


@pytest.mark.parametrize("lanes", [2, 3, 8])
def test_each_lane_is_in_one_half(lanes: int) -> None:
    """In their order, every array of a batch and of an excerpt."""
    whole = _batch(lanes)
    numbers = np.arange(lanes * 4).reshape(lanes, 4)
    excerpt = Excerpt(numbers.astype(np.int32), numbers.astype(np.int8), numbers % 3 == 0)
    for windows in (whole, excerpt):
        first, second = halved(windows)
        for name in windows.__slots__:
            joined = np.concatenate([getattr(first, name), getattr(second, name)])
            assert (joined == getattr(windows, name)).all()
    assert [part.stop - part.start for part in halves(lanes)] == [lanes // 2, lanes - lanes // 2]
