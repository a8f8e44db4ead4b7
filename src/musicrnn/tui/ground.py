"""What the terminal UI stands on: its terminal and, where it was started with the music, the process that did so."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType

from musicrnn.errors import MusicRNNError, TerminalError

LOOK_SECONDS = 0.25
PATIENCE_LOOKS = 8  # so many times it is asked to leave before it is ended as it stands: what writes may wait for ever
TERMINAL_GONE = "the terminal UI must have a terminal to the end, and its own is gone"
PARENT_GONE = "musicrnn-daemon --tui must go on as long as its UI, and was killed; the music ends with it"
KILLED = 128


class Ground:
    """Tells when the UI must go; ``owned`` is true where `musicrnn-daemon --tui` has started it."""

    def __init__(self, *, owned: bool) -> None:
        self._parent = os.getppid() if owned else 0
        self._ended = threading.Event()
        self._signal = 0

    @contextlib.contextmanager
    def watched(self, leave: Callable[[], object]) -> Iterator[None]:
        """Call ``leave``, in another thread, once the terminal or the parent is gone or a signal asks to end."""
        names = [name for name in ("SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name)]
        before = {name: signal.signal(getattr(signal, name), self._take) for name in names}
        threading.Thread(target=self._watch, args=(leave,), name="musicrnn-ground", daemon=True).start()
        try:
            yield
        finally:
            self._ended.set()
            for name, handler in before.items():
                signal.signal(getattr(signal, name), handler)

    def check(self) -> None:
        """Raise TerminalError where the terminal is gone, MusicRNNError where the parent is."""
        if self._parent and os.getppid() != self._parent:
            raise MusicRNNError(PARENT_GONE)
        if self._signal == getattr(signal, "SIGHUP", None) or not all(os.isatty(one) for one in _terminals()):
            raise TerminalError(TERMINAL_GONE)

    @property
    def status(self) -> int:
        """Exit status of a signal that asked to end, 0 without one."""
        return KILLED + self._signal if self._signal else 0

    def _take(self, number: int, _: FrameType | None) -> None:
        self._signal = number

    def _lost(self) -> bool:
        try:
            self.check()
        except MusicRNNError:
            return True
        return bool(self._signal)

    def _watch(self, leave: Callable[[], object]) -> None:
        looks = 0
        while not self._ended.wait(LOOK_SECONDS):
            if self._lost():
                looks += 1
                with contextlib.suppress(RuntimeError):  # it has not begun yet: it is asked again
                    leave()
            if looks > PATIENCE_LOOKS:
                os._exit(self.status or TerminalError.exit_status)


def _terminals() -> Iterator[int]:
    """Yield the files that are read and drawn on, as Textual takes them."""
    yield from (stream.fileno() for stream in (sys.__stdin__, sys.__stderr__) if stream is not None)
