"""The loop: when it ends, when it saves, and what it does about a loss that is not finite."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import replace
from itertools import chain, pairwise, repeat

import pytest

from musicrnn.config.corpus import CorpusSettings
from musicrnn.errors import TrainingError
from musicrnn.models.grammar import Grammar
from musicrnn.trainer.count import Count, StepResult, Windows
from musicrnn.trainer.fit import Ending, Fit, Hooks, Limits
from musicrnn.trainer.lanes import Batch, Lanes
from musicrnn.trainer.material import material
from musicrnn.trainer.schedule import Schedule
from tests.trainer.pieces import tunes

MATERIAL = material(tunes(10), CorpusSettings(ticks_per_beat=4, transpose=0))


class ScriptedStepper:
    """A stepper whose losses are given beforehand."""

    def __init__(self, losses: Iterator[float]) -> None:
        self.losses = losses
        self.rates: list[float] = []

    def train(self, batch: Windows, rate: float) -> StepResult:
        """Return the next loss."""
        self.rates.append(rate)
        tokens = int(batch.valid.sum())
        return StepResult(next(self.losses) * tokens, tokens, 1.0, 1.0)


class Clock:
    """A clock that goes on when it is told to."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def now(self) -> float:
        """Return the time."""
        return self.seconds


class Slow:
    """A stepper that takes three seconds for a step, and for its first one longer where that is asked for."""

    def __init__(self, stepper: ScriptedStepper, clock: Clock, first: float = 3.0) -> None:
        self.stepper, self.clock, self.seconds = stepper, clock, first

    def train(self, batch: Windows, rate: float) -> StepResult:
        """Learn, while time goes by."""
        self.clock.seconds += self.seconds
        self.seconds = 3.0
        return self.stepper.train(batch, rate)


class Diary:
    """Remembers what the loop asked for."""

    def __init__(self, valid: Callable[[int], float] = lambda _: 1.0) -> None:
        self.saves = 0
        self.endings: list[tuple[Ending, int, int]] = []  # with the epochs measured and the saves before
        self.warnings: list[str] = []
        self.epochs: list[tuple[int, bool]] = []
        self.valid = valid
        self.stop = False

    def hooks(self) -> Hooks:
        """Return hooks that write into this diary."""
        return Hooks(
            save=self._save,
            reload=Count,
            validate=lambda: (self.valid(len(self.epochs)), 2.0),
            epoch_done=lambda count, better: self.epochs.append((count.epoch, better)),
            report=lambda _: None,
            step_done=lambda *_: None,
            warn=self.warnings.append,
            keep_batch=lambda batch: f"a batch of {batch.valid.sum()} is kept",
            ends=lambda ending: self.endings.append((ending, len(self.epochs), self.saves)),
            stop_asked=lambda: self.stop,
        )

    def _save(self) -> None:
        self.saves += 1


def _fit(
    diary: Diary, limits: Limits, losses: Iterator[float] | None = None, lanes: int = 2
) -> tuple[Fit, ScriptedStepper]:
    stepper = ScriptedStepper(losses or repeat(2.0))
    stream = Lanes(MATERIAL.train, Grammar(MATERIAL.vocabulary), lanes, 64, seed=1)
    schedule = Schedule("constant", 0.01, warmup=0)
    return Fit(stepper, stream, schedule, limits, diary.hooks(), Count()), stepper


def test_it_ends_when_all_epochs_are_done() -> None:
    """Three epochs are validated three times, and the first, which is the best, is marked."""
    diary = Diary()
    fit, _ = _fit(diary, Limits(epochs=3))
    assert fit.run() == Ending.EPOCHS
    assert diary.epochs == [(1, True), (2, False), (3, False)]


@pytest.mark.parametrize("lanes", [1, len(MATERIAL.train)])
@pytest.mark.parametrize("epochs", [1, 2])
def test_an_epoch_learns_from_as_many_tokens_as_there_are(lanes: int, epochs: int) -> None:
    """Also where each piece has a lane, and all are begun in the first step; the rate falls from its peak on."""
    fit, stepper = _fit(Diary(), Limits(epochs=epochs), lanes=lanes)
    fit.schedule = Schedule("cosine", 0.01, warmup=0)
    assert fit.run() == Ending.EPOCHS
    tokens = epochs * sum(map(len, MATERIAL.train))
    assert tokens <= fit.count.tokens < tokens + lanes * 64
    assert stepper.rates[0] == 0.01
    assert stepper.rates == sorted(stepper.rates, reverse=True)
    assert stepper.rates[-1] > 0
    assert fit.count.epoch == epochs


def test_it_ends_when_patience_runs_out() -> None:
    """Two epochs without a better validation end it."""
    diary = Diary(lambda epoch: (3.0, 2.0, 2.5, 2.5, 2.5)[epoch])
    fit, _ = _fit(diary, Limits(epochs=50, patience=2))
    assert fit.run() == Ending.PATIENCE
    assert [better for _, better in diary.epochs] == [True, True, False, False]
    assert fit.count.best == 2.0


