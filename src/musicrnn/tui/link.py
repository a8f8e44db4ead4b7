"""The way to the daemon: a UDP socket that subscribes, renews, and goes on trying while nobody answers."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from musicrnn.tui.packets import Message, Value, packet, read
from musicrnn.tui.state import LOST_SECONDS, PREFIX

LEASE_SECONDS = 10.0
TRY_SECONDS = 1.0


class Link(asyncio.DatagramProtocol):
    """Hands each message of one daemon to ``take``; what comes from elsewhere never gets here."""

    def __init__(self, host: str, port: int, rate: float, take: Callable[[Message], None]) -> None:
        self.host = host
        self.port = port
        self._rate = rate
        self._take = take
        self._transport: asyncio.DatagramTransport | None = None
        self._asked_at = float("-inf")
        self._heard_at = float("-inf")

    @property
    def address(self) -> str:
        """Where the daemon is looked for; an address of IPv6 stands in brackets, apart from the port."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    async def open(self) -> None:
        """Open the socket, connected: the system passes on only what the daemon sends. OSError where it cannot."""
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, remote_addr=(self.host, self.port))
        self.keep(loop.time())

    def keep(self, now: float) -> None:
        """Subscribe, or renew; to be called a few times a second."""
        lost = now - self._heard_at > LOST_SECONDS
        if now - self._asked_at >= (TRY_SECONDS if lost else LEASE_SECONDS / 3):
            self._asked_at = now
            self.send("subscribe", float(self._rate), LEASE_SECONDS)

    def send(self, name: str, *values: Value) -> None:
        """Send a message; nothing happens while there is no way."""
        if self._transport is not None:
            with contextlib.suppress(OSError):
                self._transport.sendto(packet(PREFIX + name, *values))

    def datagram_received(self, data: bytes, addr: object) -> None:  # noqa: ARG002 - asyncio's
        """Take what the daemon sent."""
        self._heard_at = asyncio.get_running_loop().time()
        for message in read(data):
            if message.address == f"{PREFIX}unsubscribed":
                self._heard_at = float("-inf")
            self._take(message)

    def error_received(self, exc: Exception) -> None:
        """Pass over that nobody listens there: the next try is due anyway."""

    def close(self) -> None:
        """Unsubscribe and close."""
        if self._transport is not None:
            self.send("unsubscribe")
            self._transport.close()
            self._transport = None
