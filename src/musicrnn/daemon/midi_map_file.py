"""The file in which the map of MIDI controllers is kept."""

from __future__ import annotations

import threading
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


class MapFile:
    """Writes a map whenever it has changed, in a thread that lives no longer than that."""

    def __init__(self, path: Path, say: Callable[[str], None]) -> None:
        self._path = path
        self._say = say
        self._lock = threading.Lock()

    def save(self, text: str) -> None:
        """Take a map's text to be written; never waits."""
        threading.Thread(target=self._write, args=(text,), name="musicrnn-map").start()

    def _write(self, text: str) -> None:
        with self._lock:
            try:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                write_text_whole(self._path, text)
            except OSError as error:
                self._say(f"the map of MIDI controllers must be written to {self._path}, got: {error.strerror}")
