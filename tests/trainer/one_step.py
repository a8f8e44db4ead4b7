"""What networks find and learn under the backend of this process: `python -m tests.trainer.one_step FILE` writes it."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import keras
import numpy as np

from musicrnn.config.corpus import CorpusSettings
from musicrnn.models.cells import CELLS
from musicrnn.models.grammar import Grammar
from musicrnn.models.network import Network, NetworkShape
from musicrnn.trainer import session
from musicrnn.trainer.backend import is_out_of_memory, stepper
from musicrnn.trainer.count import Windows
from musicrnn.trainer.kept import Kept
from musicrnn.trainer.lanes import Batch, Lanes
from musicrnn.trainer.material import Material, material
from musicrnn.trainer.rows import Excerpt, excerpt, rows_of, starts_of
from tests.trainer.pieces import tunes

LANES, WINDOW, STEPS = 2, 64, 4
WAYS = {"packed": ("loop", True), "apart": ("loop", False), "keras": ("layer", False)}
TRIED = [(cell, way) for cell in CELLS for way in WAYS if way == "packed" or cell != "rnn"]
WAYS |= {"kept": ("loop", True), "halved": ("loop", True), "kept halved": ("loop", True)}
TRIED += [("lstm", "kept"), ("lstm", "halved"), ("lstm", "kept halved")]
TOO_MUCH = 1 << 50


def corpus() -> Material:
    """Return a few tunes, shorter and longer than a window."""
    return material(tunes(8), CorpusSettings(ticks_per_beat=4, transpose=2))


def loud(prepared: Material, cell: str, recurrence: str) -> Network:
    """Return a network without dropout whose weights are the same under any backend, and not small."""
    network = Network(prepared.vocabulary, NetworkShape(2, 12, 8, 0.0, 0.0, 0.0, cell), recurrence=recurrence)
    rng = np.random.default_rng(3)
    for variable in network.trainable_variables:
        variable.assign(rng.standard_normal(variable.shape) * 0.3)
    return network


def batches(prepared: Material, packed: bool) -> list[Batch]:
    """Return a few windows; in ``packed`` ones a piece begins in the middle, in others a window ends early."""
    lanes = Lanes(prepared.train, Grammar(prepared.vocabulary), LANES, WINDOW, transpose=2, seed=1, packed=packed)
    return [batch for _ in range(STEPS) if (batch := lanes.next()) is not None]


def excerpts(prepared: Material) -> list[Excerpt]:
    """Return the packed windows as places in the rows of :func:`kept`."""
    lanes = Lanes(prepared.train, Grammar(prepared.vocabulary), LANES, WINDOW, transpose=2, seed=1)
    starts = starts_of([prepared.train])[0]
    return [place for _ in range(STEPS) if (place := excerpt(lanes, starts)) is not None]


def kept(prepared: Material) -> Kept:
    """Return the pieces to train on, kept on the device."""
    return Kept(rows_of([prepared.train], prepared.vocabulary), prepared.vocabulary, 2)


def found(prepared: Material, cell: str, way: str) -> Iterator[tuple[str, np.ndarray]]:
    """Yield losses, gradients, the state after and the weights after, by name."""
    recurrence, packed = WAYS[way]
    network = loud(prepared, cell, recurrence)
    windows: Sequence[Windows] = excerpts(prepared) if way.startswith("kept") else batches(prepared, packed)
    there = kept(prepared) if way.startswith("kept") else None
    learner = stepper(network, LANES, weight_decay=0.01, clip=1.0, kept=there)
    state, nats = network.initial_state(LANES), []
    for window in windows:
        some, state = learner.evaluate(window, state)
        nats.append(some)
    yield "nats", np.array(nats)
    yield "gradients", learner.gradients(windows[0])
    if way.endswith("halved"):
        learner.halve()
    yield "steps", np.array([learner.train(window, 1e-3) for window in windows])
    if packed:
        yield "carried", learner.carried.whole()
    if packed or recurrence == "layer":
        yield "disparity", np.array(learner.disparity(windows[0]))
    for name, variable in session.weight_variables(network).items():
        yield name, np.asarray(keras.ops.convert_to_tensor(variable))
    compiled = getattr(getattr(learner, "_train", None), "_cache_size", None)
    yield "compiled", np.array(compiled() if compiled and not way.endswith("halved") else 1)


def is_told_that_memory_is_short() -> bool:
    """Ask the backend for more memory than there can be; tell whether its error is taken for what it is."""
    try:
        keras.ops.convert_to_numpy(keras.ops.zeros((TOO_MUCH,)))
    except Exception as error:  # noqa: BLE001
        return is_out_of_memory(error)
    return False


def main(target: Path) -> None:
    """Write what is found with each cell, each way; a plain RNN is not for cuDNN, so Keras' layer is not tried."""
    prepared = corpus()
    arrays = {f"{cell}/{way}/{name}": array for cell, way in TRIED for name, array in found(prepared, cell, way)}
    arrays["lstm/packed/short"] = np.array(is_told_that_memory_is_short())
    np.savez(target, allow_pickle=False, **arrays)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
