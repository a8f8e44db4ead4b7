"""Two and four workers on the loopback: they learn what one does, and go on after one of them was killed."""

from __future__ import annotations

import csv
import os
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from rich.console import Console

from musicrnn.config.corpus import CorpusSettings
from musicrnn.config.network import NetworkSettings
from musicrnn.config.settings import Settings
from musicrnn.config.training import TrainingSettings
from musicrnn.errors import TrainingError
from musicrnn.models.model_file import read_info
from musicrnn.trainer import checkpoint, session
from musicrnn.trainer.checkpoint import Checkpoint
from musicrnn.trainer.count import Count
from musicrnn.trainer.follower import Follower
from musicrnn.trainer.material import material
from musicrnn.trainer.run_folder import RunFolder
from musicrnn.trainer.team import Alone, Place, Team, alike
from musicrnn.trainer.training import Training
from tests.trainer.cluster import started
from tests.trainer.pieces import tunes

pytestmark = pytest.mark.train

CHORALES = Path(__file__).parent.parent / "fixtures" / "chorales"
SMALL = (
    "--ticks-per-beat=4", "--units=16", "--embedding=8", "--lanes=5", "--window=64", "--audition-bars=0",
    "--threads=1", "--validation-share=0.2", "--test-share=0.2", "--no-cache", "--dropout=0", "--output-dropout=0",
    "--recurrent-dropout=0", "--save-every=3", "--epochs=6", "--keep=2",
)  # fmt: skip


MATERIAL = material(tunes(10), CorpusSettings(ticks_per_beat=4, transpose=0))
FACTS = {"corpus": "the same"}


