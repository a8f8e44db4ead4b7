"""The engine's side of the process that takes part in an Ableton Link session: it is never waited for."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any, cast

from musicrnn.daemon.link_peer import Report
from musicrnn.errors import ConfigError

CLOSE_SECONDS = 1.0
INSTALL_LINK_EXTRA = "in the folder of MusicRNN's source, pip install '.[link]'; with a wheel, 'FILE.whl[link]'"
MISSING = f"play.clock link needs the extra 'link', whose licence is the GPL: {INSTALL_LINK_EXTRA}"


def link_is_installed() -> bool:
    """Tell whether the package of the extra ``link`` is there, without importing it."""
    return importlib.util.find_spec("link") is not None


class LinkSession:
    """A process that takes part, with a tempo for a session that has none yet.

    ``quantum`` is a bar in quarter notes; ``starts`` tells whether starts and stops are shared. Raises ConfigError
    where the extra is missing.
    """

    def __init__(self, bpm: float, quantum: float, *, starts: bool) -> None:
        if not link_is_installed():
            raise ConfigError(MISSING)
        command = [sys.executable, "-m", "musicrnn.daemon.link_peer", f"{bpm:g}", f"{quantum:g}", str(int(starts))]
        pipe = subprocess.PIPE
        self._process = cast("Any", subprocess.Popen(command, stdin=pipe, stdout=pipe, start_new_session=True))
        self._sink = self._process.stdin.fileno()
        with contextlib.suppress(OSError, AttributeError):  # Windows, before Python 3.12
            os.set_blocking(self._sink, False)
        self._reader: threading.Thread | None = None

    def listen(self, put: Callable[[Report], None], wake: Callable[[], None]) -> None:
        """Let a thread give each report to ``put``, and call ``wake`` after it."""
        self._reader = threading.Thread(target=self._read, args=(put, wake), name="musicrnn-link", daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """The number of the process."""
        return int(self._process.pid)

    def tell(self, order: dict[str, Any]) -> None:
        """Pass an order on; one that finds no room, or nobody, is dropped."""
        with contextlib.suppress(OSError, ValueError):
            os.write(self._sink, (json.dumps(order) + "\n").encode())

    def close(self) -> None:
        """Leave the session."""
        self._process.stdin.close()
        try:
            self._process.wait(CLOSE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._reader is not None:
            self._reader.join(CLOSE_SECONDS)

    def _read(self, put: Callable[[Report], None], wake: Callable[[], None]) -> None:
        with self._process.stdout as source, contextlib.suppress(OSError, ValueError, TypeError):
            for line in source:
                put(Report(**json.loads(line)))
                wake()
