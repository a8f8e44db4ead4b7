"""The last bars and takes, kept on request: written as MIDI files by a thread of its own."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Protocol

from musicrnn.errors import ControlError
from musicrnn.models.score import Score

ROOM = 8
LATELY = 32
PATIENCE_SECONDS = 1.0
KINDS = {"kept": "the last bars", "take": "a take"}
Refuse = Callable[[str], None]


class Music(Protocol):
    """What becomes a score wherever there is time for it."""

    def score(self) -> Score:
        """Return it as a score."""
        ...


class Keepsakes(Protocol):
    """Writes what is to be kept, in its own time."""

    @property
    def lately(self) -> tuple[str, ...]:
        """The files written last, the newest last."""
        ...

    def check(self) -> None:
        """Raise ControlError where nothing is written."""
        ...

    def keep(self, music: Music, refuse: Refuse, kind: str = "kept") -> None:
        """Take music to be written, ``kind`` before the time of day in its name; ControlError where it cannot be."""
        ...


class NoKeepsakes:
    """Where nothing is recorded."""

    lately = ()

    def keep(self, music: Music, refuse: Refuse, kind: str = "kept") -> None:
        """Refuse."""
        del music, refuse, kind
        self.check()

    def check(self) -> None:
        """Refuse."""
        raise ControlError("bars are kept in the folder of recordings, got a session without recording")


class KeepsakeFiles:
    """Writes bars into a folder, each under its kind and the time of day; such files are never deleted."""

    def __init__(self, folder: Path, notify: Callable[[], None]) -> None:
        self._written: list[str] = []
        self._closing = False
        self._folder = folder
        self._notify = notify
        self._queue: queue.Queue[tuple[Music, Refuse, str] | None] = queue.Queue(ROOM)
        self._thread = threading.Thread(target=self._write_all, name="musicrnn-keep", daemon=True)
        self._thread.start()

    @property
    def lately(self) -> tuple[str, ...]:
        """The files written last, the newest last; as many as are written between two updates of the stream."""
        return tuple(self._written[-LATELY:])

    @property
    def writing(self) -> bool:
        """Whether something may still be written."""
        return self._thread.is_alive()

    def since(self, last: str) -> list[str]:
        """Return the files that were written after that one."""
        return self._written[self._written.index(last) + 1 :] if last in self._written else list(self._written)

    def check(self) -> None:
        """Raise nothing: there is a folder."""

    def keep(self, music: Music, refuse: Refuse, kind: str = "kept") -> None:
        """Take music to be written; ControlError where too much waits."""
        try:
            self._queue.put_nowait((music, refuse, kind))
        except queue.Full:
            raise ControlError(f"at most {ROOM} files must wait to be written, got another") from None

    def close(self, say: Callable[[str], None] = lambda _: None) -> None:
        """Write what waits, however long that takes, and say so where it takes long; the second time do nothing."""
        if self._closing:
            return
        self._closing = True
        self._queue.put(None)
        self._thread.join(timeout=PATIENCE_SECONDS)
        if self._thread.is_alive():
            say(f"Writing what is to be kept into {self._folder} ...")
            self._thread.join()

    def _write_all(self) -> None:
        while (waiting := self._queue.get()) is not None:
            music, refuse, kind = waiting
            try:
                self._written.append(str(self._write(music, kind)))
                self._notify()
            except OSError as error:
                refuse(f"{KINDS[kind]} must be written to {self._folder}, got: {error.strerror}")
            except Exception as error:  # noqa: BLE001  what is asked for after it is to be written
                refuse(f"{KINDS[kind]} must be a score, got: {error!r}")

    def _write(self, music: Music, kind: str) -> Path:
        from musicrnn.models.midi_write import write_midi

        stamp = f"{kind}-{datetime.now().astimezone():%Y-%m-%d-%H%M%S-%f}"
        path = self._folder / f"{stamp}.mid"
        self._folder.mkdir(parents=True, exist_ok=True)
        write_midi(music.score(), path)
        return path
