"""The file in which the map of MIDI controllers is kept."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path

from musicrnn.daemon.midi_map import MidiMap, read_map
from musicrnn.errors import ConfigError
from musicrnn.files import write_text_whole

MAX_BYTES = 2**20


def load_map(path: Path) -> MidiMap:
    """Read a map, an empty one where there is no file. Raises ConfigError for what is no map, or cannot be read."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ConfigError(f"{path}: a map must have at most {MAX_BYTES} bytes, got {path.stat().st_size}")
        return read_map(path.read_text(encoding="utf-8"), str(path))
    except FileNotFoundError:
        return MidiMap()
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: a map of MIDI controllers must be UTF-8 text, got: {error}") from error
    except OSError as error:
        raise ConfigError(f"{path}: a map of MIDI controllers must be readable, got: {error.strerror}") from error


def _in_a_thread(job: Callable[[], None]) -> None:
    threading.Thread(target=job, name="musicrnn-map").start()


class MapFile:
    """Writes a map whenever it has changed, in a thread that lives no longer than that.

    Each change is made to what the file holds then, so that two daemons may share it; ``known`` is the text of the map
    before the first one. Where there is no file, or a damaged one, the whole map is written. ``start`` starts a thread.
    """

    def __init__(
        self,
        path: Path,
        say: Callable[[str], None],
        known: str = "",
        start: Callable[[Callable[[], None]], None] = _in_a_thread,
    ) -> None:
        self._path = path
        self._say = say
        self._known = known or MidiMap().text()
        self._start = start
        self._waiting: deque[str] = deque()
        self._lock = threading.Lock()

    def save(self, text: str) -> None:
        """Take a map's text to be written; never waits."""
        self._waiting.append(text)
        self._start(self._write)

    def _write(self) -> None:
        """Write the oldest that waits: of two threads either may come first."""
        with self._lock:
            text = self._waiting.popleft()
            try:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                write_text_whole(self._path, self._with_what_is_there(text))
                self._known = text
            except OSError as error:
                self._say(f"the map of MIDI controllers must be written to {self._path}, got: {error.strerror}")
            except ConfigError as error:
                self._say(f"{self._path}: {error}; the change is not kept")

    def _with_what_is_there(self, text: str) -> str:
        try:
            there = load_map(self._path) if self._path.exists() else None
        except ConfigError:
            there = None
        if there is None:
            return text
        return there.changed(read_map(self._known, "before"), read_map(text, "after")).text()
