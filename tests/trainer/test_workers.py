"""Two workers on the loopback: they learn what one does, and go on after one of them was killed."""

from __future__ import annotations

import csv
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from musicrnn.models.model_file import read_info
from musicrnn.trainer import checkpoint
from tests.trainer.cluster import started

pytestmark = pytest.mark.train

CHORALES = Path(__file__).parent.parent / "fixtures" / "chorales"
SMALL = (
    "--ticks-per-beat=4", "--units=16", "--embedding=8", "--lanes=5", "--window=64", "--audition-bars=0",
    "--threads=1", "--validation-share=0.2", "--test-share=0.2", "--no-cache", "--dropout=0", "--output-dropout=0",
    "--save-every=3", "--epochs=6", "--keep=2",
)  # fmt: skip


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


def test_two_workers_of_which_one_is_killed_learn_what_one_worker_learns(alone: Path, tmp_path: Path) -> None:
    """The other one ends and says what to do; all restarted, curve and weights are as if alone, but for float's reach.

    Five lanes, so that the two have unlike shares. Dropout is off, since each worker draws its own masks.
    """
    run, elsewhere = tmp_path / "run", tmp_path / "nothing-is-written-here"
    with started([_command(run), _command(elsewhere)]) as (chief, other):
        _until(lambda: len(_stored(run)) > 1 or chief.poll() is not None)
        other.kill()
        _, errors = chief.communicate(timeout=300)
        assert chief.returncode == 70, errors
        assert f"start all of them again: musicrnn-train --resume {run}" in errors
    assert not elsewhere.exists()
    assert not (run / "model.onnx").exists()
    kept = _stored(run)[-1].name
    with started([["train", "--resume", str(run)]] * 2) as workers:
        told = [worker.communicate(timeout=300) for worker in workers]
        assert [worker.returncode for worker in workers] == [0, 0], told
    assert f"going on at step {int(kept.split('-')[1])}" in told[0][0]
    assert "worker 1: all epochs are done" in told[1][0]
    assert read_info(run / "model.onnx").units == 16
    np.testing.assert_allclose(_curve(run), _curve(alone), atol=2e-5)
    one, two = (checkpoint.read(_stored(folder)[-1]).arrays for folder in (alone, run))
    assert one.keys() == two.keys()
    for name, array in one.items():
        np.testing.assert_allclose(two[name], array, atol=1e-5, err_msg=name)
