"""The files that a command is to write: looked at before the work, and told in one line where they are not written."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from musicrnn.errors import ConfigError, FileNotWrittenError
from musicrnn.files import FOLDER, check_writable, what_is_at


def named_file(label: str, name: str, *endings: str) -> Path:
    """Return the file that a setting names, with the first ending where it has none.

    Raises ConfigError, which begins with ``label``, for a folder and for another ending.
    """
    path = Path(name)
    if name.endswith(("/", os.sep)) or what_is_at(path) == FOLDER:
        raise ConfigError(f"{label} must be a file, got the folder {name}")
    if path.suffix.lower() not in (*endings, ""):
        *others, last = endings
        allowed = f"{', '.join(others)} or {last}" if others else last
        raise ConfigError(f"{label} must end in {allowed}, got {name}")
    return path if path.suffix else path.with_suffix(endings[0])


def check_files(label: str, paths: Iterable[Path], *, overwrite: bool) -> None:
    """Raise ConfigError for a file that is there and may not be written over, or that could not be written."""
    for path in paths:
        there = what_is_at(path)
        if there == FOLDER:
            raise ConfigError(f"{label} must be a file, got the folder {path}")
        if there and not overwrite:
            raise ConfigError(f"{label} must be new, got {path}; name another, or allow --overwrite")
        _check_place(label, path)


def check_folder(label: str, folder: Path, names: Iterable[str], *, overwrite: bool, parents: bool = False) -> None:
    """Do as :func:`check_files` for files of a folder, which may still have to be made, with its parents if need be."""
    there = what_is_at(folder)
    if there == FOLDER:
        check_files(label, [folder / name for name in names], overwrite=overwrite)
    elif there:
        raise ConfigError(f"{label} must be a folder, got the file {folder}")
    else:
        while parents and not what_is_at(folder.parent):
            folder = folder.parent
        _check_place(label, folder)


def check_folder_of(label: str, path: Path) -> None:
    """Raise ConfigError where the folder that a file is to go into is not there."""
    if what_is_at(path.parent) != FOLDER:
        raise ConfigError(f"{label} must go into a folder that is there, got {path}")


def _check_place(label: str, path: Path) -> None:
    check_folder_of(label, path)
    try:
        check_writable(path)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise FileNotWrittenError(f"{label} must have room on its disk, got {path}: {error.strerror}") from error
        raise ConfigError(f"{label} must be where files can be written, got {path}: {error.strerror}") from error


@contextlib.contextmanager
def writing(label: str) -> Iterator[None]:
    """Turn an OSError of what writes files into a FileNotWrittenError, which names the file."""
    try:
        yield
    except OSError as error:
        named = f"{error.filename}: " if error.filename else ""
        raise FileNotWrittenError(f"the files of {label} must be writable, got {named}{error.strerror}") from error
