"""How a command hands over to the package that does the work."""

from __future__ import annotations

import importlib
import importlib.util

from musicrnn.errors import MusicRNNError, TrainingError

TRAIN_EXTRA = ("tensorflow", "keras", "tf2onnx", "matplotlib")
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


def need_train_extra() -> None:
    """Raise TrainingError with the command that mends it where the packages for training are not installed."""
    missing = [name for name in TRAIN_EXTRA if importlib.util.find_spec(name) is None]
    if missing:
        raise TrainingError(
            f"training needs packages that are not installed ({', '.join(missing)}): {INSTALL_TRAIN_EXTRA}"
        )
