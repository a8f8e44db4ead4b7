"""What a run asks of its backend before anything is computed, in processes that have loaded none yet."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.train

_START = (
    "from musicrnn.config.training import TrainingSettings\nfrom musicrnn.trainer.backend import start\n"
    "print(start(TrainingSettings(threads=3, deterministic=True)))\n"
)
_OF_TENSORFLOW = (
    "import tensorflow as tf\nfrom tensorflow.python.framework import config\n"
    "threads = tf.config.threading\n"
    "print(threads.get_intra_op_parallelism_threads(), threads.get_inter_op_parallelism_threads(), end=' ')\n"
    "print(config.is_op_determinism_enabled())\n"
    "print(all(tf.config.experimental.get_memory_growth(one) for one in tf.config.list_physical_devices('GPU')))"
)
_OF_JAX = (
    "import os\nprint(os.environ['NPROC'], '--xla_gpu_deterministic_ops=true' in os.environ['XLA_FLAGS'])\n"
    "print(os.environ['XLA_PYTHON_CLIENT_PREALLOCATE'])"
)


def _told(backend: str, program: str) -> list[str]:
    kept = {name: value for name, value in os.environ.items() if name not in ("NPROC", "XLA_FLAGS")}
    environment = {**kept, "PYTHONPATH": os.pathsep.join(sys.path), "KERAS_BACKEND": backend}
    command = [sys.executable, "-c", _START + program]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[1:]


def test_tensorflow_gets_threads_and_determinism_and_takes_memory_as_it_needs_it() -> None:
    """Three threads for three shares of the lanes, one within each operation; the last counts for each GPU there is."""
    assert _told("tensorflow", _OF_TENSORFLOW) == ["1 3 True", "True"]


def test_jax_gets_threads_and_determinism_and_takes_memory_as_it_needs_it(with_jax: None) -> None:
    """By its variables, which XLA reads when it is loaded; a flag that it does not know would end the process."""
    assert _told("jax", _OF_JAX) == ["3 True", "false"]
