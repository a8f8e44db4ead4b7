"""Which backend trains, what only TensorFlow can do, and what goes over the windows on which device."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest
import tensorflow as tf

from musicrnn.config.network import NetworkSettings
from musicrnn.config.training import TrainingSettings
from musicrnn.errors import ConfigError, TrainingError
from musicrnn.models.grammar import Grammar
from musicrnn.models.network import Network, NetworkShape
from musicrnn.trainer.agreement import Agreement
from musicrnn.trainer.backend import VARIABLE, Device, chosen, device, exact, start
from musicrnn.trainer.lanes import Batch, Lanes
from musicrnn.trainer.recurrence import agreement_told, check_cudnn, recurrence_of, told
from tests.test_parity_training import MATERIAL, VOCABULARY

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
        ({"windows": "bars"}, {}, "training.windows must be full with cuDNN .*, got bars"),
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
        check_cudnn(network, _windows())


def test_cudnn_may_learn_in_bfloat16() -> None:
    """Whether it can, and well enough, is tried when the run begins."""
    assert recurrence_of(TrainingSettings(precision="bfloat16"), NetworkSettings(), GPU) == "cudnn"


def test_bfloat16_that_the_layer_cannot_do_is_refused_by_its_setting() -> None:
    """With what the backend says, where float32 runs."""

    class OnlyFloat(Network):
        def call(self, *arrays: Any, half: bool = False, **how: Any) -> Any:
            if half:
                raise ValueError("no kernel\nfor bfloat16")
            return super().call(*arrays, **how)

    network = OnlyFloat(VOCABULARY, NetworkShape(1, 8, 8), recurrence="layer")
    with pytest.raises(
        TrainingError, match=r"training\.precision bfloat16: cuDNN must run in it here; no kernel for bfloat16; train"
    ):
        check_cudnn(network, _windows(), half=True)


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_keras_layers_agree_with_the_loop_and_the_line_says_how_far(cell: str) -> None:
    """On a GPU it is cuDNN that is compared; the code is the same."""
    network = Network(VOCABULARY, NetworkShape(2, 16, 8, cell=cell), recurrence="layer")
    assert check_cudnn(network, _windows(), half=True).startswith("cuDNN agrees with the loop: logits are within")


def test_a_layer_that_differs_from_the_loop_is_refused() -> None:
    """By as little as a rounding to bfloat16 makes."""

    class Rough(Network):
        def call(self, *arrays: Any, **how: Any) -> Any:
            return super().call(*arrays, **{**how, "half": True})

    network = Rough(VOCABULARY, NetworkShape(2, 64, 16), recurrence="layer")
    with pytest.raises(TrainingError, match=r"cuDNN must give logits and gradients within 0\.0001 of the loop's, got"):
        check_cudnn(network, _windows())


@pytest.mark.parametrize("found", [Agreement(2e-4, 0.0), Agreement(0.0, 2e-4), Agreement(float("nan"), 0.0)])
def test_logits_and_gradients_must_both_agree(found: Agreement) -> None:
    """Not a number is no agreement."""
    with pytest.raises(TrainingError, match=r"training\.recurrence loop"):
        agreement_told(found)


def test_products_are_exact_within_and_as_they_were_after() -> None:
    """As far as TensorFlow's switch tells, which counts on a GPU."""
    switch = tf.config.experimental.tensor_float_32_execution_enabled
    before = switch()
    with exact():
        assert not switch()
    assert switch() == before


def _windows() -> Batch:
    batch = Lanes(MATERIAL.train, Grammar(VOCABULARY), 2, 64, once=True, packed=False).next()
    assert batch is not None
    return batch
