"""The session log as it is written: by a thread of its own, so that no disk holds the music up."""

from __future__ import annotations

import contextlib
import os
import queue
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from musicrnn.daemon.session import Entry, entry_line

ROOM = 4096


class Journal:
    """Appends entries to a log; after each bar they are on the disk, whatever happens to the program then.

    Until it is closed others see that by `is_being_written`.
    Where the disk is full or gone it gives up and says so in ``problem``; the music goes on.
    """

    def __init__(self, path: Path, header: bytes) -> None:
        """Begin the file, which must not be there yet. Raises OSError, and leaves no file of its own behind."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self.problem = ""
        self._file = path.open("xb", buffering=0)
        _lock(self._file)
        try:
            self._put(header)
        except OSError:
            self._file.close()
            path.unlink(missing_ok=True)
            raise
        self._queue: queue.Queue[tuple[Entry, ...] | None] = queue.Queue(ROOM)
        self._thread = threading.Thread(target=self._write_all, name="musicrnn-journal", daemon=True)
        self._thread.start()

    def add(self, entries: Sequence[Entry]) -> None:
        """Take entries to be written; never waits."""
        if not entries:
            return
        try:
            self._queue.put_nowait(tuple(entries))
        except queue.Full:
            self.problem = "the session log is incomplete: the disk is too slow"

    def close(self, seconds: float = 5.0) -> None:
        """Write what waits, for so many seconds at most."""
        try:
            self._queue.put(None, timeout=seconds)
        except queue.Full:
            return
        self._thread.join(timeout=seconds)

    def _write_all(self) -> None:
        with self._file:
            while (entries := self._queue.get()) is not None:
                if not self.problem:
                    self._write(entries)
            if not self.problem:
                self._flush()

    def _write(self, entries: tuple[Entry, ...]) -> None:
        try:
            self._put(b"".join(entry_line(entry) for entry in entries))
            if any(entry["do"] == "bar" for entry in entries):
                os.fsync(self._file.fileno())
        except OSError as error:
            self.problem = f"the session log is incomplete: {error.strerror}"

    def _put(self, data: bytes) -> None:
        """Write all of it: an unbuffered file may take less at once."""
        rest = memoryview(data)
        while rest:
            rest = rest[self._file.write(rest) :]

    def _flush(self) -> None:
        try:
            os.fsync(self._file.fileno())
        except OSError as error:
            self.problem = f"the session log is incomplete: {error.strerror}"


def is_being_written(path: Path) -> bool:
    """Tell whether a daemon that lives writes a log; on Windows never, as nobody can delete it there while one does."""
    if sys.platform == "win32":
        return False
    import fcntl

    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:  # a disk without locks
        return False
    return False


def _lock(file: BinaryIO) -> None:
    """Take a lock, which the system gives back when the process ends; do without on a disk that has none."""
    if sys.platform != "win32":
        import fcntl

        with contextlib.suppress(OSError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
