"""Models by name: those that ship, the user's own, the untrained one, and files."""

from __future__ import annotations

import difflib
import glob
import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from musicrnn.config.folders import models_folder
from musicrnn.errors import ModelError
from musicrnn.files import named_path, what_is_at
from musicrnn.models.untrained import NAME as UNTRAINED

FOLDER = Path(__file__).parent / "pretrained"
SUFFIX = ".onnx"
FILE_IN_RUN = "model.onnx"
RUNS = Path("runs")  # where trainings leave them unless told otherwise
SEAL_SIZE = 64
_NONE: Mapping[str, Path] = MappingProxyType({})


def bundled() -> dict[str, Path]:
    """Return the files of the models that ship, by name."""
    return _in(FOLDER)


def own() -> dict[str, Path]:
    """Return the files in the user's folder of models, by name, but for those of the names that come with this."""
    taken = {*bundled(), UNTRAINED}
    return {name: path for name, path in _in(models_folder()).items() if name not in taken}


def shadowed() -> dict[str, Path]:
    """Return the files in the user's folder of models that a model which ships, or the untrained one, hides."""
    taken = {*bundled(), UNTRAINED}
    return {name: path for name, path in _in(models_folder()).items() if name in taken}


def _in(folder: Path) -> dict[str, Path]:
    found = folder.glob(f"*{SUFFIX}") if what_is_at(folder) else ()
    return {path.stem: path for path in sorted(found)}


def names() -> list[str]:
    """Return every name that :func:`~musicrnn.models.onnx_step.load_model` knows."""
    return [*bundled(), *own(), UNTRAINED]


def named(name: str, files: Mapping[str, Path] = _NONE) -> Path:
    """Return the file of a model that ships, is the user's own or among ``files``, which come first, by name alone.

    Raises ModelError where there is none.
    """
    known = {**bundled(), **own(), **files}
    if name not in known:
        there = ", ".join(dict.fromkeys([*names(), *files]))
        raise ModelError(
            f"a model must be one of {there}, got {name!r}{_near(name)}; a file copied into the folder "
            f"{models_folder()} becomes one"
        )
    return known[name]


def sealed(name: str, digest: str) -> Path:
    """Return the file with that seal among those known by name, whatever it is called now.

    Raises ModelError where there is none; that its content is what the seal says is for its reader to check.
    """
    known = {**bundled(), **own()}
    first = [known[name]] if name in known else []
    for path in [*first, *known.values()]:
        if _seal_of(path) == digest:
            return path
    there = "another of that name is there" if first else f"there is none of that name in {models_folder()}"
    raise ModelError(f"the model {name} must be the one with the seal {digest[:12]}…, and {there}")


def _seal_of(path: Path) -> str:
    """Return the seal at the end of a model file, unchecked."""
    try:
        with path.open("rb") as file:
            file.seek(-SEAL_SIZE, os.SEEK_END)
            return file.read().decode("ascii", "replace")
    except OSError:
        return ""


def find_model(name: str) -> Path:
    """Return the file of a model's name, a model file, or a training run's folder.

    Raises ModelError with the nearest known names where there is none.
    """
    known = {**bundled(), **own()}
    if name in known:
        return known[name]
    path = named_path(name)
    try:
        if name and path.is_dir():
            path = _in_run(path)
        if path.is_file():
            return path
    except OSError as error:
        raise ModelError(f"{path}: the model must be a file that can be read: {error.strerror}") from error
    if path.suffix == SUFFIX or path.name != name:
        raise ModelError(f"{path}: the model must be a file that can be read, and there is none{near_run(path)}")
    raise ModelError(
        f"a model must be one of {', '.join(names())} or a path, got {name!r}{near_run(path) or _near(name)}"
    )


def near_run(path: Path, within: str = FILE_IN_RUN) -> str:
    """Return the newest run whose folder is called as a path, or as one in `runs`, and then its date, as a question.

    What is ``within`` a run must be there; '' without one.
    """
    for near in (path, RUNS / path):
        beside = near.parent.glob(f"{glob.escape(near.name)}-*") if what_is_at(near.parent) else ()
        runs = sorted(run for run in beside if (run / within).exists())
        if runs:
            return f"; did you mean {runs[-1]}?"
    return ""


def _in_run(folder: Path) -> Path:
    if not (folder / FILE_IN_RUN).is_file():
        raise ModelError(f"{folder}: a folder must be that of a training run, with {FILE_IN_RUN} in it, to be played")
    return folder / FILE_IN_RUN


def _near(name: str) -> str:
    by_lower = {known.lower(): known for known in names()}
    near = difflib.get_close_matches(name.lower(), by_lower, n=3, cutoff=0.5)
    return f"; did you mean {' or '.join(by_lower[found] for found in near)}?" if near else ""
