"""The terminal UI without what it stands on."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

BEGUN = b"\x1b[?1049h"
PATIENCE_SECONDS = 60.0


@contextlib.contextmanager
def begun(folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Start the UI in a terminal whose closing sends it no signal; give the process and our end of the terminal."""
    ours, theirs = os.openpty()
    command = [sys.executable, "-m", "musicrnn", "tui", "--osc-port", "9"]
    environment = {**os.environ, "TERM": "xterm-256color", "XDG_CONFIG_HOME": str(folder)}
    with subprocess.Popen(
        command, env=environment, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
    ) as ui:
        os.close(theirs)
        try:
            seen = b""
            while BEGUN not in seen:
                seen += os.read(ours, 65_536)
            yield ui, ours
        finally:
            ui.kill()


def rest(ours: int) -> bytes:
    """Read a terminal until nobody writes to it any more."""
    seen = b""
    with contextlib.suppress(OSError):
        while more := os.read(ours, 65_536):
            seen += more
    os.close(ours)
    return seen


def test_a_ui_ends_when_its_terminal_is_gone(tmp_path: Path) -> None:
    """Though no signal tells it, and what it reads is only the end of the file, again and again."""
    with begun(tmp_path) as (ui, ours):
        os.close(ours)
        assert ui.wait(PATIENCE_SECONDS) == 69


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGHUP, 69)])
def test_a_ui_that_is_told_to_end_puts_the_terminal_right(tmp_path: Path, number: signal.Signals, status: int) -> None:
    """It leaves its screen."""
    with begun(tmp_path) as (ui, ours):
        ui.send_signal(number)
        assert b"\x1b[?1049l" in rest(ours)
        assert ui.wait(PATIENCE_SECONDS) == status
