"""How the tests of the engine drive it: with a clock that they move, and models that need no training."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field

from hypothesis import strategies as st

from musicrnn.config.play import PlaySettings
from musicrnn.control import (
    CONTROLS,
    Command,
    Continue,
    Control,
    ControlValue,
    Panic,
    Ramp,
    Reset,
    Set,
    Start,
    Stop,
    Tap,
)
from musicrnn.daemon.engine import Engine
from musicrnn.daemon.protocols import TimedMessage
from musicrnn.daemon.session import entry_line, header_line
from musicrnn.models.generator import Generator
from musicrnn.models.score import Score
from musicrnn.models.step import StepModel
from musicrnn.testing import ManualClock

PLAY = PlaySettings(seed=1, tempo=120.0)
TICK = 0.125  # seconds, at 120 bpm on a grid of 4
DELAY = 0.05


@dataclass
class Driver:
    """An engine, its clock, and all that came out of it."""

    engine: Engine
    clock: ManualClock = field(default_factory=lambda: ManualClock(1000.0))
    sent: list[TimedMessage] = field(default_factory=list)
    log: bytes = b""
    most_at_once: int = 0

    def __post_init__(self) -> None:
        self.log = header_line(self.engine.header)

    def do(self, *commands: Command) -> None:
        """Give commands now."""
        for command in commands:
            self._send(self.engine.handle(command, self.clock.now()))

    def _send(self, messages: Sequence[TimedMessage]) -> None:
        self.sent += messages
        begun = sum(message.data[0] & 0xF0 == 0x90 for message in messages)
        self.most_at_once = max(self.most_at_once, begun)
        self.log += b"".join(entry_line(entry) for entry in self.engine.take_entries())

    def prepare(self) -> None:
        """Let it make all that it wants to make ahead."""
        while self.engine.prepare(self.clock.now()):
            pass

    def ticks(self, count: int) -> None:
        """Wait for so many deadlines, each met in time."""
        for _ in range(count):
            self.prepare()
            deadline = self.engine.next_deadline()
            if deadline is None:
                return
            self.clock.wait_until(deadline)
            self._send(self.engine.release(self.clock.now()))

    def late(self, seconds: float) -> None:
        """Be held up so long, then look what is due."""
        self.clock.advance(seconds)
        self._send(self.engine.release(self.clock.now()))

    def end(self) -> None:
        """Silence it for good."""
        self._send(self.engine.silence(self.clock.now()))

    @property
    def score(self) -> Score:
        """The recording so far."""
        return self.engine.recording.score(self.engine.tick)

    def notes(self) -> list[tuple[float, int, int, int]]:
        """Return (seconds since the clock began, status, pitch, velocity) of each note message, and forget them."""
        sent, self.sent = self.sent, []
        return [
            (round(message.seconds - 1000.0, 6), *message.data)
            for message in sent
            if message.data[0] & 0xE0 == 0x80 and len(message.data) == 3
        ]


def driver(model: StepModel, prime: str = "", **settings: object) -> Driver:
    """Return an engine that plays a model, not started, at 120 bpm."""
    play = dataclasses.replace(PLAY, **settings)  # type: ignore[arg-type]
    return Driver(Engine(Generator(model), play, prime=prime))


@dataclass(frozen=True)
class Wait:
    """A player lets ticks pass, or is held up for some seconds."""

    ticks: int = 0
    late: float = 0.0


Script = list[tuple[Wait, Command]]


def scripts(
    parts: Sequence[str], primes: Sequence[Command], *, longest_delay: float = 3.0
) -> st.SearchStrategy[Script]:
    """Return what may happen in a session: time that passes, sometimes too much at once, and then a command."""
    controls = st.sampled_from(sorted(CONTROLS)).flatmap(lambda name: _settings(name, parts))
    plain = st.sampled_from([Start(), Stop(), Continue(), Reset(), Panic(), Tap(), *primes])
    ramps = st.builds(Ramp, st.floats(20, 999), st.floats(0, 20))
    waits = st.builds(Wait, ticks=st.integers(1, 12))
    delays = st.builds(Wait, ticks=st.integers(0, 12), late=st.floats(0.0, longest_delay))
    return st.lists(st.tuples(waits | delays, plain | controls | ramps), max_size=8)


def _settings(name: str, parts: Sequence[str]) -> st.SearchStrategy[Set]:
    control = CONTROLS[name]
    part = st.sampled_from(list(parts)) if control.per_part else st.just("")
    return st.builds(Set, st.just(name), _values(control), part)


def _values(control: Control) -> st.SearchStrategy[ControlValue]:
    if control.choices:
        return st.sampled_from(control.choices)
    return st.integers(int(control.low), int(control.high)) if control.whole else st.floats(control.low, control.high)


def perform(player: Driver, script: Script) -> None:
    """Act as listed, play on for a while, then end."""
    player.do(Start())
    for pause, command in script:
        player.ticks(pause.ticks)
        player.late(pause.late)
        player.do(command)
    player.ticks(10)
    player.end()
