"""What goes over a window: our own loop, or on a GPU Keras' layer by cuDNN; never one in silence for the other."""

from __future__ import annotations

import numpy as np

from musicrnn.config.network import NetworkSettings
from musicrnn.config.training import TrainingSettings
from musicrnn.errors import TrainingError
from musicrnn.models.network import Network
from musicrnn.trainer.agreement import Agreement, with_the_loop
from musicrnn.trainer.backend import Device, failures, reason
from musicrnn.trainer.lanes import Batch

MOST_APART = 1e-4
_OR_LOOP = "or training.recurrence loop, which is slow on a GPU"
_OR_FLOAT = "train with float32"


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
        ("training.windows", training.windows, ("full",)),
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


def check_cudnn(network: Network, batch: Batch, half: bool = False) -> str:
    """Return what to say of a network that is to use cuDNN, after a first try and a comparison with the loop.

    TrainingError where Keras cannot or will not use cuDNN, with ``half`` in bfloat16 either; and where what it finds
    in a batch is not what the loop finds.
    """
    _try(network, half=False, refusal=f"training.recurrence: cuDNN must run here; {{}}; mend that, {_OR_LOOP}")
    if half:
        _try(network, half=True, refusal=f"training.precision bfloat16: cuDNN must run in it here; {{}}; {_OR_FLOAT}")
    return agreement_told(with_the_loop(network, batch))


def _try(network: Network, *, half: bool, refusal: str) -> None:
    ones = np.ones((1, 2), np.int32)
    try:
        network.call(ones, np.zeros((1, 2, 3), np.int32), ones > 0, network.initial_state(1), half=half)
    except failures() as error:
        raise TrainingError(refusal.format(reason(error))) from error


def agreement_told(found: Agreement) -> str:
    """Return how far cuDNN and the loop agree; TrainingError where that is not enough."""
    if not (found.outputs <= MOST_APART and found.gradients <= MOST_APART):
        raise TrainingError(
            f"training.recurrence: cuDNN must give logits and gradients within {MOST_APART:g} of the loop's, got "
            f"{found.outputs:.2g} and {found.gradients:.2g} (1 less the cosine); mend that, {_OR_LOOP}"
        )
    return (
        f"cuDNN agrees with the loop: logits are within {found.outputs:.1g}, gradients within {found.gradients:.1g} "
        "(1 less the cosine)"
    )
