"""Which of Keras' backends a run uses, TensorFlow or JAX, and on what; neither is loaded before it is asked for."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING

from musicrnn.config.training import TrainingSettings
from musicrnn.errors import ConfigError
from musicrnn.export.quiet import quiet
from musicrnn.models.cores import usable_cores
from musicrnn.trainer.count import Stepping
from musicrnn.trainer.sharing import LANES_ON_A_CPU, shares
from musicrnn.trainer.team import ALONE, Team

if TYPE_CHECKING:  # it loads Keras, with the backend of that moment
    from musicrnn.models.network import Network
    from musicrnn.trainer.kept import Kept

NAMES = {"tensorflow": "TensorFlow", "jax": "JAX"}
VARIABLE = "KERAS_BACKEND"
MOST_OF_A_REASON = 300


def chosen(environment: Mapping[str, str], is_installed: Callable[[str], bool] | None = None) -> str:
    """Return the backend: what KERAS_BACKEND names, else TensorFlow where it is installed, else JAX where that is.

    Without either it is TensorFlow, which is missing then. ConfigError where KERAS_BACKEND names another.
    """
    named, found = environment.get(VARIABLE, ""), is_installed or installed
    if named and named not in NAMES:
        raise ConfigError(f"{VARIABLE} must be tensorflow or jax, got {named!r:.40}")
    return named or next((name for name in NAMES if found(name)), "tensorflow")


def choose() -> str:
    """Choose the backend for Keras to load in this process, and return it."""
    backend = os.environ[VARIABLE] = chosen(os.environ)
    return backend


def installed(name: str) -> bool:
    """Tell whether a package can be imported, without doing so."""
    return find_spec(name) is not None


@dataclass(frozen=True, slots=True)
class Device:
    """Where a run computes: ``kind`` is cpu, gpu or what else the backend calls it; ``name`` is for people.

    ``memory`` is what there is of a GPU's for the backend, in bytes; 0 where that is not known, or it is no GPU.
    """

    backend: str
    version: str
    kind: str
    name: str
    memory: int = 0

    def __str__(self) -> str:
        """Return one short phrase, as ``TensorFlow 2.21.0 on the CPU``."""
        place = "the CPU" if self.kind == "cpu" else f"{self.kind.upper()} {self.name}"
        return f"{NAMES[self.backend]} {self.version} on {place}"


def start(settings: TrainingSettings, workers: int = 1) -> Device:
    """Load the backend, with the threads and the determinism that the settings ask for; return its first device.

    Start-up messages, which speak of absent GPUs on every machine without one, are held back unless
    TF_CPP_MIN_LOG_LEVEL is set. Raises ConfigError for what only TensorFlow can do, where it is not the backend.
    """
    backend = choose()
    for asked, what in ((workers > 1, "several workers (TF_CONFIG)"), (settings.profile, "training.profile")):
        if asked and backend != "tensorflow":
            raise ConfigError(f"{VARIABLE} must be tensorflow for {what}, got {backend}")
    with quiet():
        if backend == "jax":
            _start_jax(settings)
        else:
            _start_tensorflow(settings, workers)
        import keras

        loaded = keras.backend.backend()
        if loaded != backend:
            raise ConfigError(f"{VARIABLE} must be set before Keras is loaded, got {backend} after {loaded}")
        return device()


def device() -> Device:
    """Return the device that Keras' backend computes on."""
    import keras

    return _jax_device() if keras.backend.backend() == "jax" else _tensorflow_device()


def failures() -> tuple[type[Exception], ...]:
    """Return what Keras and its backend raise where they cannot compute what they are asked for."""
    import keras

    if keras.backend.backend() == "jax":
        return ValueError, RuntimeError
    import tensorflow as tf

    return ValueError, RuntimeError, tf.errors.OpError


def reason(error: Exception) -> str:
    """Return why a backend failed, as one line of no great length."""
    return " ".join(str(error).split())[:MOST_OF_A_REASON] or type(error).__name__


