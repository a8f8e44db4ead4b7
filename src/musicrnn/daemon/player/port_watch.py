"""Noticing that an existing port has gone: most systems take messages for it as if nothing had happened."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol

SECONDS = 1.0


class Names(Protocol):
    """Lists ports."""

    def __call__(self) -> list[str]:
        """Return the names as they are now."""
        ...

    def close(self) -> None:
        """End listing."""
        ...


class PortWatch:
    """Looks once a second, in a thread of its own, whether a port is still listed."""

    def __init__(self, name: str, names: Callable[[], Names], seconds: float = SECONDS) -> None:
        self.gone = False
        self._name = name
        self._names = names
        self._seconds = seconds
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="musicrnn-watch", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Look no more."""
        self._closing.set()
        self._thread.join(timeout=5.0)

    def _watch(self) -> None:
        names = self._names()
        try:
            while not (self.gone or self._closing.wait(self._seconds)):
                self.gone = self._name not in names()
        finally:
            names.close()
