"""What follows the clock that is sent, as it gets it: the loop and the player's core in virtual time."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from musicrnn.control import Command, Continue, Set, Start, Stop
from musicrnn.daemon.engine import Engine
from musicrnn.daemon.inbox import Inbox, Request
from musicrnn.daemon.midi_clock import MidiClock
from musicrnn.daemon.player.core import Core
from musicrnn.daemon.player.wire import Play
from musicrnn.daemon.protocols import TimedMessage
from musicrnn.daemon.runtime import Keeper, NoKeeper, Runtime
from musicrnn.daemon.sources import ClockSource
from musicrnn.models.frames import Sounding
from musicrnn.models.generator import Generator
from musicrnn.testing import ManualClock, ScriptedModel, TimedPort, small_vocabulary
from tests.daemon.clock_sender import CLOCK, CONTINUE, START, STOP
from tests.daemon.driving import PLAY
from tests.daemon.test_runtime import PortGiver

Acts = list[tuple[float, Callable[[], None]]]
PLACE = 0xF2
NAMES = {START[0]: "start", CONTINUE[0]: "continue", STOP[0]: "stop", PLACE: "place"}
HITS = [(Sounding(2, 36),)]
TICK_CLOCKS, BAR_CLOCKS = 6, 96
HOST_BEGINS = 1.0
HOST_CLOCK = 1 / 48  # seconds, at 120 bpm
SAME_SECONDS = 1e-6


class PlayedPort(TimedPort):
    """A port whose messages leave as a player's core gives them; ``left`` are they, in seconds since the beginning."""

    def __init__(self, lead: float, latency: float) -> None:
        super().__init__(lead=lead, latency=latency)
        self.left: list[tuple[float, bytes]] = []
        self._core = Core()
        self._now = 1000.0

    def send(self, message: TimedMessage) -> None:
        """Hand it over; what is late already leaves at once."""
        super().send(message)
        self._core.put(Play(message.seconds, message.data), self._now)
        self._core.take()
        self.play(self._now)

    def lose(self) -> None:
        """Be gone."""
        self.gone = True

    def play(self, until: float) -> None:
        """Let leave what is due by then."""
        while (moment := self._core.next_moment) is not None and moment <= until:
            popped = self._core.pop(until + 1e-12)
            if popped is not None:
                self.left.append((max(moment, self._now) - 1000.0, popped[1]))
        self._now = until


class Story(ManualClock):
    """A clock along which somebody acts at moments, in seconds since the beginning."""

    def __init__(self, port: PlayedPort, acts: Acts) -> None:
        super().__init__(1000.0)
        self._port = port
        self._acts = acts

    def wait_until(self, seconds: float) -> None:
        """Be at that moment, or where somebody acts before."""
        act = self._acts.pop(0) if self._acts and self._acts[0][0] + 1000.0 <= seconds else None
        super().wait_until(seconds if act is None else act[0] + 1000.0)
        self._port.play(self.now())
        if act is not None:
            act[1]()


class Told:
    """An instrument that follows: ``words`` are what it was told but clocks, ``number`` is that of its last clock.

    ``hits`` are the numbers of the clocks with which notes began, since it was told to roll last.
    """

    def __init__(self, left: Sequence[tuple[float, bytes]]) -> None:
        self.words: list[str] = []
        self.number: int | None = None
        self.hits: list[int] = []
        self._place, self._begins, self._hit = 0, False, False
        moment = 0.0
        for seconds, data in left:
            if seconds > moment + SAME_SECONDS:
                self._note_hit()
            moment = seconds
            self._hit = self._hit or data[0] & 0xF0 == 0x90
            self.take(data)
        self._note_hit()

    def _note_hit(self) -> None:
        """Be at the end of what comes at one moment."""
        if self._hit and self.number is not None:
            self.hits.append(self.number)
        self._hit = False

    def take(self, data: bytes) -> None:
        """Do what a message says."""
        if data == CLOCK:
            self._clock()
            return
        if data[0] not in NAMES:
            return
        self.words.append(NAMES[data[0]])
        if data == START:
            self._place, self._begins, self.hits = 0, True, []
        elif data == CONTINUE:
            self._begins, self.hits = True, []
        elif data == STOP:
            self.number, self._begins = None, False
        else:
            self._place = 6 * (data[1] | data[2] << 7)

    def _clock(self) -> None:
        if self._begins:
            self.number, self._begins = self._place, False
        elif self.number is not None:
            self.number += 1


class Scene:
    """A daemon that sends its clock, and what it is told at which moments, up to the last of them."""

    def __init__(self, port: PlayedPort, source: ClockSource | None = None, bpm: float = 120.0) -> None:
        self.port = port
        self.acts: Acts = []
        model = ScriptedModel(small_vocabulary(), HITS)
        self.engine = Engine(Generator(model), replace(PLAY, tempo=bpm), source=source, clock_out=True)
        self.clock = Story(port, self.acts)
        self.inbox = Inbox(self.clock.wake)
        self._follows = source is not None

    def ask(self, moment: float, command: Command) -> None:
        """Let a command come in then."""

        def put() -> None:
            self.inbox.put(Request(command))

        self.acts.append((moment, put))

    def play(self, keeper: Keeper | None = None) -> list[tuple[float, bytes]]:
        """Play to the last act; return what had left then."""
        runtime = Runtime(
            self.engine,
            self.clock,
            self.port,
            self.inbox,
            log=lambda _: None,
            keeper=NoKeeper() if keeper is None else keeper,
            follows=self._follows,
        )
        left: list[tuple[float, bytes]] = []

        def end() -> None:
            self.port.play(self.clock.now() + 1.0)  # what is on its way
            left.extend(self.port.left)
            runtime.leave()

        self.acts.append((self.acts[-1][0], end))
        runtime.run([Start()])
        return left


