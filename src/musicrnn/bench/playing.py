"""How late what is played leaves this machine: through a port of its own MIDI system to a port of another client.

What plays is the daemon's own engine, runtime and player; what hears is a second player, which listens.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from musicrnn.bench.figures import Spread, spread
from musicrnn.config.settings import Settings
from musicrnn.control import Start, Status
from musicrnn.daemon.clock import MonotonicClock
from musicrnn.daemon.engine import Engine
from musicrnn.daemon.inbox import Inbox
from musicrnn.daemon.player.program import Orders
from musicrnn.daemon.player_port import PlayerPort
from musicrnn.daemon.priority import punctual
from musicrnn.daemon.protocols import MidiOut, TimedMessage
from musicrnn.daemon.runtime import NoKeeper, Runtime
from musicrnn.daemon.session import Entry, resolved
from musicrnn.errors import PortError
from musicrnn.models.generator import Generator
from musicrnn.models.step import StepModel

SETTLE_SECONDS = 2.0
LAST_SECONDS = 1.0
LOOK_SECONDS = 0.01
SEED = 1
_INPUT = {"coremidi": "{} in"}  # on the other systems a client has ports


@dataclass(frozen=True, slots=True)
class PlayerFacts:
    """The player: how many seconds it took to start and open its port, and what the system granted it."""

    start_seconds: float
    real_time: bool
    locked: bool


@dataclass(frozen=True, slots=True)
class Played:
    """What was heard.

    ``system`` is the MIDI system, empty where there is none and ``reason`` says why; then ``lateness`` is that of
    messages that leave the engine. Else it is counted from ``latency``, the seconds after its moment at which each
    message is to leave. ``messages`` are the note-ons and note-offs that were sent, ``lost`` those that did not arrive.
    ``exact`` and the ``player`` are as it said itself, ``real_time`` is the engine's.
    """

    system: str
    reason: str
    latency: float
    exact: bool
    lateness: Spread | None
    messages: int
    lost: int
    skipped_ticks: int
    real_time: bool
    player: PlayerFacts | None


class NotingPort(PlayerPort):
    """A player that is fed as the daemon feeds it, and a note of what it was given."""

    def __init__(self, orders: Orders) -> None:
        self.noted: list[TimedMessage] = []
        super().__init__(orders, _nothing)

    def send(self, message: TimedMessage) -> None:
        """Hand over a message and note it. Raises as `PlayerPort.send`."""
        super().send(message)
        self.noted.append(message)


class LatenessPort:
    """A port to nowhere that notes how late each note comes to it."""

    name = "none"

    def __init__(self) -> None:
        self.late: list[float] = []

    def send(self, message: TimedMessage) -> None:
        """Note how late it is."""
        if is_note(message.data):
            self.late.append(time.perf_counter() - message.seconds)

    def close(self) -> None:
        """Do nothing."""


class Ear:
    """A client of its own with an input port, in a process of its own, and what has come in there."""

    def __init__(self, api: str) -> None:
        """Open it. Raises PortError where there is no MIDI system."""
        self.messages: list[TimedMessage] = []
        self._port: PlayerPort | None = None
        self._port = PlayerPort(Orders(api, f"MusicRNN bench {os.getpid()}"), self._take)
        self.name, _, system = self._port.name.rpartition(" (")
        self.system = system.rstrip(")")

    @property
    def input(self) -> str:
        """The name of its input port, by which others find it."""
        return _INPUT.get(self.system, "{}:in").format(self.name)

    def close(self) -> None:
        """Close the port; nothing the second time."""
        if self._port is not None:
            self._port.close()

    def _take(self) -> None:
        if self._port is not None:
            self.messages += self._port.heard()


def measure_playing(model: StepModel, settings: Settings) -> Played:
    """Play for ``bench.seconds`` and hear when each note comes.

    Raises PortError where a MIDI system was asked for and is not there.
    """
    api = settings.midi.api
    with contextlib.ExitStack() as stack:
        try:
            if api == "none":
                raise PortError("none was wanted (midi.api is none)")
            ear = Ear(api)
        except PortError as error:
            if "midi.api" in settings.origins and api not in ("auto", "none"):
                raise
            return _into_nothing(model, settings, str(error))
        stack.callback(ear.close)
        return _through(ear, model, settings, stack)


def _into_nothing(model: StepModel, settings: Settings, reason: str) -> Played:
    port = LatenessPort()
    status, real_time = play(model, settings, port)
    late = spread(port.late) if port.late else None
    return Played("", reason, 0.0, False, late, len(port.late), 0, status.skipped_ticks, real_time, None)


def _through(ear: Ear, model: StepModel, settings: Settings, stack: contextlib.ExitStack) -> Played:
    orders = Orders(ear.system, f"{ear.name} player", ear.input, settings.midi.heartbeat_seconds)
    began = time.perf_counter()
    port = NotingPort(orders)
    opened = time.perf_counter() - began
    stack.callback(port.close)
    time.sleep(SETTLE_SECONDS)  # until both clients know the clock of the system well
    status, real_time = play(model, settings, port)
    sent = [message for message in port.noted if is_note(message.data)]
    _wait_for(sent, ear)
    late = lateness(sent, ear.messages, port.latency)
    return Played(
        ear.system,
        "",
        port.latency,
        port.opened.exact,
        spread(late) if late else None,
        len(sent),
        len(sent) - len(late),
        status.skipped_ticks,
        real_time,
        PlayerFacts(opened, port.opened.real_time, port.opened.locked),
    )


def play(model: StepModel, settings: Settings, port: MidiOut) -> tuple[Status, bool]:
    """Play to a port, and close it; return the last status, and whether real-time scheduling was granted."""
    chosen = replace(
        resolved(settings.play, model.info, SEED), prime="", bars=0, end="restart", clock="internal", quantise="none"
    )
    clock = MonotonicClock()
    runtime = Runtime(Engine(Generator(model), chosen), clock, port, Inbox(clock.wake), log=_no_log, keeper=NoKeeper())
    end = threading.Timer(settings.bench.seconds, runtime.leave)
    end.daemon = True
    try:
        with punctual() as real_time:
            end.start()
            runtime.run([Start()])
    finally:
        end.cancel()
        clock.close()
    return runtime.status, real_time


def lateness(sent: Iterable[TimedMessage], heard: Iterable[TimedMessage], latency: float) -> list[float]:
    """Return how many seconds after its moment and the latency each message came that did; equal ones in order."""
    waiting: dict[bytes, deque[float]] = defaultdict(deque)
    for message in sorted(sent):
        waiting[message.data].append(message.seconds)
    return [message.seconds - waiting[message.data].popleft() - latency for message in heard if waiting[message.data]]


def is_note(data: bytes) -> bool:
    """Tell whether a message is a note-on or a note-off."""
    return data[0] & 0xE0 == 0x80


def _wait_for(sent: Sequence[TimedMessage], ear: Ear) -> None:
    """Wait for the last messages, which are on their way."""
    deadline = time.perf_counter() + LAST_SECONDS
    while sum(is_note(message.data) for message in ear.messages) < len(sent) and time.perf_counter() < deadline:
        time.sleep(LOOK_SECONDS)


def _nothing() -> None:
    """Nobody waits for what this port hears."""


def _no_log(entries: Sequence[Entry]) -> None:
    """Keep no log."""
    del entries
