"""Signals of the system: the first asks the program to end, the second, not at the same time, ends it at once."""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Callable, Iterator
from types import FrameType

from musicrnn.same_signal import SAME_SECONDS

NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")


class EndedBySignal(BaseException):
    """A second signal came: what was going on is broken off, what must be released still is."""


class Signals:
    """Counts the signals that came.

    ``leave`` is called by each, in the main thread between two instructions; ``may_break`` tells
    whether the second may break off what is going on. ``pause`` is called by a terminal's Ctrl-Z. ``now`` is the time
    in seconds, of which only the difference counts.
    """

    def __init__(
        self,
        leave: Callable[[], None],
        may_break: Callable[[], bool] = lambda: True,
        pause: Callable[[], None] = lambda: None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._leave = leave
        self._pause = pause
        self._may_break = may_break
        self._now = now
        self._first_at = float("inf")
        self.came: list[int] = []

    @contextlib.contextmanager
    def installed(self) -> Iterator[Signals]:
        """Answer SIGINT, SIGTERM, SIGHUP, SIGTSTP and Windows' SIGBREAK within; only the main thread may."""
        numbers = [getattr(signal, name) for name in NAMES if hasattr(signal, name)]
        before = {number: signal.signal(number, self._handle) for number in numbers}
        if hasattr(signal, "SIGTSTP"):
            before[signal.SIGTSTP] = signal.signal(signal.SIGTSTP, self._handle_pause)
        try:
            yield self
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _handle_pause(self, number: int, _: FrameType | None) -> None:
        del number
        self._pause()

    def _handle(self, number: int, _: FrameType | None) -> None:
        self.came.append(number)
        self._leave()
        now = self._now()
        self._first_at = min(self._first_at, now)
        if now - self._first_at >= SAME_SECONDS and self._may_break():
            raise EndedBySignal
