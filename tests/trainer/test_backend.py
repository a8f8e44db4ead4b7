"""Which backend trains, what only TensorFlow can do, and what goes over the windows on which device."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest

from musicrnn.config.network import NetworkSettings
from musicrnn.config.training import TrainingSettings
from musicrnn.errors import ConfigError, TrainingError
from musicrnn.models.network import Network, NetworkShape
from musicrnn.trainer.backend import VARIABLE, Device, chosen, device, start
from musicrnn.trainer.recurrence import check_cudnn, recurrence_of, told
from tests.test_parity_training import VOCABULARY

pytestmark = pytest.mark.train

CPU, GPU = Device("jax", "0.10", "cpu", "cpu"), Device("tensorflow", "2.21", "gpu", "NVIDIA X")


@pytest.mark.parametrize(
    ("named", "there", "wanted"),
    [
        ("", ("tensorflow", "jax"), "tensorflow"),
        ("", ("jax",), "jax"),
        ("", (), "tensorflow"),
        ("jax", ("tensorflow", "jax"), "jax"),
        ("tensorflow", ("jax",), "tensorflow"),
    ],
)
def test_the_backend_is_the_named_one_or_the_first_that_is_installed(
    named: str, there: tuple[str, ...], wanted: str
) -> None:
    """TensorFlow comes first, and is what is missing where neither is there."""
    assert chosen({VARIABLE: named} if named else {}, there.__contains__) == wanted


def test_another_backend_is_refused() -> None:
    """With the variable and its value."""
    with pytest.raises(ConfigError, match="KERAS_BACKEND must be tensorflow or jax, got 'torch'"):
        chosen({VARIABLE: "torch"})


@pytest.mark.parametrize(
    ("settings", "workers", "what"),
    [
        (TrainingSettings(), 2, r"several workers \(TF_CONFIG\)"),
        (TrainingSettings(profile=True), 1, r"training\.profile"),
    ],
)
def test_what_only_tensorflow_can_do_is_refused_with_jax(
    settings: TrainingSettings, workers: int, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anything is loaded."""
    monkeypatch.setenv(VARIABLE, "jax")
    with pytest.raises(ConfigError, match=f"KERAS_BACKEND must be tensorflow for {what}, got jax"):
        start(settings, workers)


def test_keras_that_was_loaded_with_another_backend_is_noticed() -> None:
    """The choice would come too late."""
    program = (
        "import keras\nimport os\nos.environ['KERAS_BACKEND'] = 'tensorflow'\n"
        "from musicrnn.config.training import TrainingSettings\nfrom musicrnn.trainer.backend import start\n"
        "start(TrainingSettings())"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), VARIABLE: "numpy"}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=False, env=environment
    )
    assert "KERAS_BACKEND must be set before Keras is loaded, got tensorflow after numpy" in done.stderr


@pytest.mark.parametrize(
    ("wanted", "here", "found"),
    [
        ("auto", CPU, "loop"),
        ("loop", CPU, "loop"),
        ("auto", GPU, "cudnn"),
        ("cudnn", GPU, "cudnn"),
        ("loop", GPU, "loop"),
    ],
)
def test_cudnn_goes_over_the_windows_where_there_is_a_gpu(wanted: str, here: Device, found: str) -> None:
    """And the loop elsewhere, or where it is asked for."""
    assert recurrence_of(TrainingSettings(recurrence=wanted), NetworkSettings(), here) == found


def test_cudnn_without_a_gpu_is_refused() -> None:
    """The device is named."""
    with pytest.raises(TrainingError, match=r"recurrence cudnn needs a GPU, got JAX 0\.10 on the CPU"):
        recurrence_of(TrainingSettings(recurrence="cudnn"), NetworkSettings(), CPU)


@pytest.mark.parametrize("wanted", ["auto", "cudnn"])
@pytest.mark.parametrize(
    ("training", "network", "words"),
    [
        ({}, {"cell": "rnn"}, "network.cell must be lstm or gru with cuDNN on TensorFlow 2.21 on GPU .*, got rnn"),
        ({}, {"recurrent_dropout": 0.5}, "network.recurrent_dropout must be 0.0 with cuDNN .*, got 0.5"),
        ({"windows": "bars"}, {}, "training.windows must be full with cuDNN .*, got bars"),
        ({"precision": "bfloat16"}, {}, "training.precision must be float32 with cuDNN .*, got bfloat16"),
    ],
)
def test_what_cudnn_cannot_do_is_refused_on_a_gpu(
    wanted: str, training: dict[str, Any], network: dict[str, Any], words: str
) -> None:
    """The message names the setting that allows the loop there; with it all is allowed."""
    settings = NetworkSettings(**network)
    with pytest.raises(TrainingError, match=words) as caught:
        recurrence_of(TrainingSettings(recurrence=wanted, **training), settings, GPU)
    assert "training.recurrence loop" in str(caught.value)
    assert recurrence_of(TrainingSettings(recurrence="loop", **training), settings, GPU) == "loop"


def test_the_trainer_says_what_goes_over_the_windows_and_where() -> None:
    """One line; on a GPU the loop is said to be the slower way."""
    assert told("loop", CPU) == "JAX 0.10 on the CPU: a loop goes over the windows"
    assert told("cudnn", GPU) == "TensorFlow 2.21 on GPU NVIDIA X: cuDNN goes over the windows, each of one piece"
    assert told("loop", GPU).endswith("cuDNN would be quicker: training.recurrence auto")


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_a_network_that_must_use_cudnn_does_not_do_without_it(cell: str) -> None:
    """On a device without cuDNN it raises, and nothing takes its place."""
    if device().kind == "gpu":
        pytest.skip("there is a GPU")
    network = Network(VOCABULARY, NetworkShape(1, 8, 8, cell=cell), recurrence="cudnn")
    with pytest.raises(
        TrainingError,
        match=r"training\.recurrence: cuDNN must run here; .*cuDNN is not supported .*training\.recurrence loop",
    ):
        check_cudnn(network)
