"""Noticing that an existing port has gone: most systems take messages for it as if nothing had happened."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from typing import Protocol

SECONDS = 0.2


class Names(Protocol):
    """Lists ports."""

    def __call__(self) -> list[str]:
        """Return the names as they are now."""
        ...

    def close(self) -> None:
        """End listing."""
        ...


class PortWatch:
    """Looks five times a second, in a thread of its own, whether we are connected to a port, or else if it is listed.

    ``connected`` tells the former, None where the system does not: a device may be back under its name before anybody
    has looked.
    """

    def __init__(
        self,
        name: str,
        names: Callable[[], Names],
        connected: Callable[[], bool | None] = lambda: None,
        seconds: float = SECONDS,
    ) -> None:
        self.gone = False
        self._name = name
        self._names = names
        self._connected = connected
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
                with contextlib.suppress(Exception):  # the next look tells
                    self.gone = self._is_gone(names)
        finally:
            names.close()

    def _is_gone(self, names: Names) -> bool:
        connected = self._connected()
        return self._name not in names() if connected is None else not connected