def test_the_time_of_a_step_counts_as_soon_as_it_is_made() -> None:
    """Of an epoch too that is a single step of three seconds; with the five that the run had before."""
    clock, seconds = Clock(), list[float]()
    fit, stepper = _fit(Diary(), Limits(epochs=1))
    fit.lanes.window = 10_000
    fit.count.seconds = 5.0
    fit.stepper = Slow(stepper, clock)
    fit.hooks.now = clock.now
    fit.hooks.step_done = lambda count, *_: seconds.append(count.seconds)
    fit.hooks.epoch_done = lambda count, _: seconds.append(count.seconds)
    assert fit.run() == Ending.EPOCHS
    assert seconds == [8.0, 8.0]


def _warming(limits: Limits, first: float = 3.0, count: Count | None = None) -> list[float]:
    """Return the rates of a training with a warm-up of 100 steps to a rate of 1, three seconds a step."""
    clock = Clock()
    fit, stepper = _fit(Diary(), limits)
    fit.schedule, fit.count = Schedule("constant", 1.0, warmup=100), count or Count()
    fit.stepper, fit.hooks.now = Slow(stepper, clock, first), clock.now
    fit.run()
    return stepper.rates


@pytest.mark.parametrize("limits", [Limits(epochs=0, minutes=2.2), Limits(epochs=2), Limits(epochs=2, minutes=100)])
def test_the_warm_up_of_a_short_run_is_over_after_a_tenth_of_it(limits: Limits) -> None:
    """It rises all the way, evenly; of a run with a time, in a tenth of that which is left after its first step."""
    rates = _warming(limits)
    full = rates.index(1.0)
    assert 0 < full <= 0.1 * len(rates) + 2
    assert rates == sorted(rates)
    assert max(after - before for before, after in pairwise(rates)) < 12 / len(rates)


@pytest.mark.parametrize(
    ("limits", "first"),
    [(Limits(epochs=0, minutes=51), 3.0), (Limits(epochs=0, minutes=60), 400.0), (Limits(epochs=135), 3.0)],
)
def test_the_warm_up_of_a_run_of_over_1000_steps_is_by_its_steps_alone(limits: Limits, first: float) -> None:
    """To the bit, also where the first step takes minutes, as it does where much is made ready in it."""
    rates = _warming(limits, first)
    assert len(rates) > 1000
    assert rates == [min(1.0, (step + 1) / 100) for step in range(len(rates))]


def test_a_warm_up_that_goes_on_takes_no_first_step_for_learning() -> None:
    """What had gone by in that of the run, and goes by in that after --resume, brings it no further."""
    before = Count(step=10, seconds=430.0, starting=400.0)
    rates = _warming(Limits(epochs=0, minutes=80), 400.0, before)
    assert rates == [min(1.0, (step + 1) / 100) for step in range(10, 10 + len(rates))]


def test_patience_waits_for_its_steps_too() -> None:
    """Where epochs are short, validation must be no better for so many steps as well."""
    diary = Diary(lambda epoch: 2.0 if epoch == 0 else 3.0)
    fit, stepper = _fit(diary, Limits(epochs=50, patience=1, patience_steps=40))
    assert fit.run() == Ending.PATIENCE
    first = len(stepper.rates) / len(diary.epochs)
    assert 40 <= len(stepper.rates) - first < 40 + 2 * first


def test_time_alone_can_be_the_limit() -> None:
    """Without a number of epochs the share of the training that is done is that of the time."""
    fit, stepper = _fit(Diary(), Limits(epochs=0, minutes=0.002))
    assert fit.run() == Ending.MINUTES
    assert fit.share() == 1.0
    assert stepper.rates


def test_a_run_whose_time_is_up_is_not_judged_again() -> None:
    """It ends with the figures that it had, and its checkpoint says how much time that was."""
    diary = Diary()
    fit, _ = _fit(diary, Limits(epochs=3, minutes=1))
    fit.count.seconds, fit.count.figures = 61.0, {"valid_nats_a_token": 1.0}
    assert fit.run() == Ending.MINUTES
    assert (diary.epochs, diary.saves, fit.count.figures) == ([], 1, {"valid_nats_a_token": 1.0})


def test_a_run_that_has_had_its_epochs_makes_no_step_more() -> None:
    """Taken up again after its last checkpoint, it ends with the figures that it had."""
    diary = Diary()
    fit, stepper = _fit(diary, Limits(epochs=3))
    fit.count.epoch = 3
    assert fit.run() == Ending.EPOCHS
    assert (diary.epochs, stepper.rates) == ([], [])


@pytest.mark.parametrize("has_figures", [False, True])
def test_it_tells_that_its_time_is_up_before_it_measures(has_figures: bool) -> None:
    """And before it saves, so that nobody waits for what seems to stand still."""
    diary = Diary()
    fit, _ = _fit(diary, Limits(epochs=3, minutes=1))
    fit.count.seconds, fit.count.figures = 61.0, {"valid_nats_a_token": 1.0} if has_figures else {}
    assert fit.run() == Ending.MINUTES
    assert diary.endings == [(Ending.MINUTES, 0, 0)]


