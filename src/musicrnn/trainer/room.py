"""How large a network's model file is, how much memory a training step takes, and how many lanes that has room for."""

from __future__ import annotations

from dataclasses import replace

from musicrnn.config.network import NetworkSettings
from musicrnn.config.settings import Settings
from musicrnn.errors import ConfigError
from musicrnn.models.cells import CELLS
from musicrnn.models.model_file import MAX_BYTES
from musicrnn.trainer.backend import Device
from musicrnn.trainer.dataset import total
from musicrnn.trainer.display import megabytes
from musicrnn.trainer.material import Material
from musicrnn.trainer.sharing import LANES_ON_A_CPU

MOST = 512
SHARE = 0.5  # of a device's memory for a step; a quarter is for the corpus, and the rest for what nobody foresaw
STEPS_AN_EPOCH = 64  # with more lanes than LANES_ON_A_CPU
FLOAT, PITCHES = 4, 128
COPIES = 5  # of the weights: themselves, their gradients, as found and as clipped, and AdamW's two moments
LOGITS = 6  # arrays of a number a token of the vocabulary: as found, turned, masked, their softmax, and gradients
MASKS = 8  # bytes a token of the vocabulary while legal tokens are told
WASTE = 1.1  # what the allocator leaves between arrays: 400 to 480 MB were taken for 476 without it


def weights(network: NetworkSettings, tokens: int) -> int:
    """Return about how many weights a network has, its tables of factors as one with a row for each token and pitch."""
    gates, units = CELLS[network.cell].gates, network.units
    inputs = [network.embedding, *[units] * (network.layers - 1)]
    layers = sum((width + units + CELLS[network.cell].biases) * gates * units for width in inputs)
    return layers + (tokens + PITCHES) * (network.embedding + units + 1)


def check_file(network: NetworkSettings, tokens: int) -> None:
    """Raise ConfigError for a network whose model file nothing would read: it would be trained for nothing."""
    size = FLOAT * weights(network, tokens)
    if size > MAX_BYTES:
        raise ConfigError(
            f"network.layers and network.units must make a model file of at most {megabytes(MAX_BYTES)} in float32, "
            f"got {network.layers} x {network.units}, which make {megabytes(size)}"
        )


def bytes_a_token(network: NetworkSettings, tokens: int) -> int:
    """Return about what is kept for each prediction of a step until its gradients are known.

    A layer keeps, in arrays as wide as it has units: its gates before and after their bends, its state before and after
    the step, its output and what dropout left of it. One layer at a time has as much again, twice, while the way goes
    back over it. Then there are the logits, and which tokens are legal.
    """
    cell = CELLS[network.cell]
    layer = 2 * cell.gates + 2 * cell.rows + 2
    floats = (network.layers + 2) * layer * network.units + 4 * network.embedding + LOGITS * tokens
    return FLOAT * floats + MASKS * tokens


def step_bytes(network: NetworkSettings, tokens: int, lanes: int, window: int) -> int:
    """Return about how much memory a training step takes at its peak."""
    needed = COPIES * FLOAT * weights(network, tokens) + lanes * window * bytes_a_token(network, tokens)
    return round(WASTE * needed)


def with_lanes(settings: Settings, prepared: Material, device: Device, workers: int = 1) -> tuple[Settings, str]:
    """Return settings that say how many lanes, and what to say of it, nothing where they did.

    On a GPU as many, in powers of two, as half of its memory has room for, up to 512; but more than 32 only where an
    epoch still has 64 steps. On all else 32, and so with several workers, of whom each might choose otherwise.
    """
    if settings.training.lanes:
        return settings, ""
    lanes, why = LANES_ON_A_CPU, ""
    if device.kind == "gpu" and device.memory and workers == 1:
        lanes, why = _chosen(settings, prepared, device)
    return replace(settings, training=replace(settings.training, lanes=lanes)), why


def _chosen(settings: Settings, prepared: Material, device: Device) -> tuple[int, str]:
    tokens, window = prepared.vocabulary.size, settings.training.window

    def fits(lanes: int) -> bool:
        return step_bytes(settings.network, tokens, lanes, window) <= device.memory * SHARE

    length = total(prepared.train)[0]
    lanes, most = 1, MOST
    while most > LANES_ON_A_CPU and most * window * STEPS_AN_EPOCH > length:
        most //= 2
    while 2 * lanes <= most and fits(2 * lanes):
        lanes *= 2
    size = megabytes(step_bytes(settings.network, tokens, lanes, window))
    return lanes, f"{lanes} lanes, for which a step takes about {size}; {_limit(lanes, most, device)}"


def _limit(lanes: int, most: int, device: Device) -> str:
    if lanes < most:
        return f"{2 * lanes} would take more than half of the device's {megabytes(device.memory)}"
    return f"{MOST} are the most" if most == MOST else f"with more an epoch would have under {STEPS_AN_EPOCH} steps"
