"""The model files known by name, each read and checked: those that can be used, and why the others cannot."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from musicrnn.control import MODEL_NAME
from musicrnn.errors import ModelError
from musicrnn.models.catalogue import bundled, own, shadowed
from musicrnn.models.metadata import ModelInfo
from musicrnn.models.model_file import load_checked


@dataclass(frozen=True, slots=True)
class Listing:
    """Models by name, with their files' sizes in bytes; a reason, which begins with its path, for each other file."""

    models: dict[str, tuple[ModelInfo, int]] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)


def listing() -> Listing:
    """Read the models that ship and the user's own; no file among them hides the others."""
    found = Listing()
    for name, path in {**bundled(), **own()}.items():
        try:
            found.models[name] = _checked(name, path)
        except ModelError as error:
            found.left_out.append(str(error))
    for name, path in shadowed().items():
        found.left_out.append(
            f"{path}: a model's name must not be that of a model that comes with MusicRNN, got {name}"
        )
    return found


def _checked(name: str, path: Path) -> tuple[ModelInfo, int]:
    """Return what a file says of itself, and its size.

    Raises ModelError where it cannot be used, or where `/musicrnn/model` could not name it.
    """
    if not MODEL_NAME.fullmatch(name):
        raise ModelError(f"{path}: a model's name must be 1 to 64 letters, digits, - and _, got {name!r:.80}")
    if not path.is_file():  # to open a pipe would wait for its other end
        raise ModelError(f"{path}: the model must be a file that can be read, and it is none")
    file = load_checked(path)
    return file.info, len(file.content)