def test_it_tells_that_it_stops_before_it_saves() -> None:
    """A request is answered at once."""
    diary = Diary()
    diary.stop = True
    _fit(diary, Limits(epochs=3))[0].run()
    assert diary.endings == [(Ending.ASKED, 0, 0)]


def test_a_request_to_stop_saves_first() -> None:
    """Asked to stop, it writes a checkpoint and ends before another step."""
    diary = Diary()
    diary.stop = True
    fit, stepper = _fit(diary, Limits(epochs=3))
    assert fit.run() == Ending.ASKED
    assert (diary.saves, stepper.rates) == (1, [])


def test_it_saves_every_so_many_steps() -> None:
    """save_every counts steps; the end of an epoch saves as well."""
    diary = Diary()
    fit, stepper = _fit(diary, Limits(epochs=2, save_every=2))
    fit.run()
    assert diary.saves == len(stepper.rates) // 2 + 2


def test_a_loss_that_is_not_finite_goes_back_at_half_the_rate() -> None:
    """One NaN is survived: the last checkpoint is taken up, and the rate is halved from there on."""
    diary = Diary()
    fit, stepper = _fit(diary, Limits(epochs=1), chain([2.0, float("nan")], repeat(2.0)))
    assert fit.run() == Ending.EPOCHS
    assert "back to the last checkpoint" in diary.warnings[0]
    assert (stepper.rates[0], stepper.rates[2]) == (0.01, 0.005)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_loss_that_stays_infinite_ends_the_run_plainly(bad: float) -> None:
    """After three times the run ends with the step, the value and what to try."""
    fit, _ = _fit(Diary(), Limits(epochs=9), repeat(bad))
    with pytest.raises(TrainingError, match=r"a batch of .* is kept; try a lower learning_rate"):
        fit.run()


class Remembering:
    """Saves and reloads as a run does: the count, and where the lanes read."""

    def __init__(self, bad: int) -> None:
        self.bad, self.diary = bad, Diary()
        self.seen: list[bytes] = []
        self.lanes = Lanes(MATERIAL.train, Grammar(MATERIAL.vocabulary), 2, 64, seed=1)
        self.kept = (Count(), self.lanes.position())
        hooks = replace(self.diary.hooks(), save=self.save, reload=self.reload)
        self.fit = Fit(self, self.lanes, Schedule("constant", 0.01, 0), Limits(epochs=3, save_every=4), hooks, Count())

    def train(self, batch: Windows, rate: float) -> StepResult:  # noqa: ARG002
        """Fail on one batch, whenever it comes."""
        assert isinstance(batch, Batch)
        self.seen.append(batch.tokens.tobytes())
        is_bad = self.seen.index(self.seen[-1]) == self.bad
        return StepResult(float("nan") if is_bad else 2.0, int(batch.valid.sum()), 1.0, 1.0)

    def save(self) -> None:
        """Keep the count."""
        self.kept = (deepcopy(self.fit.count), self.lanes.position())

    def reload(self) -> Count:
        """Go back."""
        self.lanes.go_to(self.kept[1])
        return deepcopy(self.kept[0])


@pytest.mark.parametrize("bad", range(20))
def test_a_batch_without_a_finite_loss_is_passed_over_wherever_it_comes(bad: int) -> None:
    """One of the first 20 is always NaN: it is met once, and every other batch of three epochs is learnt from."""
    sound, run = Remembering(-1), Remembering(bad)
    assert sound.fit.run() == run.fit.run() == Ending.EPOCHS
    assert len(run.diary.warnings) == 1
    assert run.seen.count(run.seen[bad]) == 1
    assert set(run.seen) == set(sound.seen)
    assert run.fit.count.step == sound.fit.count.step - 1
    assert (run.fit.count.setbacks, run.fit.count.rate_scale, run.fit.count.skipped) == (1, 0.5, [bad])


def test_parameters_that_are_not_finite_are_gone_back_from_too() -> None:
    """The loss of a step is found before its update, which may be what overflows."""
    diary = Diary()
    fit, stepper = _fit(diary, Limits(epochs=1))
    norms = chain([float("inf")], repeat(1.0))
    found = stepper.train

    class Overflows:
        def train(self, batch: Windows, rate: float) -> StepResult:
            return found(batch, rate)._replace(parameter_norm=next(norms))

    fit.stepper = Overflows()
    assert fit.run() == Ending.EPOCHS
    assert len(diary.warnings) == 1


def test_the_schedules_are_what_they_say() -> None:
    """Warm-up in a straight line, cosine to zero, exponential from its start on, constant."""
    assert [Schedule("constant", 1.0, 4).rate(step, 0, 0) for step in range(5)] == [0.25, 0.5, 0.75, 1.0, 1.0]
    cosine = Schedule("cosine", 1.0, 0)
    assert [round(cosine.rate(9, 0, share), 6) for share in (0, 0.5, 1)] == [1.0, 0.5, 0.0]
    falling = Schedule("exponential", 1.0, 0, decay=0.5, decay_start=2)
    assert [falling.rate(9, epoch, 0) for epoch in (1, 2, 3, 4)] == [1.0, 1.0, 0.5, 0.25]
