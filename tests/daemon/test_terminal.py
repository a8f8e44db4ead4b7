"""The daemon in a real terminal: its moving line, and the terminal that is closed under it."""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest

pty = pytest.importorskip("pty", reason="this system has no pseudo-terminals")
KINDS = ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR")
PATIENCE_SECONDS = 30.0


class Terminal:
    """A terminal with the daemon in it."""

    def __init__(self, folder: Path, *flags: str) -> None:
        self.shown = ""
        self._ours, theirs = pty.openpty()
        command = [sys.executable, "-m", "tests.daemon.play_scripted", "--midi-api", "none", "--osc-port", "0", *flags]
        environment = {**os.environ, **{kind: str(folder) for kind in KINDS}, "COLUMNS": "100"}
        self.process = subprocess.Popen(
            [sys.executable, "-c", _TAKE_TERMINAL, *command],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=environment,
            start_new_session=True,
        )
        os.close(theirs)

    def wait_for(self, part: str) -> None:
        """Read until something is shown."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while part not in self.shown:
            ready, _, _ = select.select([self._ours], [], [], max(deadline - time.monotonic(), 0))
            assert ready, f"{part!r} was not shown, but {self.shown!r}"
            with contextlib.suppress(OSError):
                self.shown += os.read(self._ours, 4096).decode(errors="replace")

    def type(self, keys: bytes) -> None:
        """Press keys."""
        os.write(self._ours, keys)

    def close(self) -> None:
        """Close the window."""
        os.close(self._ours)


_TAKE_TERMINAL = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""


def test_a_line_follows_the_music_and_ctrl_c_ends_it(tmp_path: Path) -> None:
    """Bars go by on one line."""
    terminal = Terminal(tmp_path)
    terminal.wait_for("\r\x1b[Kbar 1 beat")
    terminal.wait_for("soprano:C4")
    terminal.type(b"\x03")
    terminal.wait_for("Recorded")
    assert terminal.process.wait(PATIENCE_SECONDS) == 0
    terminal.close()


def test_closing_the_terminal_ends_it_and_keeps_the_recording(tmp_path: Path) -> None:
    """Nobody is left to read what it says; it does what is to be done all the same."""
    terminal = Terminal(tmp_path)
    terminal.wait_for("bar 1")
    terminal.close()
    assert terminal.process.wait(PATIENCE_SECONDS) == 0
    (recording,) = tmp_path.glob("**/*.mid")
    assert recording.read_bytes().startswith(b"MThd")
