"""A run that finds a GPU, as far as a machine without one shows it: its windows, its network, and what it refuses."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from musicrnn.config.corpus import CorpusSettings
from musicrnn.config.network import NetworkSettings
from musicrnn.config.settings import Settings
from musicrnn.config.training import TrainingSettings
from musicrnn.errors import TrainingError
from musicrnn.trainer.backend import Device, device
from musicrnn.trainer.material import material
from musicrnn.trainer.run import StopRequest
from musicrnn.trainer.run_folder import RunFolder
from musicrnn.trainer.team import alike
from musicrnn.trainer.training import Training
from tests.trainer.pieces import tunes

pytestmark = pytest.mark.train

MATERIAL = material(tunes(10), CorpusSettings(ticks_per_beat=4, transpose=0))
CPU = Device("tensorflow", "2.21", "cpu", "")
GPU = Device("tensorflow", "2.21", "gpu", "NVIDIA X", memory=8 << 30)


def _training(folder: Path, here: Device, recurrence: str = "auto", data: str = "auto") -> Training:
    training = TrainingSettings(lanes=3, window=64, recurrence=recurrence, data=data)
    settings = Settings(training=training, network=NetworkSettings(units=8, embedding=4))
    return Training(settings, RunFolder(folder), MATERIAL, {}, {}, Console(quiet=True), here=here)


def test_on_a_gpu_the_corpus_is_kept_there_where_there_is_room(tmp_path: Path) -> None:
    """And not on a CPU, nor where it is told to stay; why it stays is said."""
    tight = replace(GPU, memory=1000)
    runs = [_training(tmp_path / str(i), here) for i, here in enumerate((GPU, tight, CPU))]
    assert [run.kept is not None for run in runs] == [True, False, False]
    assert runs[0].data_told.startswith("the corpus is on the device (")
    assert "a quarter of the device's memory" in runs[1].data_told
    assert runs[2].data_told == ""
    assert _training(tmp_path / "host", GPU, data="host").kept is None


def test_a_corpus_that_must_be_on_the_device_and_has_no_room_is_refused(tmp_path: Path) -> None:
    """With both sizes."""
    with pytest.raises(TrainingError, match=r"training\.data device: it takes .* MB, and a quarter of .* is"):
        _training(tmp_path, replace(GPU, memory=1000), data="device")


def test_figures_are_the_same_wherever_batches_are_made(tmp_path: Path) -> None:
    """Of validation, and of the first steps; the stream of windows stands where it would stand."""
    there, here = (_training(tmp_path / data, CPU, data=data) for data in ("device", "host"))
    assert there.kept is not None
    assert there.evaluate(MATERIAL.train) == here.evaluate(MATERIAL.train)
    for _ in range(3):
        losses = [run.stepper.train(windows, 1e-3) for run in (there, here) if (windows := run.read()) is not None]
        assert losses[0] == losses[1]
    assert there.lanes.position() == here.lanes.position()


def _has_pieces_inside(training: Training) -> bool:
    batches = [training.lanes.next() for _ in range(6)]
    return any(batch is not None and batch.fresh[:, 1:].any() for batch in batches)


def test_on_a_gpu_each_window_is_of_one_piece_and_the_network_must_use_cudnn(tmp_path: Path) -> None:
    """And on a CPU, or with the loop asked for, windows are full."""
    there, here = _training(tmp_path / "gpu", GPU), _training(tmp_path / "cpu", Device("tensorflow", "2.21", "cpu", ""))
    looped = _training(tmp_path / "loop", GPU, "loop")
    assert [run.network.recurrence for run in (there, here, looped)] == ["cudnn", "loop", "loop"]
    assert [_has_pieces_inside(run) for run in (there, here, looped)] == [False, True, True]


def test_workers_with_and_without_a_gpu_are_not_alike(tmp_path: Path) -> None:
    """Their lanes would read in other windows; what auto came to is among what the chief compares."""
    name = "training.recurrence"
    assert alike(_training(tmp_path / "gpu", GPU).settings)[name] == "'cudnn'"
    assert alike(_training(tmp_path / "cpu", Device("jax", "0.10", "cpu", "")).settings)[name] == "'loop'"


def test_a_gpu_without_cudnn_ends_the_run_before_its_first_step(tmp_path: Path) -> None:
    """Nothing falls back to the loop."""
    if device().kind == "gpu":
        pytest.skip("there is a GPU")
    folder = RunFolder(tmp_path / "run")
    folder.create(overwrite=False)
    folder.close()
    training = _training(tmp_path / "run", GPU)
    with pytest.raises(TrainingError, match=r"cuDNN must run here; .*training\.recurrence loop"):
        training.run(StopRequest(), resume=False)
    assert not list((tmp_path / "run").rglob("*.npz"))
