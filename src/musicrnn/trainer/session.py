"""All that a run must keep to go on exactly: weights, optimiser, place in the data, and what was best."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from musicrnn.errors import CorpusError, RunFolderError, TrainingError
from musicrnn.files import FILE, what_is_at
from musicrnn.models.catalogue import SUFFIX, near_run
from musicrnn.models.metadata import ModelInfo
from musicrnn.models.network import Network, NetworkShape
from musicrnn.models.vocabulary import Vocabulary, pitch_name
from musicrnn.models.weights import StepWeights
from musicrnn.trainer import checkpoint
from musicrnn.trainer.beginning import beginning_of
from musicrnn.trainer.checkpoint import Checkpoint
from musicrnn.trainer.count import Count, Stepping
from musicrnn.trainer.from_model import take_model
from musicrnn.trainer.lanes import Lanes

OF_EPOCH, OF_MODEL = "info", "model"
KERAS_FILES = (".keras", ".h5", ".hdf5")


def weight_variables(network: Network) -> dict[str, Any]:
    """Return the network's trained variables by name."""
    return {f"network/{variable.path}": variable for variable in network.trainable_variables}


def _all_variables(stepper: Stepping) -> dict[str, Any]:
    optimizer = {f"optimizer/{i}": variable for i, variable in enumerate(stepper.optimizer.variables)}
    seed = {"seed": stepper.network.seed_generator.state}
    return {**weight_variables(stepper.network), **optimizer, **seed}


def state_of(stepper: Stepping, carried: np.ndarray, lanes: Lanes, count: Count, facts: dict[str, Any]) -> Checkpoint:
    """Return a checkpoint from which :func:`take_up` goes on exactly; ``carried`` is the state of all lanes."""
    arrays = {name: np.asarray(variable) for name, variable in _all_variables(stepper).items()}
    arrays["carried"] = carried
    return Checkpoint(arrays, {"count": asdict(count), "lanes": lanes.position(), "facts": facts})


def save(folder: Path, state: Checkpoint, keep: int) -> Path:
    """Write a checkpoint of :func:`state_of`, and delete old ones."""
    path = checkpoint.write(folder, f"step-{state.description['count']['step']:08}", state)
    checkpoint.prune(folder, "step-", keep)
    return path


def newest(folder: Path, warn: Callable[[str], None]) -> tuple[Path, Checkpoint]:
    """Return the newest whole checkpoint of a run; RunFolderError where there is none."""
    found = checkpoint.newest(folder, "step-", warn)
    if found is None:
        raise RunFolderError(f"{folder}: a run to resume must have a whole checkpoint, found none")
    return found


def take_up(stored: Checkpoint, source: str, stepper: Stepping, lanes: Lanes, facts: dict[str, Any]) -> Count:
    """Go on from a checkpoint; with nothing changed, CorpusError where it is of other data, TrainingError of others."""
    for name, value in facts.items():
        if stored.description["facts"].get(name) != value:
            kind = CorpusError if name == "corpus" else TrainingError
            raise kind(
                f"{source}: to go on exactly the {name} must be the same as before; use --init-from for a new run"
            )
    checkpoint.assign({**_all_variables(stepper), "carried": stepper.carried}, stored.arrays, source)
    lanes.go_to(stored.description["lanes"])
    return Count(**stored.description["count"])


def save_weights(folder: Path, stem: str, network: Network, info: ModelInfo) -> Path:
    """Write the weights alone, with what is needed to build the network again."""
    arrays = {name: np.asarray(variable) for name, variable in weight_variables(network).items()}
    description = {"shape": asdict(network.shape), OF_EPOCH: info.to_json()}
    return checkpoint.write(folder, stem, Checkpoint(arrays, description))


def weights_path(source: Path) -> Path:
    """Return the weights file that a path names: the file itself, or a run folder's best."""
    if source.suffix == ".onnx":
        raise RunFolderError(f"{source}: must be a run's folder or a weights file in it; a model file is for playing")
    if source.suffix in KERAS_FILES:
        raise RunFolderError(
            f"{source}: must be a run's folder or a weights file in it; a file of Keras can hold code that runs when "
            "it is loaded, and is never loaded"
        )
    if what_is_at(source) == FILE:
        return source
    folder = source / "checkpoints"
    for stem in ("best-", "epoch-") if what_is_at(folder) else ():
        found = checkpoint.stored(folder, stem)
        if found:
            return found[-1]
    near = near_run(source)
    raise RunFolderError(f"{source}: must be a weights file or the folder of a run with weights in it{near}")


def load_network(source: Path, *, as_model: bool = False) -> tuple[Network, ModelInfo]:
    """Build the network that a run folder or a weights file holds; return it with what its epoch says of it.

    With ``as_model`` that is what the run's model file says, once the training has come to its end.
    """
    path = weights_path(source)
    stored = checkpoint.read(path)
    try:
        shape = NetworkShape(**stored.description["shape"])
        of = OF_MODEL if as_model and OF_MODEL in stored.description else OF_EPOCH
        info = ModelInfo.from_json(stored.description[of], str(path))
    except (KeyError, TypeError) as error:
        raise TrainingError(f"{path}: must hold a network's weights, got a file without {error}") from error
    network = Network(info.vocabulary, shape)
    checkpoint.assign(weight_variables(network), stored.arrays, str(path))
    return network, info


def load_step_weights(source: Path) -> tuple[StepWeights, ModelInfo]:
    """Return the weights of a run folder or a weights file in the form of a step, and what they are."""
    network, info = load_network(source)
    return network.step_weights(), info


def begin_from(network: Network, source: str) -> str:
    """Give a new network the weights of a run, a weights file, a model file or a bundled model; return which, in words.

    Raises TrainingError unless there is one and the shapes agree, and for a run's the meanings of all tokens.
    """
    path = beginning_of(source)
    if path.suffix == SUFFIX:
        return str(take_model(network, path))
    init_from(network, path)
    return str(path)


def init_from(network: Network, source: Path) -> ModelInfo:
    """Give a network a run's weights, and return what their epoch says of them.

    Raises TrainingError unless shapes and the meanings of tokens agree.
    """
    path = weights_path(source)
    stored = checkpoint.read(path)
    info = stored.description.get(OF_EPOCH)
    if not isinstance(info, str):
        raise TrainingError(f"{path}: must hold a network's weights, got a file without their vocabulary")
    found = ModelInfo.from_json(info, str(path))
    _check_tokens(network.vocabulary, found.vocabulary, str(path))
    checkpoint.assign(weight_variables(network), stored.arrays, str(path))
    return found


def _check_tokens(wanted: Vocabulary, stored: Vocabulary, source: str) -> None:
    """Refuse weights of as many tokens with other meanings; of other numbers of tokens the shapes tell."""
    pairs = [(getattr(wanted, name), getattr(stored, name)) for name in ("kind", "part", "pitch")]
    if stored.size == wanted.size and not all((mine == theirs).all() for mine, theirs in pairs):
        raise TrainingError(
            f"{source}: the tokens must mean the same as those of the corpus, got parts {_ranges(stored)} "
            f"for {_ranges(wanted)}; low and high of [[corpus.parts]] set the ranges"
        )


def _ranges(vocabulary: Vocabulary) -> str:
    return ", ".join(f"{part.name} {pitch_name(part.low)}..{pitch_name(part.high)}" for part in vocabulary.parts)
