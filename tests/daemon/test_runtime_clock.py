"""The loop with a host's clock at its port, and with an offset: when what is played leaves."""

from __future__ import annotations

from itertools import pairwise

import pytest

from musicrnn.control import Learn, Set, Start
from musicrnn.daemon.engine import Engine
from musicrnn.daemon.inbox import Inbox, Request
from musicrnn.daemon.loader import NoLoader
from musicrnn.daemon.midi_clock import MidiClock
from musicrnn.daemon.midi_map import MidiMap
from musicrnn.daemon.protocols import TimedMessage
from musicrnn.daemon.runtime import NoKeeper, Runtime
from musicrnn.models.frames import Sounding
from musicrnn.models.generator import Generator
from musicrnn.testing import ManualClock, RecordingPort, ScriptedModel, TimedPort, small_vocabulary
from tests.daemon.clock_sender import CLOCK, START, STOP, beats, steady
from tests.daemon.driving import DELAY, PLAY, TICK

HITS = [(Sounding(2, 36),)]
SECONDS = 6.0


class HostClock(ManualClock):
    """A clock along which a host's messages come to a port, each when its moment has come."""

    def __init__(self, port: TimedPort, coming: list[TimedMessage]) -> None:
        super().__init__(1000.0)
        self._port = port
        self._coming = coming

    def wait_until(self, seconds: float) -> None:
        """Be at that moment, or where the host sends something before."""
        if self._coming and self._coming[0].seconds <= seconds:
            message = self._coming.pop(0)
            super().wait_until(message.seconds)
            self._port.incoming.append(message)
            return
        super().wait_until(seconds)


class PortLostAtAStop(TimedPort):
    """A port that is lost where the host's stop has come in and nobody has read it yet."""

    def beat(self, now: float) -> None:
        """Be lost four seconds in."""
        if now > 1004.0 and not self.gone:
            self.incoming.append(TimedMessage(now, STOP))
            self.gone = True
        super().beat(now)


def hits(port: RecordingPort) -> list[float]:
    """Return the seconds at which notes begin."""
    return [message.seconds - 1000.0 for message in port.messages if message.data[0] & 0xF0 == 0x90]


class Building(NoLoader):
    """A loader that may hold the loop up for a quarter of a second, from four seconds on."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock

    @property
    def holdup(self) -> float:  # type: ignore[override]
        """How long, in seconds."""
        return 0.25 if self._clock.now() > 1004.0 else 0.0


def play(
    port: RecordingPort,
    clock: ManualClock,
    *,
    follows: bool,
    offset: float,
    goes_on: bool = True,
    loader: NoLoader | None = None,
) -> bool:
    """Play until some seconds are over; tell whether it played then."""
    source = MidiClock(100.0, goes_on) if follows else None
    engine = Engine(Generator(ScriptedModel(small_vocabulary(), HITS)), PLAY, source=source)
    engine.offset_ms = offset * 1000.0
    plays: list[bool] = []

    def end() -> None:
        plays.append(runtime.status.playing)
        runtime.leave()

    runtime = Runtime(
        engine,
        clock,
        port,
        Inbox(clock.wake),
        log=lambda _: end() if clock.now() > 1000.0 + SECONDS else None,
        keeper=NoKeeper(),
        follows=follows,
        loader=loader,
    )
    runtime.run([Start()])
    return plays[0]


@pytest.mark.parametrize("offset", [-0.1, -0.012, 0.0, 0.02, 0.25])
def test_an_offset_moves_what_leaves_and_nothing_else(offset: float) -> None:
    """Whichever way; the beat keeps its length."""
    port = RecordingPort()
    play(port, ManualClock(), follows=False, offset=offset)
    moved = hits(port)
    assert len(moved) > 30
    assert moved == pytest.approx([moved[0] + number * TICK for number in range(len(moved))])
    assert moved[0] == pytest.approx(DELAY)


def host(port: TimedPort) -> HostClock:
    """Return a clock along which a host starts at 1.5 s and rolls at 120 bpm."""
    truth = beats(steady(120.0), 12, start=1001.5)
    clocks = [TimedMessage(moment, CLOCK) for moment in truth.seconds]
    return HostClock(port, [TimedMessage(1001.499, START), *clocks])


@pytest.mark.parametrize("latency", [0.0, 0.0107, 0.0427])
@pytest.mark.parametrize("offset", [0.0, -0.02, 0.02])
def test_what_follows_a_host_is_heard_with_it_whatever_the_port_needs(latency: float, offset: float) -> None:
    """Each hit but the first, which cannot be known of before, leaves so much before its place in the host's beat."""
    port = TimedPort(latency=latency)
    play(port, host(port), follows=True, offset=offset)
    heard = [moment + latency - offset for moment in hits(port)]
    assert len(heard) > 30
    assert heard[0] == pytest.approx(1.5 + max(port.lead + latency - offset, 0.0), abs=0.001)
    assert heard[1:] == pytest.approx([1.5 + number * TICK for number in range(1, len(heard))], abs=0.002)


