"""The last bars, kept on request: written as MIDI files by a thread of its own."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Protocol

from musicrnn.daemon.recording import Excerpt
from musicrnn.errors import ControlError

ROOM = 8
Refuse = Callable[[str], None]


class Keepsakes(Protocol):
    """Writes what is to be kept, in its own time; ``last`` is the file written last."""

    last: str

    def keep(self, excerpt: Excerpt, refuse: Refuse) -> None:
        """Take bars to be written; ControlError where it cannot be."""
        ...


class NoKeepsakes:
    """Where nothing is recorded."""

    last = ""

    def keep(self, excerpt: Excerpt, refuse: Refuse) -> None:
        """Refuse."""
        del excerpt, refuse
        raise ControlError("bars are kept in the folder of recordings, got a session without recording")


class KeepsakeFiles:
    """Writes bars into a folder, each under the time of day and ``kept``; such files are never deleted."""

    def __init__(self, folder: Path, notify: Callable[[], None]) -> None:
        self.last = ""
        self._folder = folder
        self._notify = notify
        self._queue: queue.Queue[tuple[Excerpt, Refuse] | None] = queue.Queue(ROOM)
        self._thread = threading.Thread(target=self._write_all, name="musicrnn-keep", daemon=True)
        self._thread.start()

    def keep(self, excerpt: Excerpt, refuse: Refuse) -> None:
        """Take bars to be written; ControlError where too many wait."""
        try:
            self._queue.put_nowait((excerpt, refuse))
        except queue.Full:
            raise ControlError(f"at most {ROOM} excerpts must wait to be written, got another") from None

    def close(self, seconds: float = 5.0) -> None:
        """Write what waits, for so many seconds at most."""
        try:
            self._queue.put(None, timeout=seconds)
        except queue.Full:
            return
        self._thread.join(timeout=seconds)

    def _write_all(self) -> None:
        while (waiting := self._queue.get()) is not None:
            excerpt, refuse = waiting
            try:
                self.last = str(self._write(excerpt))
                self._notify()
            except OSError as error:
                refuse(f"the last bars must be written to {self._folder}, got: {error.strerror}")

    def _write(self, excerpt: Excerpt) -> Path:
        from musicrnn.models.midi_write import write_midi

        stamp = f"kept-{datetime.now().astimezone():%Y-%m-%d-%H%M%S-%f}"
        path = self._folder / f"{stamp}.mid"
        write_midi(excerpt.score(), path)
        return path
