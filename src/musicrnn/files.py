"""Files written whole or not at all, and large ones in stretches."""

from __future__ import annotations

import contextlib
import io
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

STRETCH = 256 * 1024
HALVES = ".*.tmp"
FOLDER, FILE = "folder", "file"


class _InStretches(io.FileIO):
    """A file that gives a stretch at a time, whatever is asked for."""

    def readinto(self, buffer: Any) -> int | None:
        """Read a stretch at most."""
        return super().readinto(memoryview(buffer)[:STRETCH])


def named_path(text: str) -> Path:
    """Return the path that was typed: a leading ``~`` that the shell left there is the home folder."""
    return Path(os.path.expanduser(text))


def what_is_at(path: Path) -> str:
    """Return FOLDER, FILE (or anything else), or an empty text for nothing.

    Nothing, too, where that cannot be known, as in a folder that is closed or by a name that is too long: who reads or
    writes there will be told why.
    """
    try:
        return FOLDER if path.is_dir() else FILE if path.exists() else ""
    except OSError:
        return ""


def read_in_stretches(file: Path | int, most: int) -> bytes:
    """Return the first ``most`` bytes of a file, by its path or its descriptor, which stays open.

    A kernel that takes nothing away from a program inside a call (Linux with PREEMPT_NONE) keeps all others from that
    core until the call is done: 20 ms for 51 MB. A stretch takes some 0.1 ms.
    """
    with io.BufferedReader(_InStretches(file, closefd=not isinstance(file, int))) as reader:
        return reader.read(most)


def write_in_stretches(file: io.FileIO, content: bytes) -> None:
    """Write to a file without a buffer, for the sake of others as :func:`read_in_stretches` reads."""
    view = memoryview(content)
    while view:
        view = view[file.write(view[:STRETCH]) :]


def write_whole(path: Path, content: bytes) -> None:
    """Write ``content`` to ``path`` so that a reader, or a crash, never sees half of it.

    The bytes go to a temporary file in the same folder, are flushed to the disk, and take the name
    in one step. Raises OSError, which names ``path``, with nothing changed when there is no room or no permission.
    """
    with _naming(path):
        handle, temporary = _temporary(path)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(temporary, 0o644)
            os.replace(temporary, path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    _sync_folder(path.parent)


def check_writable(path: Path) -> None:
    """Raise OSError, which names ``path``, where :func:`write_whole` could not even begin."""
    with _naming(path):
        handle, temporary = _temporary(path)
        os.close(handle)
        Path(temporary).unlink()


def write_text_whole(path: Path, text: str) -> None:
    """Write ``text`` as UTF-8, whole or not at all."""
    write_whole(path, text.encode("utf-8"))


def clear_halves(folder: Path) -> None:
    """Delete what writers that were killed left of :func:`write_whole` in a folder; nobody may be writing there."""
    for half in folder.glob(HALVES):
        half.unlink(missing_ok=True)


def _temporary(path: Path) -> tuple[int, str]:
    return tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)


@contextlib.contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Let an OSError name the file that was asked for, not the temporary one."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error


def _sync_folder(folder: Path) -> None:
    """Flush the folder's own entry, where the system allows a folder to be opened."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
