"""Where commands of every control surface wait for the engine: bounded, and the last value of a control wins."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace

from musicrnn.control import Command, Continue, Panic, Quit, Set, Start, Stop

LIMIT = 256
URGENT = (Panic, Stop, Quit)


def _nobody(_: str) -> None:
    """Answer a sender who wants no answer."""


def _nothing(_: Command) -> None:
    """Foresee nothing."""


@dataclass(frozen=True, slots=True)
class Request:
    """A command, and how to tell its sender that it was refused."""

    command: Command
    refuse: Callable[[str], None] = _nobody


class Inbox:
    """A queue between threads.

    ``notify`` is called after a request that went into an empty queue, and after each urgent one; ``foresee``, which
    whoever takes the requests may set, with each command before it goes in, in the thread that it comes from.
    """

    def __init__(self, notify: Callable[[], None], limit: int = LIMIT) -> None:
        self._notify = notify
        self.foresee: Callable[[Command], None] = _nothing
        self._limit = limit
        self._waiting: list[Request] = []
        self._lock = threading.Lock()
        self._urgent = False
        self.dropped = 0

    def put(self, request: Request) -> bool:
        """Add a request; False where the queue is full. Panic, stop and quit always go in.

        A newer value of a control takes the place of one that waits, so a flood of them takes no room. A stop that
        follows one that waits is the second of two, which is not to wait for a bar.
        """
        self.foresee(request.command)
        urgent = isinstance(request.command, URGENT)
        with self._lock:
            first = not self._waiting
            taken = self._add(request)
            self._urgent |= urgent
        if taken and (first or urgent):
            self._notify()
        return taken

    def take(self) -> list[Request]:
        """Return what waits, oldest first, and forget it."""
        with self._lock:
            taken, self._waiting = self._waiting, []
            self._urgent = False
        return taken

    @property
    def waiting(self) -> bool:
        """Tell whether anything waits."""
        return bool(self._waiting)

    @property
    def urgent(self) -> bool:
        """Tell whether something waits that should not wait."""
        return self._urgent

    def _add(self, request: Request) -> bool:
        kept = [waiting for waiting in self._waiting if not _replaces(request.command, waiting.command)]
        has_place = len(kept) < len(self._waiting) or len(kept) < self._limit
        if not has_place and not isinstance(request.command, URGENT):
            self.dropped += 1
            return False
        self._waiting = [*kept, self._with_what_it_replaces(request)]
        return True

    def _with_what_it_replaces(self, request: Request) -> Request:
        """Return a stop as the second one where one waits that nothing has called off; other requests as they are."""
        match request.command:
            case Stop(at_once=False) as stop if self._is_stopping():
                return replace(request, command=replace(stop, again=True))
        return request

    def _is_stopping(self) -> bool:
        asked = [waiting.command for waiting in self._waiting if isinstance(waiting.command, (Stop, Start, Continue))]
        return bool(asked) and isinstance(asked[-1], Stop)


def _replaces(new: Command, old: Command) -> bool:
    if isinstance(new, Set):
        return isinstance(old, Set) and (new.name, new.part) == (old.name, old.part)
    if isinstance(new, Stop):
        return isinstance(old, Stop) and new.at_once == old.at_once
    return isinstance(new, URGENT) and new == old
