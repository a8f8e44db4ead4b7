"""What is around the engine: ports that are lost and come back, a keeper, a log on a bad disk."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Sequence

from musicrnn.daemon.loader import PATIENCE_SECONDS, Loaded, Loader, Wish
from musicrnn.daemon.player_port import MOST_HEARD
from musicrnn.daemon.protocols import MidiOut, TimedMessage
from musicrnn.daemon.session import Entry, entry_line
from musicrnn.errors import ModelError, PortError
from musicrnn.models.generator import Generator
from tests.simulation.family import ABSENT, BREAKS
from tests.simulation.port_judge import PortJudge
from tests.simulation.violation import AsTold
from tests.simulation.world import World


class SimulatedPort:
    """One incarnation of the MIDI port: slow at times, and lost at times."""

    def __init__(self, world: World, judge: PortJudge, number: int) -> None:
        self._world = world
        self._judge = judge
        self._number = number
        self.slow_seconds = 0.0
        self.is_lost = False

    @property
    def name(self) -> str:
        """The port's name, with the number of the incarnation."""
        return f"port {self._number}"

    def send(self, message: TimedMessage) -> None:
        """Have a message judged; PortError once the port is lost."""
        if self.slow_seconds:
            self._world.pass_time(self.slow_seconds / 2)
        if self.is_lost:
            self._judge.failed(message)
            raise PortError(f"{self.name} must be open, got none")
        self._judge.sent(message)
        if self.slow_seconds:
            self._world.pass_time(self.slow_seconds / 2)

    def close(self) -> None:
        """Have the end judged."""
        self._judge.closed(lost=self.is_lost)


class SimulatedPlayerPort(SimulatedPort):
    """A port that wants its messages ahead of their moments, and has an input."""

    lead = 0.005
    late = 0
    dropped = 0

    def __init__(self, world: World, judge: PortJudge, number: int, latency: float) -> None:
        super().__init__(world, judge, number)
        self.latency = latency
        self.incoming: deque[TimedMessage] = deque(maxlen=MOST_HEARD)

    def panic(self) -> None:
        """Silence: what the engine sends after this does the same."""
        self._check()

    def beat(self, now: float) -> None:
        """Hear that the engine lives."""
        del now
        self._check()

    def heard(self) -> list[TimedMessage]:
        """Give what came in."""
        messages = list(self.incoming)
        self.incoming.clear()
        return messages

    def _check(self) -> None:
        if self.is_lost:
            raise PortError(f"{self.name} must be open, got none")


class SimulatedKeeper:
    """Brings a lost port back after a while, in virtual time.

    ``latency`` in seconds makes it one that wants its messages ahead, None a plain one.
    """

    def __init__(
        self, world: World, judge: PortJudge, notify: Callable[[], None], latency: float | None = None
    ) -> None:
        self._latency = latency
        self._world = world
        self._judge = judge
        self._notify = notify
        self._random = world.random("keeper")
        self._found: SimulatedPort | None = None
        self._count = 0
        self.port = self._open()

    def lost(self, port: MidiOut) -> None:
        """Close the port, and begin to look for it."""
        port.close()
        self._world.after(_seconds(self._random, 0.001, 60.0), self._bring)

    def found(self) -> MidiOut | None:
        """Return the port once when it is back."""
        found, self._found = self._found, None
        return found

    def _bring(self) -> None:
        self.port = self._found = self._open()
        self._notify()

    def _open(self) -> SimulatedPort:
        self._judge.opened()
        self._count += 1
        if self._latency is None:
            return SimulatedPort(self._world, self._judge, self._count)
        return SimulatedPlayerPort(self._world, self._judge, self._count, self._latency)


class SimulatedLog:
    """The journal with a disk in virtual time: bounded, never waiting, and incomplete once it says so.

    ``truth`` holds every line that the engine gave, ``written`` what reached the disk.
    """

    def __init__(self, world: World, header: bytes, room: int) -> None:
        self._world = world
        self._room = room
        self._queue: deque[bytes] = deque()
        self.is_slow = False
        self.breaks = False
        self.truth = header
        self.written = header
        self.problem = ""

    def __len__(self) -> int:
        return len(self._queue)

    def add(self, entries: Sequence[Entry]) -> None:
        """Take entries; never waits."""
        if not entries:
            return
        lines = b"".join(entry_line(entry) for entry in entries)
        if self.breaks:
            self.breaks = False
            raise AsTold("a fault in the program")
        self._world.see(lines)
        self.truth += lines
        if len(self._queue) >= self._room:
            self.problem = "the session log is incomplete: the disk is too slow"
            return
        self._queue.append(lines)
        if not self.is_slow:
            self.write()

    def write(self) -> None:
        """Write what waits."""
        if not self.problem:
            self.written += b"".join(self._queue)
        self._queue.clear()


class SimulatedLoader(Loader):
    """The real loader without its thread and its trial: each wish takes a while, one after the other.

    ``make`` gives the model of a name, ``hold_up`` lets the loop's next wait last so much longer.
    """

    def __init__(
        self,
        world: World,
        notify: Callable[[], None],
        make: Callable[[str], Generator],
        let_go: Callable[[object], None],
        hold_up: Callable[[float], None],
    ) -> None:
        super().__init__(notify)
        self._hold_up = hold_up
        self._world = world
        self._make = make
        self._let_go = let_go
        self._random = world.random("loader")
        self._waiting = 0

    def discard(self, things: Sequence[object]) -> None:
        """Have judged what is let go of."""
        for thing in things:
            self._let_go(thing)

    def _put(self, job: list[object]) -> None:  # noqa: ARG002 - of wishes alone: what is let go of is judged
        self._waiting += 1
        if self._waiting == 1:
            self._begin()

    def _begin(self) -> None:
        self._world.after(_seconds(self._random, 0.001, 30.0), self._end)

    def go_ahead(self) -> None:
        """Build, which nothing else runs beside."""
        if self.holdup:
            self._hold_up(self.holdup)
            self.holdup = 0.0

    def _end(self) -> None:
        self.holdup = self._random.choice((0.0, 0.01, 0.1, 0.25))
        if self.holdup:
            self._world.after(PATIENCE_SECONDS, self._have)
        else:
            self._have()

    def _have(self) -> None:
        self.holdup = 0.0
        self._fulfil_next()
        self._waiting -= 1
        if self._waiting:
            self._begin()

    def _check_name(self, name: str) -> None:
        """Know every name: those of models that cannot be had fail at their trial."""

    def _loaded(self, wish: Wish) -> Loaded:
        if wish.name == ABSENT:
            raise ModelError(f"model {wish.name}: it must stand its trial, as told")
        if wish.name == BREAKS:
            raise RuntimeError("a fault in the loader, as told")
        return Loaded(wish, self._make(wish.name), "")


def _seconds(rng: random.Random, least: float, most: float) -> float:
    """Draw a duration: short ones are as likely as long ones."""
    drawn: float = least * (most / least) ** rng.random()
    return drawn
