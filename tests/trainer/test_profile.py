"""The trace of a training run: which steps are in it, and what is said of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from musicrnn.config.corpus import CorpusSettings
from musicrnn.models.grammar import Grammar
from musicrnn.models.network import Network, NetworkShape
from musicrnn.trainer.lanes import Batch, Lanes
from musicrnn.trainer.material import material
from musicrnn.trainer.profile import FIRST, STEPS, Profiled
from musicrnn.trainer.step import Stepper
from tests.trainer.pieces import tunes

pytestmark = pytest.mark.train

MATERIAL = material(tunes(6), CorpusSettings(ticks_per_beat=4, transpose=0))


def _batch() -> Batch:
    batch = Lanes(MATERIAL.train, Grammar(MATERIAL.vocabulary), 2, 32, seed=1).next()
    assert batch is not None
    return batch


def _stepper() -> Stepper:
    return Stepper(Network(MATERIAL.vocabulary, NetworkShape(1, 4, 4)), 2, weight_decay=0.0, clip=1.0)


def _train(folder: Path, steps: int) -> tuple[list[str], list[float]]:
    """Take some steps and close; return what was said, and the nats of each step."""
    said: list[str] = []
    profiled, batch = Profiled(_stepper(), folder, said.append), _batch()
    nats = [profiled.train(batch, 1e-3).nats for _ in range(steps)]
    profiled.close()
    return said, nats


def test_ten_steps_are_traced_after_the_first_ten(tmp_path: Path) -> None:
    """One trace is written where TensorBoard looks, it holds the steps by their name, and where it is, is said once."""
    said, _ = _train(tmp_path, FIRST + STEPS + 3)
    (trace,) = tmp_path.glob("plugins/profile/*/*.xplane.pb")
    assert b"train" in trace.read_bytes()
    assert said == [f"trace of {STEPS} steps: tensorboard --logdir {tmp_path}"]


def test_a_run_that_ends_within_the_trace_keeps_what_there_is(tmp_path: Path) -> None:
    """Of thirteen steps three are traced."""
    said, _ = _train(tmp_path, FIRST + 3)
    assert len(list(tmp_path.glob("plugins/profile/*/*.xplane.pb"))) == 1
    assert said == [f"trace of 3 steps: tensorboard --logdir {tmp_path}"]


def test_a_run_that_is_too_short_says_so(tmp_path: Path) -> None:
    """Ten steps leave no trace, and one line that tells why."""
    said, _ = _train(tmp_path, FIRST)
    assert not list(tmp_path.rglob("*.pb"))
    assert said == [f"no trace: the run must have more than {FIRST} steps, got {FIRST}"]


def test_a_folder_that_cannot_be_written_costs_the_trace_only(tmp_path: Path) -> None:
    """Where a file stands in the way, every step is taken all the same, and one line says that there is no trace."""
    (tmp_path / "plugins").write_text("in the way")
    said, nats = _train(tmp_path, FIRST + STEPS + 1)
    assert len(nats) == FIRST + STEPS + 1
    assert len(said) == 1
    assert said[0].startswith("no trace: ")


def test_a_traced_run_learns_what_it_would_have_learnt(tmp_path: Path) -> None:
    """The trace changes no number."""
    stepper, batch = _stepper(), _batch()
    plain = [stepper.train(batch, 1e-3).nats for _ in range(FIRST + 3)]
    _, traced = _train(tmp_path, FIRST + 3)
    np.testing.assert_allclose(traced, plain, rtol=1e-5)
