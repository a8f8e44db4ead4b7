"""What ``training.init_from`` names."""

from __future__ import annotations

from pathlib import Path

from musicrnn.errors import TrainingError
from musicrnn.files import FOLDER, what_is_at
from musicrnn.models.catalogue import bundled, near_run


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
