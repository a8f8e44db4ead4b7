"""The terminal UI in a pseudo-terminal whose output is read and thrown away, as a benchmark has it run."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
import threading
from pathlib import Path
from types import TracebackType

CLOCK = os.sysconf("SC_CLK_TCK")
END_SECONDS = 10.0


class Ui:
    """Runs `musicrnn-tui` for the daemon at an OSC port; ``size`` is columns and rows, ``rate`` updates a second."""

    def __init__(self, port: int, size: tuple[int, int], rate: int) -> None:
        self._command = [sys.executable, "-m", "musicrnn", "tui", "--osc-port", str(port), "--rate", str(rate)]
        self._size = size
        self.drawn = 0

    def __enter__(self) -> Ui:
        self._terminal, theirs = pty.openpty()
        columns, rows = self._size
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
        self._process = subprocess.Popen(
            self._command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, start_new_session=True
        )
        os.close(theirs)
        self._reader = threading.Thread(target=self._swallow, daemon=True)
        self._reader.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError):
            os.write(self._terminal, b"q")
        try:
            self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join(END_SECONDS)

    def processor_seconds(self) -> float:
        """Return the processor time that its process has taken."""
        stat = Path(f"/proc/{self._process.pid}/stat").read_text(encoding="utf-8")
        fields = stat.rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / CLOCK

    def _swallow(self) -> None:
        """Count what is drawn until the terminal closes."""
        try:
            while data := os.read(self._terminal, 65536):
                self.drawn += len(data)
        except OSError:
            os.close(self._terminal)
