"""A model that is built holds every thread up for a while: what is due meanwhile is in the player before."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from musicrnn.control import Start
from musicrnn.daemon.engine import Engine
from musicrnn.daemon.inbox import Inbox
from musicrnn.daemon.loader import NoLoader
from musicrnn.daemon.protocols import TimedMessage
from musicrnn.daemon.runtime import NoKeeper, Runtime
from musicrnn.models.frames import Sounding
from musicrnn.models.generator import Generator
from musicrnn.testing import ManualClock, RecordingPort, ScriptedModel, TimedPort, small_vocabulary
from tests.daemon.driving import PLAY, TICK

HITS = [(Sounding(2, 36),)]
BUILDS_AT = 1002.0
SECONDS = 6.0


class BuildingLoader(NoLoader):
    """Builds a model once it may, or once its patience is at an end; ``asks`` tells whether it says so before."""

    def __init__(self, clock: ManualClock, seconds: float, *, asks: bool) -> None:
        self._clock = clock
        self._seconds = seconds
        self._asks = asks
        self.built = 0.0

    @property
    def holdup(self) -> float:  # type: ignore[override]
        """How long building will take, from the moment on at which it wants to."""
        return self._seconds if self._asks and not self.built and self._clock.now() >= BUILDS_AT else 0.0

    def go_ahead(self) -> None:
        """Build: no other thread runs."""
        self.built = self._clock.now()
        self._clock.wait_until(self.built + self._seconds)

    def impatient(self) -> None:
        """Build without having asked."""
        if not (self._asks or self.built) and self._clock.now() >= BUILDS_AT:
            self.go_ahead()


class PunctualPort(TimedPort):
    """Notes how long before its moment each message came."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__()
        self._clock = clock
        self.early: list[float] = []

    def send(self, message: TimedMessage) -> None:
        """Keep a message."""
        super().send(message)
        self.early.append(message.seconds - self._clock.now())


class SleepyClock(ManualClock):
    """A clock on which a wait ends 0.1 ms late, as on a machine."""

    def wait_until(self, seconds: float) -> None:
        """Be there a bit later."""
        super().wait_until(seconds + 0.0001)


def play(
    seconds: float, *, asks: bool, clock_of: Callable[[float], ManualClock] = ManualClock
) -> tuple[PunctualPort, Runtime, BuildingLoader]:
    """Play for some seconds, in which a model is built."""
    clock = clock_of(1000.0)
    port, loader = PunctualPort(clock), BuildingLoader(clock, seconds, asks=asks)
    engine = Engine(Generator(ScriptedModel(small_vocabulary(), HITS)), PLAY)

    def log(_: object) -> None:
        loader.impatient()
        if clock.now() > 1000.0 + SECONDS:
            runtime.leave()

    inbox = Inbox(clock.wake)
    runtime = Runtime(engine, clock, port, inbox, log=log, keeper=NoKeeper(), loader=loader)
    runtime.run([Start()])
    return port, runtime, loader


def begins(port: RecordingPort) -> list[float]:
    """Return the moments at which notes begin."""
    return [message.seconds for message in port.messages if message.data[0] & 0xF0 == 0x90]


@pytest.mark.parametrize("seconds", [0.01, 0.035, 0.25])
def test_nothing_is_late_however_long_it_takes(seconds: float) -> None:
    """And no tick is left out, moved, or looks late on the way there and back."""
    port, runtime, loader = play(seconds, asks=True)
    assert loader.built
    notes = begins(port)
    assert notes == pytest.approx([notes[0] + number * TICK for number in range(len(notes))])
    assert min(port.early[3:-10]) >= -1e-6
    assert (runtime.status.late_ticks, runtime.status.skipped_ticks) == (0, 0)


@pytest.mark.parametrize("seconds", [0.01, 0.035, 0.25])
def test_the_loader_is_told_to_go_ahead_on_a_clock_whose_waits_end_a_bit_late(seconds: float) -> None:
    """Soon, and nothing is late then either."""
    port, runtime, loader = play(seconds, asks=True, clock_of=SleepyClock)
    assert BUILDS_AT < loader.built < BUILDS_AT + 1.0
    assert min(port.early[3:-10]) >= -1e-6
    assert (runtime.status.late_ticks, runtime.status.skipped_ticks) == (0, 0)


def test_ticks_are_left_out_where_the_loader_does_not_ask() -> None:
    """So the test above can fail."""
    _, runtime, loader = play(0.25, asks=False)
    assert loader.built
    assert runtime.status.skipped_ticks > 0


def test_the_lead_is_as_before_afterwards() -> None:
    """A control is heard as soon as it was."""
    port, _, loader = play(0.25, asks=True)
    last = [
        early for message, early in zip(port.messages, port.early, strict=True) if message.seconds > loader.built + 2
    ]
    assert max(last[:-10]) <= port.lead + 0.001
    assert max(port.early) > 0.25
