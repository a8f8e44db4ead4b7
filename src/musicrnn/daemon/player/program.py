"""The player's life: open the port, send what comes through the pipe, and leave in silence.

Two threads of its own: one reads the pipe, the main one does the rest; JACK adds its own. Whatever ends the engine
ends the pipe, and that ends the player, after it has let go of every note.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from types import FrameType

from musicrnn.daemon.clock import MonotonicClock
from musicrnn.daemon.player.core import Core, Hush
from musicrnn.daemon.player.outputs import Output, open_output
from musicrnn.daemon.player.urgency import locked, real_time
from musicrnn.daemon.player.wire import (
    Beat,
    Close,
    Connected,
    Counts,
    Force,
    Latency,
    Left,
    Lost,
    Opened,
    Panic,
    Play,
    Records,
    Up,
    WireError,
    is_message,
    packed,
)
from musicrnn.errors import PortError

SWITCH_SECONDS = 0.0005
EARLY_SECONDS = 0.0002
STACK_BYTES = 512 * 1024
LEAVING_SECONDS = 1.0
MOST_HEARD = 4096
SYSTEM = b"\xf0"  # from here on: clocks, and what is not of a channel


@dataclass(frozen=True, slots=True)
class Orders:
    """What the player is told at its start: a port, and how long an engine may be silent (0: for ever).

    ``transport`` tells to say where the JACK server's transport is, ``listens`` whether the engine wants to know
    all that comes in; it is told what controllers send in any case. ``repeat_offs`` is after how many seconds each
    note-off is sent again (0: never).
    """

    api: str
    name: str
    existing: str = ""
    heartbeat: float = 0.0
    connections: tuple[str, ...] = ()
    transport: bool = False
    listens: bool = True
    repeat_offs: float = 0.0

    def as_word(self) -> str:
        """Return the orders as one word of a command line."""
        return json.dumps(asdict(self))


def orders_of(word: str) -> Orders:
    """Return the orders that a word holds."""
    values = json.loads(word)
    return Orders(**{**values, "connections": tuple(values["connections"])})


class Player:
    """Reads records from one file descriptor and answers on another; :meth:`run` lasts as long as the engine.

    ``opens`` opens the port, with the arguments of `open_output`.
    """

    def __init__(
        self, orders: Orders, source: int, sink: int, clock: MonotonicClock, opens: Callable[..., Output] = open_output
    ) -> None:
        self._orders = orders
        self._opens = opens
        self._source = source
        self._sink = sink
        self._clock = clock
        self._core = Core(orders.repeat_offs)
        self._leaving = False
        self._hushed = self._closing = False
        self._beat = 0
        self._output: Output | None = None
        self._connections: tuple[str, ...] = ()
        self._latency = 0.0

    def leave(self) -> None:
        """Fall silent and leave; safe in a signal handler and from any thread."""
        self._leaving = True
        self._clock.wake()

    def run(self) -> None:
        """Open the port, and play to the end."""
        real, lock = real_time(), locked()
        orders = self._orders
        try:
            output = self._opens(
                orders.api,
                orders.name,
                orders.existing,
                self._core,
                self._clock.wake,
                orders.connections,
                transport=orders.transport,
            )
        except PortError as error:
            self._tell(Lost(str(error)))
            return
        self._output = output  # to the end of the process: python-rtmidi's input may hang where it is let go of
        self._latency = output.latency
        self._tell(Opened(output.name, self._latency, output.exact, real, lock))
        threading.stack_size(STACK_BYTES)
        threading.Thread(target=self._read, name="musicrnn-reader", daemon=True).start()
        _settle()
        self._clock.early = EARLY_SECONDS if real and not output.exact else 0.0
        self._play(output)

    def _play(self, output: Output) -> None:
        while not (self._leaving or (self._core.closing and self._core.empty)):
            self._clock.wait_until(min(output.turn(time.perf_counter()), time.perf_counter() + self._patience()))
            self._report(output)
            if output.problem:
                self._tell(Lost(output.problem))
                return
            self._listen_for_engine()
        self._go_silently(output)

    def _go_silently(self, output: Output) -> None:
        """Let go of all that sounds, wait until that is out, and close the port."""
        if self._leaving or self._core.sounding.notes:
            self._core.put(Hush(for_good=True), time.perf_counter())
        deadline = time.perf_counter() + LEAVING_SECONDS + self._orders.repeat_offs
        while not (output.silent or output.problem or time.perf_counter() > deadline):
            output.turn(time.perf_counter())
            self._clock.wait_until(time.perf_counter() + 0.005)
        self._report(output)
        output.close()

    def _patience(self) -> float:
        """Return how long a wait may last, in seconds."""
        if self._closing:
            return 0.005
        return min(self._orders.heartbeat / 4, 0.25) if self._orders.heartbeat else 0.25

    def _listen_for_engine(self) -> None:
        """Silence what sounds where the engine, hung or stopped, has said nothing for too long."""
        core, patience = self._core, self._orders.heartbeat
        if not patience:
            return
        quiet = time.perf_counter() - core.heard_of > patience
        if quiet and not self._hushed and core.sounding.notes:
            core.put(Hush(), time.perf_counter())
        self._hushed = quiet

    def _report(self, output: Output) -> None:
        """Tell the engine what came in, and what has become of what it sent."""
        for _ in range(min(len(output.heard), MOST_HEARD)):
            heard = output.heard.popleft()
            if is_message(heard.data) and (self._orders.listens or heard.data[:1] < SYSTEM):
                self._tell(heard)
        while output.places:
            self._tell(output.places.popleft())
        core = self._core
        while core.left:
            self._tell(Left(*core.left.popleft()))
        if core.beat != self._beat:
            self._beat = core.beat
            self._tell(Counts(core.beat, core.sent & 0xFFFFFFFF, core.late, core.dropped))
        if output.connections != self._connections:
            self._connections = output.connections
            self._tell(Connected(self._connections))
        latency = output.latency
        if latency != self._latency and self._tell(Latency(latency)):
            self._latency = latency

    def _tell(self, record: Up) -> bool:
        """Write a record; False where the engine is gone or has let the pipe fill up."""
        with contextlib.suppress(OSError, WireError):
            os.write(self._sink, packed(record))
            return True
        return False

    def _read(self) -> None:
        """Leave what comes through the pipe for whoever sends it; its end, or a record out of order, ends all."""
        records = Records()
        with contextlib.suppress(OSError, WireError):
            while data := os.read(self._source, 65_536):
                now = time.perf_counter()
                for record in records.feed(data):
                    if not isinstance(record, Play | Force | Beat | Panic | Close):
                        raise WireError(f"the player must be sent what it can do, got {type(record).__name__}")
                    self._core.put(record, now)
                    self._closing = self._closing or isinstance(record, Close)
                self._clock.wake()
        self.leave()


def _settle() -> None:
    """Let the garbage collector pass over what is there, and nothing of ours wait long for another thread."""
    gc.collect()
    gc.freeze()
    gc.disable()
    sys.setswitchinterval(SWITCH_SECONDS)


def _private_pipes() -> tuple[int, int]:
    """Return the pipes to the engine, and keep the C libraries, which print as they like, away from them."""
    source, sink = os.dup(0), os.dup(1)
    with contextlib.suppress(OSError, AttributeError):  # Windows, before Python 3.12
        os.set_blocking(sink, False)
    sys.stderr = os.fdopen(os.dup(2), "w", buffering=1)
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)
    return source, sink


def main(words: Sequence[str], opens: Callable[..., Output] = open_output) -> int:
    """Be the player: the only word is the `Orders`; ``opens`` opens its port. Return the exit status."""
    source, sink = _private_pipes()
    player = Player(orders_of(words[0]), source, sink, MonotonicClock(), opens)

    def leave(_: int, __: FrameType | None) -> None:
        player.leave()

    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), leave)
    player.run()
    os._exit(0)  # neither the thread that reads nor a client of a dead server is waited for