def place(sixteenths: int) -> bytes:
    """Return a song position."""
    return bytes((PLACE, sixteenths & 0x7F, sixteenths >> 7))


HOSTS: dict[str, tuple[list[bytes | int], str]] = {
    "start pressed twice": ([START, 144, START, 100], "start stop start"),
    "stop and start together": ([START, 150, STOP, START, 100], "start stop start"),
    "a jump": ([START, 144, place(0), 100], "start stop place continue"),
    "a jump into a bar": ([START, 102, place(7), 120], "start stop place continue"),
    "a loop of whole bars, through which the music goes on": ([START, 192, place(0), 100], "start"),
    "stop in a bar, continue from a head": (
        [START, 144, STOP, 40, place(64), CONTINUE, 120],
        "start stop place continue",
    ),
    "stop in a beat, continue from the first head": (
        [START, 157, STOP, 40, place(0), CONTINUE, 120],
        "start stop place continue",
    ),
}
PORTS = {"JACK": (0.002, 0.0427), "ALSA": (0.005, 0.0)}


def host_scene(script: Sequence[bytes | int], lead: float, latency: float) -> Scene:
    """Return a daemon that follows a host which says those words, and so many clocks between, at 120 bpm."""
    scene = Scene(PlayedPort(lead, latency), MidiClock(120.0))

    def say(moment: float, data: bytes) -> None:
        scene.acts.append((moment, lambda: scene.port.incoming.append(TimedMessage(1000.0 + moment, data))))

    moment = HOST_BEGINS
    for item in [24, *script]:
        if isinstance(item, bytes):
            say(moment - 0.001, item)
            continue
        for _ in range(item):
            say(moment, CLOCK)
            moment += HOST_CLOCK
    return scene


def assert_with_the_notes(told: Told, engine: Engine) -> None:
    """See that from its second tick on an instrument was at the clock of each hit, and is in the bar where we are."""
    assert len(told.hits) > 8
    assert {number % TICK_CLOCKS for number in told.hits[1:]} == {0}
    assert told.hits[-1] % BAR_CLOCKS == (engine.tick - 1) * TICK_CLOCKS % BAR_CLOCKS


@pytest.mark.parametrize("port", PORTS)
@pytest.mark.parametrize("story", HOSTS)
def test_others_are_told_in_order_what_a_host_does_and_are_on_the_beat(story: str, port: str) -> None:
    """Stop, the place, and only then start or continue, though the host's tick was due before we knew.

    The clocks that went by until then come at once, two on JACK: the latency of the port, which is made up for.
    """
    script, words = HOSTS[story]
    scene = host_scene(script, *PORTS[port])
    left = scene.play()
    told = Told(left)
    assert " ".join(told.words) == words
    assert_with_the_notes(told, scene.engine)
    clocks = Counter(round(moment, 6) for moment, data in left if data == CLOCK)
    assert max(clocks.values()) <= 1 + math.ceil(PORTS[port][1] / HOST_CLOCK)


@pytest.mark.parametrize("gap", [0.0, 0.05])
@pytest.mark.parametrize("again", [Start(), Continue()])
def test_others_are_on_the_beat_after_a_stop_and_start_close_together(again: Command, gap: float) -> None:
    """As in a bundle, or from a pad."""
    scene = Scene(PlayedPort(0.002, 0.0427), bpm=60.0)
    stop = 0.05 + 18.05 * 0.25
    scene.ask(stop, Stop())
    scene.ask(stop + gap, again)
    scene.acts.append((stop + 6.0, lambda: None))
    assert_with_the_notes(Told(scene.play()), scene.engine)


@pytest.mark.parametrize("again", [Start(), Continue()])
def test_others_are_on_the_beat_where_all_leaves_sooner_after_a_stop(again: Command) -> None:
    """The offset falls between a stop and a start, so that those would be before clocks of before."""
    scene = Scene(PlayedPort(0.002, 0.0), bpm=60.0)
    stop = 0.05 + 18.05 * 0.25
    scene.ask(stop, Stop())
    scene.ask(stop + 0.02, Set("offset", -200.0))
    scene.ask(stop + 0.04, again)
    scene.acts.append((stop + 7.0, lambda: None))
    told = Told(scene.play())
    assert told.number is not None
    assert told.words == ["start", "stop", *(["start"] if again == Start() else ["place", "continue"])]
    assert (told.number + 1) % BAR_CLOCKS == scene.engine.tick * TICK_CLOCKS % BAR_CLOCKS


def test_a_port_that_comes_back_stops_those_who_heard_no_stop() -> None:
    """It was lost while they rolled, and stopped meanwhile; only who stands can be told a place."""
    port, second = PlayedPort(0.005, 0.0), TimedPort("second")
    keeper = PortGiver(None)
    scene = Scene(port)
    scene.acts.append((2.0, port.lose))
    scene.ask(3.0, Stop())
    scene.acts.append((4.0, lambda: keeper.bring(second)))
    scene.ask(6.0, Continue())
    scene.acts.append((7.0, lambda: None))
    assert Told(scene.play(keeper)).words == ["start"]
    sent = [(message.seconds, message.data) for message in sorted(second.messages, key=lambda one: one.seconds)]
    assert Told(sent).words == ["stop", "place", "continue", "stop"]
