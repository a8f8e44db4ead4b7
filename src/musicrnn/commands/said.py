"""What another process says, while the terminal is somebody else's."""

from __future__ import annotations

import re
import subprocess
import threading
from collections.abc import Iterable

READY = "Ctrl-C stops."
LISTENS = re.compile(r"OSC +(\S+) port (\d+)")


class Said:
    """The lines that the daemon says: kept while the UI has the terminal, printed from then on."""

    def __init__(self, music: subprocess.Popen[str]) -> None:
        self._music = music
        self._kept: list[str] = []
        self._printing = False
        self._lock = threading.Lock()
        self._reader = threading.Thread(target=self._read, name="musicrnn-said", daemon=True)

    def until_ready(self) -> tuple[str, str] | None:
        """Return the address and port of OSC once the daemon is ready; None where it has ended."""
        found = None
        for line in self._lines():
            self.add(line.rstrip("\n"))
            found = found or LISTENS.match(line)
            if line.startswith(READY):
                break
        else:
            found = None
        self._reader.start()
        return (found[1], found[2]) if found else None

    def add(self, line: str) -> None:
        """Keep a line, or print it."""
        with self._lock:
            self._kept.append(line)
            if self._printing:
                self._flush()

    def print_all(self) -> None:
        """Print what was kept, and from now on each line as it comes, to the end."""
        with self._lock:
            self._printing = True
            self._flush()
        self._reader.join()

    def _flush(self) -> None:
        for line in self._kept:
            print(line, flush=True)
        self._kept.clear()

    def _read(self) -> None:
        for line in self._lines():
            self.add(line.rstrip("\n"))

    def _lines(self) -> Iterable[str]:
        return self._music.stdout or ()
