"""One daemon a port: a second one under the same name would be mistaken for the first."""

from __future__ import annotations

import os
import re
import sys
import tempfile
from pathlib import Path
from typing import IO

from musicrnn.errors import PortError


def runtime_folder() -> Path:
    """Return the folder of what lives as long as the user's session."""
    given = os.environ.get("XDG_RUNTIME_DIR", "")
    if os.path.isabs(given) and os.access(given, os.W_OK):
        return Path(given)
    user = os.environ.get("USERNAME", "") if os.name == "nt" else str(os.getuid())
    return Path(tempfile.gettempdir()) / f"musicrnn-{user}"


class Instance:
    """Holds the name of a port for this process, until it is released or the process ends in whatever way."""

    def __init__(self, port: str, folder: Path | None = None) -> None:
        """Take the name. Raises PortError, with the other's process number, where it is taken."""
        folder = runtime_folder() if folder is None else folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.path = folder / f"musicrnn-{re.sub(r'[^A-Za-z0-9]+', '-', port).lower()}.lock"
        self._file: IO[str] = _open(self.path)
        if not _lock(self._file):
            holder = _holder(self._file)
            self._file.close()
            raise PortError(
                f"port {port} is played already by another musicrnn-daemon (process {holder}): end that one, "
                "or give this one another name with --virtual-port"
            )
        self._file.seek(0)
        self._file.truncate()
        self._file.write(f"{os.getpid()}\n")
        self._file.flush()

    def release(self) -> None:
        """Give the name back."""
        self._file.close()


def _holder(file: IO[str]) -> str:
    """Return the process number that the other wrote, read by itself: on Windows nobody reads on to the locked byte."""
    os.lseek(file.fileno(), 0, os.SEEK_SET)
    return os.read(file.fileno(), 20).decode("ascii", "replace").strip() or "unknown"


def _open(path: Path) -> IO[str]:
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
    try:
        return os.fdopen(os.open(path, flags, 0o600), "r+", encoding="ascii", errors="replace")
    except OSError as error:
        raise PortError(f"{path} must be a file of ours, got: {error.strerror}") from error


def _lock(file: IO[str]) -> bool:
    """Take the lock, which the system gives back when the process ends; False where another has it."""
    try:
        if sys.platform == "win32":
            import msvcrt

            file.seek(64)  # a byte beyond what is written, so that others can read the process number
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
            file.seek(0)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