def is_out_of_memory(error: Exception) -> bool:
    """Tell whether what was raised is for want of memory, of the device or of the host."""
    import keras

    if isinstance(error, MemoryError):
        return True
    if keras.backend.backend() == "jax":
        return isinstance(error, RuntimeError) and "RESOURCE_EXHAUSTED" in str(error)
    import tensorflow as tf

    return isinstance(error, tf.errors.ResourceExhaustedError)


@contextmanager
def exact() -> Iterator[None]:
    """Let products of float32 be of float32 while the block runs, also on GPUs that would take fewer digits."""
    import keras

    if keras.backend.backend() == "jax":
        import jax

        with jax.default_matmul_precision("float32"):
            yield
        return
    import tensorflow as tf

    before = tf.config.experimental.tensor_float_32_execution_enabled()
    tf.config.experimental.enable_tensor_float_32_execution(False)
    try:
        yield
    finally:
        tf.config.experimental.enable_tensor_float_32_execution(before)


def stepper(
    network: Network,
    lanes: int,
    *,
    weight_decay: float,
    clip: float,
    team: Team = ALONE,
    half: bool = False,
    kept: Kept | None = None,
    threads: int = 1,
) -> Stepping:
    """Return the Stepper of Keras' backend; under TensorFlow on a CPU its lanes are shared among ``threads``."""
    import keras

    if keras.backend.backend() == "jax":
        from musicrnn.trainer.step_jax import Stepper as OfJax

        return OfJax(network, lanes, weight_decay=weight_decay, clip=clip, half=half, kept=kept)
    from musicrnn.trainer.step import Stepper

    among = shares(threads, len(team.place.rows(lanes))) if device().kind == "cpu" else 1
    return Stepper(network, lanes, weight_decay=weight_decay, clip=clip, team=team, half=half, kept=kept, shares=among)


def _start_tensorflow(settings: TrainingSettings, workers: int) -> None:
    """Load TensorFlow; on a CPU with a thread for each share of the lanes, and what is left over within operations."""
    import tensorflow as tf

    threads = settings.threads or usable_cores()
    among = shares(threads, (settings.lanes or LANES_ON_A_CPU) // workers)
    with suppress(RuntimeError):  # TensorFlow was started before, with its threads and its memory as they are.
        tf.config.threading.set_intra_op_parallelism_threads(threads // among)
        tf.config.threading.set_inter_op_parallelism_threads(among if among > 1 else min(threads, 2))
        for found in tf.config.list_physical_devices("GPU"):
            tf.config.experimental.set_memory_growth(found, True)
    if settings.deterministic:
        tf.config.experimental.enable_op_determinism()


def _tensorflow_device() -> Device:
    import tensorflow as tf

    for found in tf.config.list_physical_devices("GPU"):
        name = tf.config.experimental.get_device_details(found).get("device_name", found.name)
        return Device("tensorflow", tf.__version__, "gpu", str(name), _tensorflow_memory())
    return Device("tensorflow", tf.__version__, "cpu", "")


@cache
def _tensorflow_memory() -> int:
    """Return what TensorFlow may take of its first GPU; being asked must not make it take all of that."""
    import tensorflow as tf
    from tensorflow.python.client import device_lib

    growing = tf.compat.v1.ConfigProto(gpu_options=tf.compat.v1.GPUOptions(allow_growth=True))
    found = [one.memory_limit for one in device_lib.list_local_devices(growing) if one.device_type == "GPU"]
    return int(found[0]) if found else 0


def _start_jax(settings: TrainingSettings) -> None:
    """Load JAX; its flags count only where it was not loaded before.

    Memory of a GPU is taken as it is needed, as under TensorFlow, unless XLA_PYTHON_CLIENT_PREALLOCATE says otherwise.
    """
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    if settings.threads:
        os.environ.setdefault("NPROC", str(settings.threads))
    if settings.deterministic:
        flags = os.environ.get("XLA_FLAGS", "")
        os.environ["XLA_FLAGS"] = f"{flags} --xla_gpu_deterministic_ops=true".strip()
    import jax

    jax.devices()


def _jax_device() -> Device:
    import jax

    first = jax.devices()[0]
    told = (first.memory_stats() or {}) if first.platform != "cpu" else {}
    return Device("jax", jax.__version__, first.platform, str(first.device_kind), int(told.get("bytes_limit", 0)))
