"""The way to the daemon: a UDP socket that subscribes, renews, and goes on trying while nobody answers."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from musicrnn.tui.packets import Message, Value, packet, read
from musicrnn.tui.state import LOST_SECONDS, PLACE, PREFIX

LEASE_SECONDS = 10.0
TRY_SECONDS = 1.0
REFUSED_SECONDS = 5.0  # until the next try where the daemon answers, but has no room


class Link(asyncio.DatagramProtocol):
    """Hands each message of one daemon to ``take``; what comes from elsewhere never gets here.

    ``refusal`` is what the daemon answered in place of a subscription; the same again is not handed on.
    """

    def __init__(self, host: str, port: int, rate: float, take: Callable[[Message], None]) -> None:
        self.host = host
        self.port = port
        self._rate = rate
        self._take = take
        self._transport: asyncio.DatagramTransport | None = None
        self._opening: asyncio.Task[None] | None = None
        self._deaf = False
        self._asked_at = float("-inf")
        self._placed_at = float("-inf")
        self._answered = False
        self.refusal = ""

    @property
    def address(self) -> str:
        """Where the daemon is looked for; an address of IPv6 stands in brackets, apart from the port."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    async def open(self) -> None:
        """Open the socket, connected: the system passes on only what the daemon sends. OSError where it cannot."""
        await self._connect()
        self.keep(asyncio.get_running_loop().time())

    async def _connect(self) -> None:
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, remote_addr=(self.host, self.port))

    def keep(self, now: float) -> None:
        """Subscribe, or renew; to be called a few times a second."""
        if now - self._asked_at >= self._pause(now):
            self.refusal = self.refusal if self._answered else ""
            self._asked_at, self._answered = now, False
            if self._deaf:
                self._opening = asyncio.get_running_loop().create_task(self._open_again())
            else:
                self._subscribe()

    def _subscribe(self) -> None:
        self.send("subscribe", float(self._rate), LEASE_SECONDS)

    async def _open_again(self) -> None:
        """Take another socket, and subscribe; where that cannot be, the next try is due anyway."""
        self._hang_up()
        with contextlib.suppress(OSError):
            await self._connect()
            self._deaf = False
            self._subscribe()

    def _pause(self, now: float) -> float:
        """Return how long after it was asked for a subscription is asked for again."""
        if self.refusal:
            return REFUSED_SECONDS
        return TRY_SECONDS if now - self._placed_at > LOST_SECONDS else LEASE_SECONDS / 3

    def send(self, name: str, *values: Value) -> None:
        """Send a message; nothing happens while there is no way."""
        if self._transport is not None:
            with contextlib.suppress(OSError):
                self._transport.sendto(packet(PREFIX + name, *values))

    def datagram_received(self, data: bytes, addr: object) -> None:  # noqa: ARG002 - asyncio's
        """Take what the daemon sent."""
        for message in read(data):
            if message.address == f"{PREFIX}{PLACE}":
                self._placed_at = asyncio.get_running_loop().time()
            elif message.address == f"{PREFIX}unsubscribed":
                self._placed_at = float("-inf")
            if not self._refused_again(message):
                self._take(message)

    def _refused_again(self, message: Message) -> bool:
        """Take what answers the question for a subscription; tell whether it is the refusal of before."""
        name, before = message.address.removeprefix(PREFIX), self.refusal
        if name == "subscribed":
            self._answered, self.refusal = True, ""
        elif name == "error" and not self._answered:
            self._answered, self.refusal = True, str(*message.values[:1])
            return self.refusal == before
        return False

    def error_received(self, exc: Exception) -> None:
        """Make the next try, which is due anyway, by another socket: on Windows asyncio hears no more by this one."""
        del exc
        self._deaf = True

    def close(self) -> None:
        """Unsubscribe and close."""
        if self._opening is not None:
            self._opening.cancel()
        self.send("unsubscribe")
        self._hang_up()

    def _hang_up(self) -> None:
        if self._transport is not None:
            self._transport.close()
            self._transport = None
