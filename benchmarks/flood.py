"""A flood of OSC packets, with how many were sent in it and what became of them."""

from __future__ import annotations

import contextlib
import socket
import sys
import threading
import time
from types import TracebackType

from musicrnn.daemon.osc_packets import message_bytes, messages
from tests.peers.program import Program

SENDER = """
import socket, sys, time
line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
line.connect(("127.0.0.1", int(sys.argv[1])))
packet = b"/musicrnn/mu\\0\\0\\0\\0,f\\0\\0?\\x80\\0\\0"
sent, begun = 0, time.monotonic()
told = begun
while True:
    for _ in range(1000):
        try:
            line.send(packet)
        except OSError:
            pass
    sent, now = sent + 1000, time.monotonic()
    if now - told > 0.5:
        told = now
        print("SENT", sent, now - begun, flush=True)
"""
RATE, LEASE_SECONDS = 2.0, 60.0  # of the subscription by which it is known what the daemon took, the longest there is
COUNTS = "/musicrnn/stream/counts"
WAIT_SECONDS = 0.2


class Flood:
    """One process sends all that it can to a UDP port; meanwhile a subscriber hears what the daemon says of it."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._sender = Program([sys.executable, "-c", SENDER, str(port)])
        self._line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._counts: list[tuple[float, tuple[int, ...]]] = []
        self._ended = False
        self._reader = threading.Thread(target=self._read, daemon=True)

    def __enter__(self) -> Flood:
        """Subscribe, then begin: in the midst of it a subscription would hardly be heard."""
        self._line.settimeout(WAIT_SECONDS)
        self._line.sendto(message_bytes("/musicrnn/subscribe", RATE, LEASE_SECONDS), ("127.0.0.1", self._port))
        self._reader.start()
        self._sender.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it."""
        self._ended = True
        self._reader.join()
        self._line.close()
        self._sender.__exit__(kind, error, trace)

    def words(self) -> str:
        """Return how many packets a second were sent, taken, dropped by the daemon, and lost before it saw them."""
        told = [line.split() for line in self._sender.printed if line.startswith("SENT")]
        if not told:
            return "nothing was sent"
        sent = int(told[-1][1]) / float(told[-1][2])
        if len(self._counts) < 2:
            return f"{sent:,.0f} packets a second sent"
        (first, before), (last, after) = self._counts[0], self._counts[-1]
        taken, refused, dropped = ((now - then) / (last - first) for now, then in zip(after, before, strict=True))
        unseen = max(sent - taken - refused - dropped, 0.0)
        return (
            f"{sent:,.0f} packets a second sent; the daemon took {taken:,.0f}, refused {refused:,.0f} and dropped "
            f"{dropped:,.0f} unread; about {unseen:,.0f} the system dropped before it (over {last - first:.0f} s)"
        )

    def _read(self) -> None:
        while not self._ended:
            with contextlib.suppress(OSError):
                for message in messages(self._line.recv(65_536), 65_536):
                    if message.address == COUNTS:
                        values = tuple(value for value in message.values[-3:] if isinstance(value, int))
                        self._counts.append((time.monotonic(), values))
