"""A model file knows no device: what was learnt on another one is the same file (P28, as far as CPUs show it)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from musicrnn.models.model_file import check_model
from musicrnn.models.onnx_step import OnnxStepModel

pytestmark = pytest.mark.train

PROGRAM = """
import sys
from pathlib import Path

import numpy as np
import tensorflow as tf

cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)

from musicrnn.export.step_graph import export_step
from musicrnn.models.metadata import ModelInfo
from musicrnn.models.network import Network, NetworkShape
from musicrnn.testing import small_vocabulary

vocabulary, shape = small_vocabulary(), NetworkShape(1, 8, 4)
info = ModelInfo("small", vocabulary, 1, 8)
with tf.device("/CPU:1"):
    network = Network(vocabulary, shape, seed=1)
    tokens, places = np.ones((1, 6), np.int32), np.ones((1, 6, 3), np.int32)
    with tf.GradientTape() as tape:
        logits, _ = network(tokens, places, np.ones((1, 6), bool), network.initial_state(1))
        loss = tf.reduce_mean(logits**2)
    variables = network.trainable_variables
    for variable, gradient in zip(variables, tape.gradient(loss, variables), strict=True):
        variable.assign(variable - 0.1 * tf.convert_to_tensor(gradient))
assert all("CPU:1" in variable.value.device for variable in variables), variables[0].value.device
with tf.device("/CPU:0"):
    here = Network(vocabulary, shape, seed=2)
    for mine, theirs in zip(here.trainable_variables, variables, strict=True):
        mine.assign(np.asarray(theirs))
for name, each in (("there", network), ("here", here)):
    (Path(sys.argv[1]) / name).write_bytes(export_step(each.step_weights(), info))
"""


def test_weights_from_another_device_make_the_same_file(tmp_path: Path) -> None:
    """Learnt on a second device of TensorFlow's, exported from there and from the first; the file names none."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "TF_CPP_MIN_LOG_LEVEL": "3"}
    subprocess.run([sys.executable, "-c", PROGRAM, str(tmp_path)], env=environment, check=True)
    content = (tmp_path / "there").read_bytes()
    assert content == (tmp_path / "here").read_bytes()
    assert not any(name in content for name in (b"CPU:", b"GPU", b"device"))
    assert OnnxStepModel(check_model(content, "there")).way == "blas"
