"""What the daemon shows: its first lines, and on a terminal one line that follows the music."""

from __future__ import annotations

import contextlib
import shutil
import sys
import threading
from collections.abc import Callable

from musicrnn.control import Status
from musicrnn.models.vocabulary import pitch_name

SECONDS = 0.25
CLEAR = "\r\x1b[K"


def say(text: str = "") -> None:
    """Print a line for people; nothing happens where nobody can read it any more."""
    with contextlib.suppress(OSError, ValueError):
        print(text, flush=True)


def note(text: str) -> None:
    """Print a line about something that is not as it should be; on a terminal, in place of the status line."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        fresh = CLEAR if sys.stderr.isatty() else ""
        sys.stderr.write(f"{fresh}musicrnn-daemon: {text}\n")
        sys.stderr.flush()


def status_line(status: Status, width: int) -> str:
    """Return the status as one line of at most ``width`` characters."""
    if not status.playing:
        words = ["stopped", _loading(status), status.message]
    else:
        sounding = " ".join(f"{part}:{pitch_name(pitch)}" for part, pitch in status.sounding)
        words = [
            f"bar {status.bar + 1} beat {status.beat + 1}",
            f"{status.tempo:g} bpm",
            f"mu {status.controls['mu']:g} sigma {status.controls['sigma']:g} A {status.exponent:.2f}",
            f"{status.skipped_ticks} ticks skipped" if status.skipped_ticks else "",
            _loading(status),
            status.message,
            sounding or "-",
        ]
    return " | ".join(word for word in words if word)[: max(width - 1, 0)]


def _loading(status: Status) -> str:
    return f"loading {status.loading}" if status.loading else ""


class StatusLine:
    """Writes the status over itself, a few times a second, in a thread of its own; only on a terminal."""

    def __init__(self, status: Callable[[], Status]) -> None:
        self._status = status
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="musicrnn-display", daemon=True)

    def start(self) -> None:
        """Begin, where standard output is a terminal."""
        if sys.stdout is not None and sys.stdout.isatty():
            self._thread.start()

    def close(self) -> None:
        """Stop, and leave an empty line; a terminal that takes nothing is not waited for."""
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join(timeout=2 * SECONDS)

    def _follow(self) -> None:
        try:
            while not self._closing.wait(SECONDS):
                width = shutil.get_terminal_size().columns
                print(CLEAR + status_line(self._status(), width), end="", flush=True)
            print(CLEAR, end="", flush=True)
        except (OSError, ValueError):
            return