@pytest.mark.parametrize(("offset", "builds"), [(-0.25, False), (0.0, True), (-0.25, True), (0.25, False)])
def test_a_clock_that_comes_is_not_lost_however_far_ahead_of_it_the_music_is_made(offset: float, builds: bool) -> None:
    """As for a port with a latency of 43 ms, an offset, and a model that is built meanwhile."""
    port = TimedPort(latency=0.0427)
    clock = host(port)
    loader = Building(clock) if builds else None
    assert play(port, clock, follows=True, offset=offset, goes_on=False, loader=loader)


@pytest.mark.parametrize("offset", [-0.25, 0.0, 0.25])
def test_a_clock_is_lost_as_long_after_its_last_whatever_the_offset(offset: float) -> None:
    """With the first tick 0.3 s after it the music stops, where that is asked for."""
    port = TimedPort()
    truth = beats(steady(120.0), 4, start=1001.5)
    coming = [TimedMessage(1001.499, START), *(TimedMessage(moment, CLOCK) for moment in truth.seconds)]
    play(port, HostClock(port, coming), follows=True, offset=offset, goes_on=False)
    ends = max(message.seconds for message in port.messages if message.data[0] & 0xF0 == 0x90) - truth.seconds[-1]
    assert ends == pytest.approx(0.3, abs=TICK + port.lead)


class PortWhosePeriodChanges(TimedPort):
    """A port that needs another time from the third second on."""

    def __init__(self, before: float, after: float) -> None:
        super().__init__(latency=before)
        self._after = after

    def beat(self, now: float) -> None:
        """Change then."""
        if now > 1003.0:
            self.latency = self._after
        super().beat(now)


@pytest.mark.parametrize(("before", "after"), [(0.0107, 0.0427), (0.0427, 0.0107), (0.0053, 0.1707)])
def test_what_follows_a_host_stays_with_it_where_the_port_needs_another_time(before: float, after: float) -> None:
    """Half a second later at most, in steps that leave out no tick."""
    port = PortWhosePeriodChanges(before, after)
    play(port, host(port), follows=True, offset=0.0)
    heard = {1.5 + number * TICK: moment for number, moment in enumerate(hits(port))}
    assert len(heard) > 30
    for place, moment in list(heard.items())[1:]:
        latency = before if place < 3.0 else after
        off = 0.002 + (abs(after - before) if 2.8 < place < 3.5 else 0.0)
        assert moment + latency == pytest.approx(place, abs=off)


@pytest.mark.parametrize("kind", [TimedPort, PortLostAtAStop])
def test_a_stop_that_came_in_just_before_the_port_was_lost_is_obeyed(kind: type[TimedPort]) -> None:
    """Without it the music would go on alone, as it does with a clock that is lost."""
    port = kind()
    assert play(port, host(port), follows=True, offset=0.0) is (kind is TimedPort)


def test_a_midi_controller_moves_a_control_and_what_was_learnt_is_kept() -> None:
    """The first turn of a knob is learnt, the next ones are obeyed."""
    port, clock = TimedPort(), ManualClock()
    saved: list[str] = []
    hands = MidiMap()
    turns = [TimedMessage(0.0, bytes((0xB0, 21, value))) for value in (0, 0, 127)]

    def at_each_turn(_: object) -> None:
        if hands.learning or len(hands):
            port.incoming += turns[:1]
            del turns[:1]
        if clock.now() > 1002.0:
            runtime.leave()

    runtime = Runtime(
        Engine(Generator(ScriptedModel(small_vocabulary(), HITS)), PLAY),
        clock,
        port,
        Inbox(clock.wake),
        log=at_each_turn,
        keeper=NoKeeper(),
        hands=hands,
        save_hands=saved.append,
    )
    runtime.run([Learn("sigma"), Start()])
    assert runtime.status.controls["sigma"] == 16.0
    assert ['"name": "sigma"' in text for text in saved] == [True]


def test_an_offset_that_changes_while_it_plays_costs_no_tick() -> None:
    """It is come nearer to by small steps."""
    port, clock, inbox = RecordingPort(), ManualClock(), Inbox(lambda: None)
    at = {1001.0: Set("offset", -200.0), 1005.0: Set("offset", 250.0)}

    def at_each_turn(_: object) -> None:
        for moment in [moment for moment in at if clock.now() >= moment]:
            inbox.put(Request(at.pop(moment)))
        if clock.now() > 1012.0:
            runtime.leave()

    engine = Engine(Generator(ScriptedModel(small_vocabulary(), HITS)), PLAY)
    runtime = Runtime(engine, clock, port, inbox, log=at_each_turn, keeper=NoKeeper())
    runtime.run([Start()])
    moved = hits(port)
    gaps = [after - before for before, after in pairwise(moved)]
    assert runtime.status.skipped_ticks == 0
    assert runtime.delay == 0.25
    assert min(gaps) == pytest.approx(TICK - 0.01)
    assert max(gaps) == pytest.approx(TICK + 0.01)
