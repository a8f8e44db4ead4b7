"""How many lanes a device's memory has room for, and whether a step takes what is reckoned with."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from musicrnn.config.corpus import CorpusSettings
from musicrnn.config.load import read_settings, settings_of
from musicrnn.config.network import NetworkSettings
from musicrnn.config.settings import Settings
from musicrnn.config.training import TrainingSettings
from musicrnn.config.write import to_toml
from musicrnn.errors import ConfigError
from musicrnn.models.metadata import ModelInfo
from musicrnn.models.network import Network, NetworkShape
from musicrnn.models.step_file import step_file
from musicrnn.models.untrained import random_weights
from musicrnn.trainer.backend import Device
from musicrnn.trainer.material import material
from musicrnn.trainer.room import FLOAT, MOST, SHARE, check_file, step_bytes, weights, with_lanes
from musicrnn.trainer.sharing import LANES_ON_A_CPU
from tests.trainer.pieces import tunes

pytestmark = pytest.mark.train

MATERIAL = material(tunes(60), CorpusSettings(ticks_per_beat=4, transpose=0))
SETTINGS = Settings(training=TrainingSettings(window=8), network=NetworkSettings(layers=2, units=256))
LARGE = Device("tensorflow", "2.21", "gpu", "NVIDIA X", memory=80 << 30)


def _lanes(device: Device, settings: Settings = SETTINGS, workers: int = 1) -> tuple[int, str]:
    chosen, told = with_lanes(settings, MATERIAL, device, workers)
    return chosen.training.lanes, told


def _with_memory_for(lanes: int) -> Device:
    return replace(LARGE, memory=int(step_bytes(SETTINGS.network, MATERIAL.vocabulary.size, lanes, 8) / SHARE) + 1)


@pytest.mark.parametrize("room", [1, 2, 4, 16])
def test_lanes_are_the_largest_power_of_two_that_half_of_the_memory_has_room_for(room: int) -> None:
    """And the line says what twice as many would be too much for."""
    lanes, told = _lanes(_with_memory_for(room))
    assert lanes == room
    assert told.startswith(f"{room} lanes, for which a step takes about ")
    assert f"{2 * room} would take more than half of the device's" in told
    assert _lanes(_with_memory_for(2 * room - 1))[0] == room


def test_a_short_corpus_has_no_more_lanes_than_leave_it_enough_steps() -> None:
    """However large the memory: a step that is most of an epoch learns little."""
    lanes, told = _lanes(LARGE)
    tokens = sum(map(len, MATERIAL.train))
    assert lanes == LANES_ON_A_CPU
    assert told.endswith("with more an epoch would have under 64 steps")
    assert tokens < 2 * LANES_ON_A_CPU * 8 * 64


def test_a_long_corpus_has_the_most() -> None:
    """On a device with room for them."""
    long = replace(MATERIAL, train=[*MATERIAL.train] * 100)
    settings, told = with_lanes(SETTINGS, long, LARGE)
    assert settings.training.lanes == MOST
    assert told.endswith("512 are the most")


@pytest.mark.parametrize("device", [Device("jax", "0.10", "cpu", "cpu"), replace(LARGE, memory=0)])
def test_elsewhere_there_are_32_and_nothing_is_said(device: Device) -> None:
    """On a CPU, and where the memory is not known."""
    assert _lanes(device) == (LANES_ON_A_CPU, "")


def test_several_workers_have_32_too() -> None:
    """Each might choose otherwise."""
    assert _lanes(_with_memory_for(4), workers=2) == (LANES_ON_A_CPU, "")


def test_a_number_that_is_given_stays() -> None:
    """Also one that is more than there is room for."""
    given = replace(SETTINGS, training=replace(SETTINGS.training, lanes=1000))
    assert _lanes(_with_memory_for(1), given) == (1000, "")


def test_a_resumed_run_keeps_its_number_on_another_device(tmp_path: Path) -> None:
    """It is in the settings that the run's folder has."""
    chosen, _ = with_lanes(SETTINGS, MATERIAL, _with_memory_for(4))
    (tmp_path / "settings.toml").write_text(to_toml(chosen, ("training",)), encoding="utf-8")
    again = settings_of(read_settings(tmp_path / "settings.toml"))
    assert with_lanes(again, MATERIAL, LARGE) == (again, "")
    assert again.training.lanes == 4


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
def test_weights_are_counted_as_the_network_has_them(cell: str) -> None:
    """But for the tables of tokens, which are factored: at most a quarter is too much."""
    settings = NetworkSettings(layers=2, units=256, cell=cell)
    exact = Network(MATERIAL.vocabulary, NetworkShape.of(settings)).count_params()
    assert exact <= weights(settings, MATERIAL.vocabulary.size) <= 1.25 * exact


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_a_step_takes_what_is_reckoned_with_and_up_to_two_and_a_half_times_less(cell: str) -> None:
    """As the peak of a process on a CPU grows with more lanes; never more than is reckoned with."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "KERAS_BACKEND": "tensorflow"}
    command = [sys.executable, "-m", "tests.trainer.step_memory", cell]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    taken, estimated = map(int, done.stdout.split())
    assert taken > 100e6
    assert taken <= estimated <= 2.5 * taken


@pytest.mark.parametrize(("cell", "layers", "units"), [("lstm", 2, 256), ("gru", 3, 192), ("rnn", 2, 1024)])
def test_the_size_of_a_model_file_is_known_before_there_is_one(cell: str, layers: int, units: int) -> None:
    """To a tenth, even of a small network."""
    vocabulary = MATERIAL.vocabulary
    known = FLOAT * weights(NetworkSettings(cell=cell, layers=layers, units=units), vocabulary.size)
    info = ModelInfo("a", vocabulary, layers, units, cell)
    size = len(step_file(random_weights(vocabulary, layers, units, 64, cell=cell), info))
    assert size == pytest.approx(known, rel=0.1)


def test_a_network_whose_file_nothing_reads_is_refused() -> None:
    """Before hours are spent on it: 256 MiB are the most, whatever the precision that is asked for."""
    with pytest.raises(ConfigError, match=r"at most 268 MB in float32, got 1 x 4096, which make 27\d MB"):
        check_file(NetworkSettings(layers=1, units=4096), 100)
    with pytest.raises(ConfigError, match=r"got 3 x 2048"):
        check_file(NetworkSettings(layers=3, units=2048), 100)
    check_file(NetworkSettings(layers=2, units=2048), 5_000)
    check_file(NetworkSettings(cell="gru", layers=1, units=4096), 100)
