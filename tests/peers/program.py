"""Programs of other makes, started and ended by the tests that need them."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType

POLL_SECONDS = 0.02
LAST_LINES_SECONDS = 1.0
KEY_SECONDS = 0.1


class PeerError(Exception):
    """A peer did not do in time what a test needs from it; the message ends with what it printed."""


def wait_until(condition: Callable[[], bool], seconds: float, what: str) -> None:
    """Wait until ``condition`` holds, at most ``seconds``; for states of the system that nothing announces."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise PeerError(f"{what}: not within {seconds:g} s")
        time.sleep(POLL_SECONDS)


def run_to_its_end(playing: Program, start: Sequence[str], seconds: float) -> None:
    """Run the command that makes a player play, and wait until the player has ended by itself."""
    subprocess.run(start, check=True, timeout=15)
    status = playing.wait(seconds)
    if status:
        raise PeerError("\n".join([f"{playing.command[0]} ended with status {status}", *playing.printed[-20:]]))


class Program:
    """A running program whose lines of output (stdout and stderr together) can be waited for."""

    def __init__(
        self,
        command: Sequence[str | Path],
        environment: Mapping[str, str] | None = None,
        *,
        stop_signal: signal.Signals = signal.SIGTERM,
    ) -> None:
        self.command = [str(word) for word in command]
        self._environment = {**os.environ, "PYTHONUNBUFFERED": "1", **(environment or {})}
        self._stop_signal = stop_signal
        self._lines: queue.Queue[str | None] = queue.Queue()
        self.printed: list[str] = []

    def __enter__(self) -> Program:
        self._process = subprocess.Popen(
            self.command,
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as output:
            for line in output:
                self.printed.append(line.rstrip("\n"))
                self._lines.put(self.printed[-1])
        self._lines.put(None)

    @property
    def running(self) -> bool:
        """Say whether the program has not ended yet."""
        return self._process.poll() is None

    @property
    def pid(self) -> int:
        """The program's process number."""
        return self._process.pid

    def wait_for_line(self, part: str, seconds: float = 20.0) -> str:
        """Wait for the next line that contains ``part`` and return it; PeerError if the program ends before."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                line = self._lines.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                raise self._failed(f"did not print {part!r} within {seconds:g} s") from None
            if line is None:
                raise self._failed(f"ended before it printed {part!r}")
            if part in line:
                return line

    def send_line(self, line: str) -> None:
        """Write one line to the program's standard input."""
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def send_keys(self, keys: str) -> None:
        """Press keys one by one, as a person does."""
        assert self._process.stdin is not None
        for key in keys:
            self._process.stdin.write(key)
            self._process.stdin.flush()
            time.sleep(KEY_SECONDS)

    def send_signal(self, number: signal.Signals) -> None:
        """Send the program (not its children) a signal."""
        self._process.send_signal(number)

    def wait(self, seconds: float) -> int:
        """Wait for the program to end by itself and return its exit status; all it printed is in `printed` then."""
        try:
            status = self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise self._failed(f"did not end within {seconds:g} s") from None
        self._reader.join(LAST_LINES_SECONDS)
        return status

    def stop(self, seconds: float = 5.0) -> None:
        """End the program and what it started: its stop signal first, SIGKILL for what is left."""
        assert self._process.stdin is not None
        if self.running:
            self._process.send_signal(self._stop_signal)
            try:
                self._process.wait(seconds)
            except subprocess.TimeoutExpired:
                self._signal_group(signal.SIGKILL)
                self._process.wait()
        self._signal_group(signal.SIGKILL)
        self._process.stdin.close()

    def _signal_group(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):  # nobody of its group is left
            os.killpg(self._process.pid, number)

    def _failed(self, what: str) -> PeerError:
        return PeerError("\n".join([f"{' '.join(self.command)}: {what}; its last lines:", *self.printed[-20:]]))
