"""What ``training.init_from`` names, and whether it can be begun from with the settings."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from musicrnn.config.network import NetworkSettings
from musicrnn.config.settings import Settings
from musicrnn.errors import TrainingError
from musicrnn.files import FOLDER, what_is_at
from musicrnn.models.catalogue import SUFFIX, bundled, near_run
from musicrnn.models.metadata import ModelInfo
from musicrnn.models.model_check import known_values
from musicrnn.models.model_file import load_checked
from musicrnn.models.onnx_graph import read_graph
from musicrnn.models.step_reader import ReadWeights, read_weights
from musicrnn.models.vocabulary import Vocabulary

if TYPE_CHECKING:
    from musicrnn.models.network import NetworkShape


def beginning_of(name: str) -> Path:
    """Return the file or the folder to begin from; TrainingError where there is none of that name.

    A bundled model goes by its name alone; a folder hides it only where that is a run's.
    """
    path = Path(name)
    there, is_bundled = what_is_at(path), name in bundled()
    if there and not (is_bundled and there == FOLDER and not what_is_at(path / "checkpoints")):
        return path
    if is_bundled:
        return bundled()[name]
    raise TrainingError(
        f"training.init_from must be a run's folder, a weights file, a model file or one of {', '.join(bundled())}, "
        f"got {name}{near_run(path)}"
    )


def check_beginning(settings: Settings) -> None:
    """Raise TrainingError, with all that differs, where the settings alone tell that a model file cannot be begun from.

    Of a bundled model the recipe is named that has what it needs. Of a run's weights nothing is told before the corpus
    is read.
    """
    name = settings.training.init_from
    path = beginning_of(name)
    if path.suffix != SUFFIX:
        return
    info, weights = opened(path)
    others = differences(info, weights, settings.network, settings.corpus.ticks_per_beat)
    parts = [part.name for part in settings.corpus.parts]
    if parts and not set(parts) & {part.name for part in info.vocabulary.parts}:
        others.append(no_part_of(info.vocabulary, parts))
    if others:
        raise TrainingError(f"training.init_from {name}: {'; '.join(others)}{_recipe(path)}")


def _recipe(path: Path) -> str:
    """Return which recipe has what a bundled model needs; nothing for another file."""
    if path not in bundled().values():
        return ""
    return (
        f"; --config recipes/{path.stem}.toml, of MusicRNN's source, has all of that: say --name, --source and "
        "--licence of your own music with it"
    )


def opened(path: Path) -> tuple[ModelInfo, ReadWeights]:
    """Return what a model file says of itself, and its weights; TrainingError where they are not an LSTM's."""
    file = load_checked(path)
    info, graph = file.info, read_graph(file.content)
    weights = read_weights(graph, info, known_values(graph, info))
    if weights is None:
        raise TrainingError(f"{path}: to begin from it a model must be an LSTM as musicrnn export writes it")
    return info, weights


def differences(info: ModelInfo, weights: ReadWeights, sizes: NetworkSettings | NetworkShape, grid: int) -> list[str]:
    """Return in what a network that is to begin with a model's weights differs from it, in words."""
    pairs = (
        ("cell", info.cell, sizes.cell),
        ("layers", info.layers, sizes.layers),
        ("units", info.units, sizes.units),
        ("embedding", weights.tables[0].shape[1], sizes.embedding),
        ("ticks_per_beat", info.vocabulary.ticks_per_beat, grid),
    )
    return [f"{name} must be {wanted} as in the model, got {found}" for name, wanted, found in pairs if wanted != found]


def no_part_of(vocabulary: Vocabulary, parts: Iterable[str]) -> str:
    """Say what is wrong with parts none of which a model knows by its name."""
    known = ", ".join(part.name for part in vocabulary.parts)
    named = ", ".join(parts)
    return f"a part must have the name of one of the model's ({known}), got {named}; [[corpus.parts]] names them"
