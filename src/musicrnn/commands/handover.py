"""How a command hands over to the package that does the work."""

from __future__ import annotations

import importlib
import importlib.util

from musicrnn.errors import MusicRNNError, TrainingError

TRAIN_EXTRA = ("tensorflow", "keras", "onnx", "matplotlib")
JAX_EXTRA = ("jax", "keras", "onnx", "matplotlib")
INSTALL_TRAIN_EXTRA = "in the folder of MusicRNN's source, pip install '.[train]'; with a wheel, 'FILE.whl[train]'"


def hand_over(module: str, function: str, *arguments: object) -> int:
    """Call a function of a module that is imported only now, and return its exit status (0 for None).

    Raises MusicRNNError where this version has no such function.
    """
    try:
        work = getattr(importlib.import_module(module), function, None)
    except ModuleNotFoundError as error:
        if error.name is None or not module.startswith(error.name):
            raise
        work = None
    if work is None:
        raise MusicRNNError(f"this version has no {module}.{function}, which the command needs")
    return int(work(*arguments) or 0)


def need_a_backend() -> None:
    """Choose TensorFlow or JAX, for Keras to load; TrainingError with the command that mends it without either.

    Raises ConfigError where KERAS_BACKEND names another.
    """
    from musicrnn.trainer.backend import choose

    if choose() == "jax":
        _need(JAX_EXTRA, INSTALL_TRAIN_EXTRA.replace("[train]", "[jax]"))
    else:
        _need(TRAIN_EXTRA, f"{INSTALL_TRAIN_EXTRA}; or with [jax] for [train], to train with JAX")


def _need(extra: tuple[str, ...], install: str) -> None:
    missing = [name for name in extra if importlib.util.find_spec(name) is None]
    if missing:
        raise TrainingError(f"training needs packages that are not installed ({', '.join(missing)}): {install}")
