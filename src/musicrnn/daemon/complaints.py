"""Why MIDI controllers were refused, on its way to whoever plays by hand: a controller cannot be answered."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from functools import partial

from musicrnn.control import Command, Set
from musicrnn.daemon.display import note

APART_SECONDS = 1.0


class Complaints:
    """Reasons that wait to be said in the status, one a second, so that each is seen.

    A knob that is turned is refused at each step: of each thing that was asked for only the latest reason waits.
    ``notify`` is called where one waits that is to be said; reasons may come from any thread.
    """

    def __init__(self, notify: Callable[[], None]) -> None:
        self._notify = notify
        self._waiting: dict[tuple[str, ...], str] = {}
        self._lock = threading.Lock()
        self._next = -math.inf
        self._over = False

    def refuser(self, command: Command) -> Callable[[str], None]:
        """Return what takes the reason for which a command is refused."""
        kind = type(command).__name__
        return partial(self._take, (kind, command.name, command.part) if isinstance(command, Set) else (kind,))

    def due(self, now: float) -> str:
        """Return the reason that is to be said now, empty where there is none."""
        with self._lock:
            if not self._waiting or now < self._next:
                return ""
            self._next = now + APART_SECONDS
            return self._waiting.pop(next(iter(self._waiting)))

    def end(self) -> None:
        """Print what waits, and what comes from now on: there is no status any more."""
        with self._lock:
            self._over = True
            waiting, self._waiting = self._waiting, {}
        for reason in waiting.values():
            note(reason)

    def _take(self, key: tuple[str, ...], reason: str) -> None:
        with self._lock:
            over = self._over
            if not over:
                self._waiting[key] = reason
        if over:
            note(reason)
        else:
            self._notify()
