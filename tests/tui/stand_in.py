"""A stand-in for the daemon, and scenes for it to tell: a socket in the test's own loop, and what it was sent."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from textual.pilot import Pilot

from musicrnn.config.tui import TuiSettings
from musicrnn.tui.app import MusicApp
from musicrnn.tui.link import Link
from musicrnn.tui.packets import Message, Value, packet, read
from musicrnn.tui.pads import PadFile
from musicrnn.tui.paint import words
from musicrnn.tui.panel import Panel

PATIENCE_SECONDS = 20.0
NOWHERE = Path("/dev/null/seed-pads.json")
Act = Callable[["StandIn", MusicApp, Pilot[int]], Awaitable[None]]
Scene = list[tuple[str, tuple[Value, ...]]]


@dataclass
class StandIn(asyncio.DatagramProtocol):
    """Answers a subscription, or refuses it (``refusal``); remembers what it is sent, and tells what it is told to."""

    heard: list[Message] = field(default_factory=list)
    scene: Scene = field(default_factory=list)
    refusal: str = ""
    port: int = 0
    who: tuple[str, int] | None = None

    async def open(self, port: int = 0) -> None:
        """Listen."""
        loop = asyncio.get_running_loop()
        self.transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=("127.0.0.1", port))
        self.port = self.transport.get_extra_info("sockname")[1]

    def close(self) -> None:
        """Be gone."""
        self.transport.close()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Remember; tell the scene to whoever subscribes."""
        self.who = addr
        for message in read(data):
            self.heard.append(message)
            if message.address == "/musicrnn/subscribe" and self.refusal:
                self.tell("error", self.refusal)
            elif message.address == "/musicrnn/subscribe":
                self.tell("subscribed", *message.values)
                for name, values in self.scene:
                    self.tell(name, *values)

    def tell(self, name: str, *values: Value) -> None:
        """Send a message to the one who was heard last."""
        if self.who is not None:
            self.transport.sendto(packet(f"/musicrnn/{name}", *values), self.who)

    def asked(self, name: str) -> list[tuple[Value, ...]]:
        """Return the values of each message of a name that came."""
        return [message.values for message in self.heard if message.address == f"/musicrnn/{name}"]


def app_for(
    daemon: StandIn,
    *,
    owner: bool = False,
    theme: str = "dark",
    pads: Path = NOWHERE,
    now: Callable[[], float] = time.monotonic,
) -> MusicApp:
    """Return the program, not running, that looks for the stand-in; ``pads`` is the file of its pads."""
    settings = TuiSettings(theme=theme, rate=20.0)
    link = partial(Link, "127.0.0.1", daemon.port, 20.0)
    return MusicApp(link, settings, PadFile(pads), owner=owner, now=now)


async def until(pilot: Pilot[int], holds: Callable[[], bool], what: str) -> None:
    """Let the program go on until something holds."""
    deadline = asyncio.get_running_loop().time() + PATIENCE_SECONDS
    while not holds():
        assert asyncio.get_running_loop().time() < deadline, f"{what}: not within {PATIENCE_SECONDS:g} s"
        await pilot.pause(0.01)


def screen_text(app: MusicApp) -> str:
    """Return what the panels show, each at its place."""
    width, height = app.size
    rows = [[" "] * width for _ in range(height)]
    for panel in app.query(Panel):
        if panel.display and panel.size.width:
            area = panel.region
            for row, line in enumerate(panel.seen()):
                rows[area.y + row][area.x : area.x + area.width] = list(words(line))
    return "\n".join("".join(row).rstrip() for row in rows) + "\n"


def chorale() -> Scene:
    """Return a scene: four parts in the middle of a bar, two ticks made ahead, one part muted."""
    played: list[Value] = []
    for tick in range(64, 120):
        begun = int(tick % 4 == 0)
        notes = ((0, 72 + tick // 8 % 5), (1, 67), (2, 60 + tick // 16 % 3), (64 + 3, 48 - tick // 12 % 4))
        played += [tick, len(notes), *(number for part, pitch in notes for number in (part, pitch, 80 * begun))]
    coming = [120, 2, 0, 76, 80, 1, 69, 80, 121, 2, 0, 76, 0, 1, 69, 0]
    parts = ("soprano", 60, 81, 0, 1, "alto", 53, 74, 0, 2, "tenor", 48, 69, 0, 3, "bass", 36, 64, 0, 4)
    belief = (0.9, 0.02, 0.3, 0.0, 0.6, 0.1, 0.0, 0.8, 0.05, 0.2, 0.0, 0.1)
    tokens = ("soprano:E5", 0.5, "SUSTAIN", 0.25, "soprano:D5", 0.125)
    return [
        ("stream/model", ("chorales", "", 4, 16, 4, 4)),
        ("stream/parts", parts),
        ("stream/source", ("internal", "MusicRNN:out", "")),
        ("stream/place", (1, 7, 1, 120, 120.0, 0.1)),
        ("stream/played", tuple(played)),
        ("stream/coming", tuple(coming)),
        ("stream/figures", (119, 1.25, 0.75, 3.5)),
        ("stream/belief", (119, *belief)),
        ("stream/likeliest", (119, *tokens)),
        ("stream/chosen", (119, "soprano:E5", 0.5)),
        ("stream/counts", (1, 0, 0, 0, 0, 9, 2, 0)),
        ("stream/timing", (0.1, 0.5, 1.5, 4.0)),
        ("sigma", (0.25,)),
        ("seed", (187093702,)),
        ("mute", ("bass", 1)),
        ("event/warning", ("the port is gone; it is looked for",)),
    ]


def on_screen(
    act: Act,
    size: tuple[int, int] = (80, 24),
    *,
    owner: bool = False,
    scene: Scene | None = None,
    pads: Path = NOWHERE,
    now: Callable[[], float] = time.monotonic,
) -> int:
    """Run the program until the scene is there, then act; return its exit status."""

    async def run() -> int:
        daemon = StandIn(scene=chorale() if scene is None else scene)
        await daemon.open()
        app = app_for(daemon, owner=owner, pads=pads, now=now)
        try:
            async with app.run_test(size=size) as pilot:
                await until(pilot, lambda: bool(app.state.log) or scene is not None, "the scene")
                await pilot.pause()
                app.redraw()
                await act(daemon, app, pilot)
        finally:
            daemon.close()
        return app.return_value or 0

    return asyncio.run(run())
