"""Getting a lost port back: a thread that tries again and again, away from the music."""

from __future__ import annotations

import threading
from collections.abc import Callable

from musicrnn.daemon.protocols import MidiOut
from musicrnn.errors import PortError

SECONDS = 1.0
MOST_SECONDS = 16.0


def _nothing(_: str) -> None:
    """Say nothing."""


class PortKeeper:
    """Opens a lost port again: at once, and then each second until its server, or the device, is back.

    One that never was is looked for too, ever more rarely: its user may never start a server.
    """

    def __init__(
        self,
        reopen: Callable[[], MidiOut],
        notify: Callable[[], None],
        say: Callable[[str], None] = _nothing,
        seconds: float = SECONDS,
    ) -> None:
        self._reopen = reopen
        self._say = say
        self._notify = notify
        self._seconds = seconds
        self._found: MidiOut | None = None
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None

    def lost(self, port: MidiOut) -> None:
        """Close the port, and look for it from now on; neither is waited for."""
        self._say("the MIDI port is lost; it is opened again as soon as it can be")
        self._begin(port.close, lambda seconds: seconds, "the MIDI port is back")

    def missing(self) -> None:
        """Look from now on for a port that was not there at the start."""
        words = "there is a MIDI port now, and it is played to"
        self._begin(lambda: None, lambda seconds: min(2.0 * seconds, MOST_SECONDS), words)

    def _begin(self, first: Callable[[], None], next_wait: Callable[[float], float], words: str) -> None:
        """Do what comes first, and look, in a thread."""
        arguments = (first, next_wait, words)
        self._thread = threading.Thread(target=self._look, args=arguments, name="musicrnn-port", daemon=True)
        self._thread.start()

    def found(self) -> MidiOut | None:
        """Return the port once when it is back."""
        found, self._found = self._found, None
        return found

    def close(self) -> None:
        """Stop looking, and close a port that nobody has fetched."""
        self._closing.set()
        if self._thread is not None:
            self._thread.join(timeout=5.0)
        unfetched = self.found()
        if unfetched is not None:
            unfetched.close()

    def _look(self, first: Callable[[], None], next_wait: Callable[[float], float], words: str) -> None:
        first()
        seconds = self._seconds
        while not self._opens():
            if self._closing.wait(seconds):
                return
            seconds = next_wait(seconds)
        self._say(words)
        self._notify()

    def _opens(self) -> bool:
        try:
            self._found = self._reopen()
        except PortError:
            return False
        return True
