"""The machine's own time."""

from __future__ import annotations

import ctypes
import select
import socket
import sys
import time


class MonotonicClock:
    """A clock that nobody can set, and a wait on it that any thread, or a signal handler, can cut short.

    The wake-up goes through a socket because `select` is punctual, on Windows to the millisecond that it is asked for
    and elsewhere to the microsecond, and because a signal handler may write to a socket but not take the lock of a
    `threading.Event`. The time is that of `time.perf_counter`, which all processes share: `time.monotonic` is the same
    clock on Linux and macOS, but on Windows, before Python 3.13, one that moves every 16 ms.

    A processor that sleeps takes some 0.1 ms to wake. By ``early`` seconds a wait sleeps less, and looks at the time
    instead until its moment has come (ADR 0071).
    """

    def __init__(self) -> None:
        self.early = 0.0
        _ask_for_milliseconds()
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)

    def now(self) -> float:
        """Return seconds since an unknown moment; never goes back."""
        return time.perf_counter()

    def wait_until(self, seconds: float) -> None:
        """Wait for an absolute moment of this clock, or for :meth:`wake`."""
        ready, _, _ = select.select([self._reader], [], [], max(seconds - self.early - time.perf_counter(), 0.0))
        if ready:
            self._forget_wakes()
            return
        while time.perf_counter() < seconds:
            pass

    def wake(self) -> None:
        """End the wait that is going on, or the next one."""
        try:
            self._writer.send(b"\0")
        except OSError:
            return  # full of wake-ups that nobody has waited for yet, or closed

    def close(self) -> None:
        """Give the socket back; a wake-up after this is nothing."""
        self._reader.close()
        self._writer.close()

    def _forget_wakes(self) -> None:
        try:
            while self._reader.recv(256):
                pass
        except BlockingIOError:
            return


def _ask_for_milliseconds() -> None:
    """Let waits of this process end within a millisecond, to the end of the process; Windows' own take up to 16."""
    if sys.platform == "win32":
        ctypes.WinDLL("winmm").timeBeginPeriod(1)


def seconds_asleep() -> float:
    """Return how long the machine has been suspended since it started; 0 where the system does not tell."""
    boottime = getattr(time, "CLOCK_BOOTTIME", None)
    return 0.0 if boottime is None else time.clock_gettime(boottime) - time.monotonic()
