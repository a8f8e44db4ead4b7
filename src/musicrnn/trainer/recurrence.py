"""What goes over a window: our own loop, or on a GPU Keras' layer by cuDNN; never one in silence for the other."""

from __future__ import annotations

import numpy as np

from musicrnn.config.network import NetworkSettings
from musicrnn.config.training import TrainingSettings
from musicrnn.errors import TrainingError
from musicrnn.models.network import Network
from musicrnn.trainer.backend import Device, failures

MOST_OF_A_REASON = 300
_OR_LOOP = "or training.recurrence loop, which is slow on a GPU"


def recurrence_of(training: TrainingSettings, network: NetworkSettings, device: Device) -> str:
    """Return loop or cudnn; TrainingError where cuDNN is wanted, or there is a GPU, and cuDNN cannot do what is asked.

    Where there is a GPU, auto is cudnn; on all else it is loop.
    """
    wanted = training.recurrence
    if wanted == "loop" or (wanted == "auto" and device.kind != "gpu"):
        return "loop"
    if device.kind != "gpu":
        raise TrainingError(f"training.recurrence cudnn needs a GPU, got {device}; auto takes what there is")
    for name, value, allowed in (
        ("network.cell", network.cell, ("lstm", "gru")),
        ("network.recurrent_dropout", network.recurrent_dropout, (0.0,)),
        ("training.windows", training.windows, ("full",)),
        ("training.precision", training.precision, ("float32",)),
    ):
        if value not in allowed:
            raise TrainingError(
                f"{name} must be {' or '.join(map(str, allowed))} with cuDNN on {device}, got {value}; choose that, "
                f"{_OR_LOOP}"
            )
    return "cudnn"


def told(recurrence: str, device: Device) -> str:
    """Return the line that says where and how a run computes."""
    if recurrence == "cudnn":
        return f"{device}: cuDNN goes over the windows, each of one piece"
    slow = "; cuDNN would be quicker: training.recurrence auto" if device.kind == "gpu" else ""
    return f"{device}: a loop goes over the windows{slow}"


def check_cudnn(network: Network) -> None:
    """Send a little through a network that is to use cuDNN; TrainingError where Keras cannot or will not."""
    ones = np.ones((1, 2), np.int32)
    try:
        network.call(ones, np.zeros((1, 2, 3), np.int32), ones > 0, network.initial_state(1))
    except failures() as error:
        why = " ".join(str(error).split())[:MOST_OF_A_REASON] or type(error).__name__
        raise TrainingError(f"training.recurrence: cuDNN must run here; {why}; mend that, {_OR_LOOP}") from error
