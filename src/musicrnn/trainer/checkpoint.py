"""Checkpoints: whole or not at all, verified when read, without pickle.

A checkpoint is an ``.npz`` of arrays by name and a description in JSON. Its file name ends in the
first 16 hexadecimal digits of the SHA-256 of its bytes, so damage is always noticed.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from musicrnn.errors import TrainingError
from musicrnn.files import write_whole

Arrays = Mapping[str, NDArray[Any]]
_META = "description.json"
_NAME = re.compile(r"(?P<stem>.+)-(?P<digest>[0-9a-f]{16})\.npz$")
_NUMBERED = re.compile(r"(?P<kind>\D*-)(?P<number>\d+)-")


@dataclass(frozen=True, slots=True, eq=False)
class Checkpoint:
    """Arrays by name, and what they belong to."""

    arrays: Arrays
    description: dict[str, Any]


def packed(checkpoint: Checkpoint) -> bytes:
    """Return a checkpoint as the bytes of its file."""
    buffer = io.BytesIO()
    described = np.frombuffer(json.dumps(checkpoint.description).encode(), np.uint8)
    np.savez(buffer, allow_pickle=False, **{_META: described}, **checkpoint.arrays)
    return buffer.getvalue()


def unpacked(content: bytes) -> Checkpoint:
    """Return the checkpoint that :func:`packed` made these bytes of."""
    with np.load(io.BytesIO(content), allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in stored.files if name != _META}
        return Checkpoint(arrays, json.loads(bytes(stored[_META])))


def write(folder: Path, stem: str, checkpoint: Checkpoint) -> Path:
    """Write a checkpoint and return its path; OSError leaves nothing behind."""
    content = packed(checkpoint)
    path = folder / f"{stem}-{hashlib.sha256(content).hexdigest()[:16]}.npz"
    write_whole(path, content)
    return path


def read(path: Path) -> Checkpoint:
    """Read a checkpoint; TrainingError where its bytes are not those that were written."""
    match = _NAME.fullmatch(path.name)
    if match is None:
        raise TrainingError(f"{path}: must be a weights file, named NAME-CHECKSUM.npz as a run names them")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise TrainingError(f"{path}: the checkpoint cannot be read: {error.strerror}") from error
    if hashlib.sha256(content).hexdigest()[:16] != match["digest"]:
        raise TrainingError(f"{path}: the checkpoint must match the checksum in its name; it is damaged")
    try:
        return unpacked(content)
    except (ValueError, KeyError, EOFError, NotImplementedError, BadZipFile) as error:
        raise TrainingError(f"{path}: must hold plain arrays and a description, without pickle; {error}") from error


def stored(folder: Path, stem: str) -> list[Path]:
    """Return the checkpoints whose names begin with ``stem``, oldest first; two of one step as they were written."""
    return sorted((path for path in folder.glob(f"{stem}*.npz") if _NAME.fullmatch(path.name)), key=_age)


def _age(path: Path) -> tuple[str, int, int, str]:
    """Return the kind, the number of the step or epoch, and when it was written; as text 10000 is before 9999."""
    match = _NUMBERED.match(path.name)
    kind, number = (match["kind"], int(match["number"])) if match else (path.name, 0)
    return kind, number, path.stat().st_mtime_ns, path.name


def not_finite(checkpoint: Checkpoint) -> str:
    """Return the name of an array with a number that is not finite; an empty one where there is none."""
    return next((name for name, array in checkpoint.arrays.items() if not np.isfinite(array).all()), "")


def newest(folder: Path, stem: str, warn: Any) -> tuple[Path, Checkpoint] | None:
    """Return the newest checkpoint that is whole; ``warn`` is told of each damaged one that was passed over."""
    for path in reversed(stored(folder, stem)):
        try:
            return path, read(path)
        except TrainingError as error:
            warn(f"{error}; the one before it is taken")
    return None


def prune(folder: Path, stem: str, keep: int) -> None:
    """Delete all but the newest ``keep`` checkpoints of a kind."""
    for path in stored(folder, stem)[:-keep]:
        path.unlink(missing_ok=True)


def assign(variables: Mapping[str, Any], arrays: Arrays, source: str) -> None:
    """Give variables their stored values; TrainingError, with nothing changed, unless names and shapes agree."""
    missing = sorted(set(variables) - set(arrays))
    if missing:
        raise TrainingError(f"{source}: the weights must hold {', '.join(missing[:3])}; they are of another network")
    for name, variable in variables.items():
        if tuple(variable.shape) != arrays[name].shape:
            raise TrainingError(
                f"{source}: {name} must have shape {tuple(variable.shape)}, got {arrays[name].shape}; "
                "the network's size, the parts and the grid must be the same"
            )
    for name, variable in variables.items():
        variable.assign(arrays[name])
