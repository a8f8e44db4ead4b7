"""How often a subscription is asked for."""

from __future__ import annotations

import asyncio

import pytest

from musicrnn.tui.link import Link
from musicrnn.tui.packets import Message, Value, packet
from tests.tui.stand_in import PATIENCE_SECONDS, StandIn

FULL = "there must be at most 8 subscribers, got another"


class Asking(Link):
    """A link without a socket: each question for a subscription gets the same answer at once, if any."""

    def __init__(self, answer: bytes) -> None:
        self.taken: list[Message] = []
        super().__init__("127.0.0.1", 9000, 10.0, self.taken.append)
        self.answer = answer
        self.asked = 0

    def send(self, name: str, *values: Value) -> None:
        """Count, and answer."""
        del name, values
        self.asked += 1
        if self.answer:
            self.datagram_received(self.answer, None)

    def keep_from(self, first: float, seconds: float) -> int:
        """Keep it for so long, from a moment after now on; return how often it asked."""
        before, first = self.asked, asyncio.get_running_loop().time() + first
        for quarter in range(round(4 * seconds)):
            self.keep(first + quarter / 4)
        return self.asked - before


@pytest.mark.parametrize(("answer", "asked"), [(packet("/musicrnn/error", FULL), 4), (b"", 20)], ids=["full", "gone"])
def test_who_is_refused_asks_every_five_seconds(answer: bytes, asked: int) -> None:
    """Each adds to what the daemon counts as refused; it is told once. Where none answers it is every second."""

    async def run() -> None:
        link = Asking(answer)
        assert link.keep_from(0.0, 20.0) == asked
        assert (link.refusal, len(link.taken)) == ((FULL, 1) if answer else ("", 0))

    asyncio.run(run())


def test_a_refusal_holds_until_there_is_room_or_no_answer() -> None:
    """Of a daemon that is gone it does not go on to be said."""

    async def run() -> None:
        link = Asking(packet("/musicrnn/error", FULL))
        link.keep_from(0.0, 5.0)
        link.answer = b""
        link.keep_from(5.0, 5.25)
        assert link.refusal == ""
        link.answer = packet("/musicrnn/error", FULL)
        link.keep_from(11.0, 2.0)
        assert link.refusal == FULL
        link.answer = packet("/musicrnn/subscribed", 10.0, 10.0)
        link.keep_from(13.0, 5.0)
        assert link.refusal == ""

    asyncio.run(run())


class Told(Link):
    """A link that keeps the errors of its sockets."""

    def __init__(self, port: int) -> None:
        super().__init__("127.0.0.1", port, 10.0, lambda _: None)
        self.errors: asyncio.Queue[Exception] = asyncio.Queue()

    def error_received(self, exc: Exception) -> None:
        """Keep it, too."""
        super().error_received(exc)
        self.errors.put_nowait(exc)


class Door(StandIn):
    """A daemon that keeps the addresses from which it is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.askers: asyncio.Queue[tuple[str, int]] = asyncio.Queue()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Keep it, too."""
        super().datagram_received(data, addr)
        self.askers.put_nowait(addr)


def test_a_daemon_that_comes_back_is_asked_by_another_socket() -> None:
    """On Windows asyncio hears nothing any more by one that was told that nobody listens."""

    async def run() -> None:
        now = asyncio.get_running_loop().time()
        first, second = Door(), Door()
        await first.open()
        link = Told(first.port)
        await link.open()
        asker = await first.askers.get()
        first.close()
        await asyncio.sleep(0)
        link.keep(now + 20)
        await link.errors.get()
        await second.open(first.port)
        link.keep(now + 40)
        assert await second.askers.get() != asker
        link.close()
        second.close()

    asyncio.run(asyncio.wait_for(run(), PATIENCE_SECONDS))