class Told(Alone):
    """The second of two workers, to whom a chief has handed out its state."""

    place = Place(1, 2)

    def __init__(self, content: bytes) -> None:
        self.content = content

    def from_chief(self, _: bytes) -> bytes:
        """Return what was handed out."""
        return self.content

    def totals(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the values, as if the chief had none."""
        return values


def _worker(kind: type[Training], folder: Path, team: Team, seed: int = 1) -> Training:
    settings = Settings(
        training=TrainingSettings(lanes=3, window=64, seed=seed), network=NetworkSettings(units=8, embedding=4)
    )
    return kind(settings, RunFolder(folder), MATERIAL, FACTS, {}, Console(quiet=True), team)


def _handed_out(folder: Path) -> bytes:
    """Return what a chief of three lanes hands out after its first step."""
    chief = _worker(Training, folder, Alone())
    batch = chief.lanes.next()
    assert batch is not None
    chief.stepper.train(batch, 0.01)
    state = session.state_of(chief.stepper, chief.stepper.carried.whole(), chief.lanes, Count(step=1), FACTS)
    return checkpoint.packed(Checkpoint(state.arrays, {**state.description, "alike": alike(chief.settings)}))


def _command(folder: Path) -> list[str]:
    return ["train", *SMALL, "--run-folder", str(folder), str(CHORALES)]


def _stored(run: Path, stem: str = "step-") -> list[Path]:
    return checkpoint.stored(run / "checkpoints", stem)


def _until(ready: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _ in range(3000):
        if ready():
            return
        pause.wait(0.02)
    pytest.fail("the workers did not come so far in time")


def _curve(run: Path) -> list[list[float]]:
    """Return step, tokens and what was learnt, of every row of the metrics."""
    names = ("step", "tokens", "train_nats_a_token", "valid_nats_a_token", "valid_nats_a_tick", "gradient_norm")
    with (run / "metrics.csv").open() as file:
        return [[float(row[name] or 0) for name in names] for row in csv.DictReader(file)]


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the run folder of one worker with the same global batch."""
    run = tmp_path_factory.mktemp("alone") / "run"
    with started([_command(run)]) as (worker,):
        _, errors = worker.communicate(timeout=300)
        assert worker.returncode == 0, errors
    return run


def test_a_worker_goes_on_from_what_the_chief_hands_out(tmp_path: Path) -> None:
    """It has the chief's weights, its own rows of the state, the place of all lanes, other masks, and no folder."""
    content = _handed_out(tmp_path / "chief")
    theirs = checkpoint.unpacked(content)
    worker = _worker(Follower, tmp_path / "worker", Told(content))
    assert worker._reload() == Count(step=1)
    for name, variable in session.weight_variables(worker.network).items():
        assert (np.asarray(variable) == theirs.arrays[name]).all(), name
    assert worker.lanes.position() == theirs.description["lanes"]
    assert worker.lanes.rows == range(1, 3)
    assert (worker.stepper.carried.mine.numpy() == theirs.arrays["carried"][:, :, 1:]).all()
    assert theirs.arrays["carried"][:, :, 1:].any()
    assert (np.asarray(worker.network.seed_generator.state) != theirs.arrays["seed"]).any()
    assert not (tmp_path / "worker").exists()


def test_a_worker_with_other_settings_is_refused(tmp_path: Path) -> None:
    """Before the first step, with the setting's name and both values."""
    worker = _worker(Follower, tmp_path / "worker", Told(_handed_out(tmp_path / "chief")), seed=5)
    with pytest.raises(TrainingError, match=r"training\.seed must be the same for all workers, got 5 for 1"):
        worker._reload()


def test_there_must_be_a_lane_for_every_worker(tmp_path: Path) -> None:
    """Three lanes cannot be dealt out to four; the message names both."""
    team = Told(b"")
    team.place = Place(3, 4)
    with pytest.raises(TrainingError, match="at least the workers, got 3 lanes for 4"):
        _worker(Follower, tmp_path / "worker", team)


def _all_go_on_after_a_loss(count: int, alone: Path, folder: Path) -> None:
    """Train with so many workers, kill the last, start all again, and hold what was learnt against one worker's."""
    run, elsewhere = folder / "run", folder / "nothing-is-written-here"
    with started([_command(run), *[_command(elsewhere)] * (count - 1)]) as workers:
        chief, *others = workers
        _until(lambda: len(_stored(run)) > 1 or chief.poll() is not None)
        others.pop().kill()
        for left in (chief, *others):
            _, errors = left.communicate(timeout=300)
            assert left.returncode == 70, errors
            assert "start all of them again: musicrnn-train --resume" in errors
    assert not elsewhere.exists()
    assert not (run / "model.onnx").exists()
    kept = _stored(run)[-1].name
    with started([["train", "--resume", str(run)]] * count) as workers:
        told = [worker.communicate(timeout=300) for worker in workers]
        assert [worker.returncode for worker in workers] == [0] * count, told
    assert f"going on at step {int(kept.split('-')[1])}" in told[0][0]
    for index in range(1, count):
        assert f"worker {index}: all epochs are done" in told[index][0]
    _learnt_alike(run, alone)


def _learnt_alike(run: Path, alone: Path) -> None:
    """Hold curve, weights, moments and carried state of one run against another's, but for float's reach."""
    assert read_info(run / "model.onnx").units == 16
    np.testing.assert_allclose(_curve(run), _curve(alone), atol=2e-5)
    one, several = (checkpoint.read(_stored(folder)[-1]).arrays for folder in (alone, run))
    assert one.keys() == several.keys()
    for name, array in one.items():
        np.testing.assert_allclose(several[name], array, atol=1e-5, err_msg=name)


def test_two_workers_of_which_one_is_killed_learn_what_one_worker_learns(alone: Path, tmp_path: Path) -> None:
    """The other one ends and says what to do; all restarted, curve and weights are as if alone, but for float's reach.

    Five lanes, so that the two have unlike shares. Dropout is off, since each worker draws its own masks.
    """
    _all_go_on_after_a_loss(2, alone, tmp_path)


@pytest.mark.skipif(not os.environ.get("MUSICRNN_LONG"), reason="some minutes: run by make test-reliability")
def test_four_workers_of_which_one_is_killed_learn_what_one_worker_learns(alone: Path, tmp_path: Path) -> None:
    """The three that are left all end; all four restarted, curve and weights are as if alone, but for float's reach."""
    _all_go_on_after_a_loss(4, alone, tmp_path)
