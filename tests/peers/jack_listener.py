"""A receiver on JACK that prints each MIDI event as it comes; a program of its own, not of MusicRNN.

``python -m tests.peers.jack_listener`` opens the port ``listener:in``, says LISTENING, and prints a line an event:
``EVENT seconds frame hex``, with the moment on the system's monotonic clock and the absolute frame at which it came. At
SIGUSR1 it misses the cycles of a tenth of a second, or of as many seconds as its argument says, as a synth does that
cannot keep up or loads a patch: it prints STALLED, and hears nothing of them. At
SIGUSR2 its port goes and comes back at once, as that of a program that is started again does: it prints BACK. Where
JACK never wakes it again (which jackd 1.9 does to a client now and then, just after a server was killed and started
anew: its thread waits on the futex that the server says it has triggered), it prints ASLEEP and ends.
"""

from __future__ import annotations

import contextlib
import gc
import math
import os
import signal
import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Mapping
from types import TracebackType

from tests.peers.program import Program, wait_until

PORT = "listener:in"
POLL_SECONDS = 0.002
STALL_SECONDS = 0.1
ASLEEP_SECONDS = 2.0
UNHEARD_SECONDS = 0.05  # before a port goes: no cycle may still be reading it


def main() -> None:
    """Listen until SIGTERM."""
    import jack

    be_punctual()
    stall = float(sys.argv[1]) if len(sys.argv) > 1 else STALL_SECONDS
    client = jack.Client("listener", no_start_server=True)
    ports = deque([client.midi_inports.register("in")])
    events: deque[tuple[float, int, bytes]] = deque()
    ending = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ending.set())
    stalls: deque[bool] = deque()
    awake = [time.monotonic()]
    signal.signal(signal.SIGUSR1, lambda *_: stalls.append(True))
    comings: deque[bool] = deque()
    signal.signal(signal.SIGUSR2, lambda *_: comings.append(True))
    client.set_shutdown_callback(lambda *_: os._exit(0))

    @client.set_process_callback  # type: ignore[untyped-decorator]
    def process(frames: int) -> None:
        if stalls:
            stalls.pop()
            os.write(1, b"STALLED\n")
            time.sleep(stall)
        start, now = client.last_frame_time, time.monotonic()
        awake[0] = now
        for port in tuple(ports):
            for offset, data in port.incoming_midi_events():
                events.append((now, start + offset, bytes(data)))

    with client:
        print("LISTENING", PORT, flush=True)
        while not ending.wait(POLL_SECONDS):
            while events:
                seconds, frame, data = events.popleft()
                print("EVENT", f"{seconds:.6f}", frame, data.hex(), flush=True)
            while comings:
                port = ports.pop()
                time.sleep(UNHEARD_SECONDS)
                port.unregister()
                ports.append(client.midi_inports.register("in"))
                print("BACK", flush=True)
                comings.pop()
            if time.monotonic() - awake[0] > ASLEEP_SECONDS:
                print("ASLEEP", flush=True)
                os._exit(1)


def be_punctual() -> None:
    """Let no thread of this program, which all share Python's lock, be held up by what else runs, where allowed.

    A client that is late keeps the server from making and removing connections.
    """
    with contextlib.suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(40))
    gc.disable()
    sys.setswitchinterval(0.0005)


class AsleepError(Exception):
    """JACK does not run the listener any more, which says nothing of what it listens to."""


class Listener:
    """The listener as a running program, and what it has heard."""

    def __init__(self, environment: Mapping[str, str], stall: float = STALL_SECONDS) -> None:
        self.program = Program([sys.executable, "-m", "tests.peers.jack_listener", str(stall)], environment)
        self._events: list[tuple[float, int, bytes]] = []
        self._read = 0

    def __enter__(self) -> Listener:
        self.program.__enter__()
        self.program.wait_for_line("LISTENING", 30)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.program.stop()

    def events(self, since: float = 0.0) -> list[tuple[float, int, bytes]]:
        """Return the events from a moment on: seconds, frame, message."""
        printed = self.program.printed
        for line in printed[self._read : len(printed)]:
            self._read += 1
            if line.startswith("EVENT"):
                _, seconds, frame, data = line.split()
                self._events.append((float(seconds), int(frame), bytes.fromhex(data)))
        return [event for event in self._events if event[0] >= since]

    def down(self, until: float = math.inf) -> Counter[tuple[int, int]]:
        """Return how often each key (channel, pitch) has been struck and not let go, by a moment."""
        down: Counter[tuple[int, int]] = Counter()
        for seconds, _, data in self.events():
            if data[0] & 0xE0 == 0x80 and seconds <= until:
                key = (data[0] & 15, data[1])
                down[key] = max(down[key] + (1 if is_on(data) else -1), 0)  # it may have come in the middle of a note
        return +down

    def wait_for_notes(self, seconds: float = 30.0) -> None:
        """Wait for a note-on that comes from now on, and that still sounds; `AsleepError` where it cannot hear."""
        now = time.monotonic()

        def hears() -> bool:
            if "ASLEEP" in self.program.printed:
                raise AsleepError
            return bool(self.down()) and any(is_on(data) for _, _, data in self.events(now))

        wait_until(hears, seconds, "a sounding note at the receiver")

    def wait_for(self, message: bytes, count: int = 1, seconds: float = 10.0) -> None:
        """Wait until a message has come so often."""
        wait_until(
            lambda: [data for _, _, data in self.events()].count(message) >= count,
            seconds,
            f"{message.hex(' ')} at the receiver",
        )

    def silenced_within(self, moment: float, seconds: float = 10.0) -> float:
        """Wait until the notes that sounded at a moment have ended; return how long after it the last of them did."""
        wait_until(lambda: self._ended(moment) is not None, seconds, f"the end of {dict(self.down(moment))}")
        ended = self._ended(moment)
        assert ended is not None
        return max(ended - moment, 0.0)

    def _ended(self, moment: float) -> float | None:
        left, last = self.down(moment), moment
        for seconds, _, data in self.events(moment):
            key = (data[0] & 15, data[1])
            if data[0] & 0xE0 == 0x80 and not is_on(data) and left[key]:
                left[key] -= 1
                last = seconds
        return None if +left else last


def is_on(data: bytes) -> bool:
    """Tell whether a message is a note-on that begins a sound."""
    return data[0] & 0xF0 == 0x90 and data[2] > 0


if __name__ == "__main__":
    main()
