"""The engine follows the JACK transport: its bars, its tempo or our own, its rolling, standing and moving."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import pytest

from musicrnn.control import Command, Continue, Ramp, Set, Start, Stop, Tap
from musicrnn.daemon.engine import Engine
from musicrnn.daemon.jack_transport import JackTransport
from musicrnn.daemon.player.wire import Place
from musicrnn.daemon.sources import BeatLine, Began, Halted, Lost
from musicrnn.errors import ControlError
from musicrnn.models.frames import Frame
from musicrnn.models.generator import Generator
from musicrnn.models.step import StepModel
from musicrnn.models.vocabulary import END
from musicrnn.testing import ScriptedModel
from tests.daemon.driving import PLAY
from tests.daemon.test_following import BAR_TICKS, EVERY, GRID, HEAD, VOCABULARY, Studio

CYCLE = 0.1
BAR = 4.0


@dataclass
class Stage:
    """A transport, and an engine that follows it; ``bpm`` is the timebase master's, 0 without one.

    The engine lives ``ahead`` by so many seconds.
    """

    source: JackTransport
    room: Studio
    bpm: float = 120.0
    position: float = 0.0
    beat: float = 0.0
    ahead: float = 0.0

    def tell(self, *, rolling: bool) -> None:
        """Let the player say where the transport is now."""
        beat, bar = (self.beat, BAR) if self.bpm else (0.0, 0.0)
        self.source.put(Place(self.room.now - self.ahead, self.position, beat, self.bpm, bar, rolling))
        self.room.host()

    def roll(self, seconds: float) -> None:
        """Let the transport roll for so long, and tell it ten times a second."""
        for _ in range(round(seconds / CYCLE)):
            self.tell(rolling=True)
            self.go_on(CYCLE)

    def go_on(self, seconds: float) -> None:
        """Let it roll for so long, and tell nothing."""
        self.room.wait(seconds)
        self.position += seconds
        self.beat += seconds * self.bpm / 60.0

    def stop(self, position: float | None = None) -> None:
        """Let it stand, where it is or elsewhere (at a steady tempo)."""
        if position is not None:
            self.position, self.beat = position, position * self.bpm / 60.0
        self.tell(rolling=False)

    def is_in_place(self) -> None:
        """Check that the tick played last has the transport's place in the bar."""
        last = self.room.engine.last
        assert last is not None
        assert last.tick % BAR_TICKS == int(self.beat * GRID) % BAR_TICKS

    def begun(self, since: float) -> list[float]:
        """Return the moments at which notes began, in seconds since that, and forget them."""
        sent, self.room.sent = self.room.sent, []
        return [round(one.seconds - since, 3) for one in sent if one.data[0] & 0xF0 == 0x90]

    @property
    def clock(self) -> str:
        """What the status says of it."""
        return self.room.engine.status(self.room.now).clock


def stage(model: StepModel, *, bpm: float = 120.0, goes_on: bool = True, ahead: float = 0.0) -> Stage:
    """Return a stage whose engine was told to play, at 90 bpm where the tempo is its own."""
    source = JackTransport(90.0, goes_on)
    room = Studio(Engine(Generator(model), PLAY, source=source))
    room.do(Start())
    return Stage(source, room, bpm, ahead=ahead)


def test_it_waits_for_the_transport_and_begins_with_it() -> None:
    """On its first frame."""
    hall = stage(ScriptedModel(VOCABULARY, HEAD))
    hall.stop()
    hall.room.wait(1.0)
    assert hall.begun(0.0) == []
    assert hall.room.engine.status(hall.room.now).message == "waiting for the host to start"
    assert hall.clock == "JACK transport, waiting for the host"
    since = hall.room.now
    hall.roll(4.5)
    assert hall.begun(since) == [0.0, 2.0, 4.0]
    assert hall.clock == "JACK transport, rolling"


@pytest.mark.parametrize("position", [2.5, 0.0, 7.0, 0.875])
def test_after_a_move_the_bar_lines_are_again_the_transports(position: float) -> None:
    """A bar is two seconds, a tick an eighth of one."""
    hall = stage(ScriptedModel(VOCABULARY, EVERY))
    hall.roll(3.0)
    hall.stop()
    hall.stop(position)
    hall.begun(0.0)
    since = hall.room.now
    hall.roll(3.9)
    assert hall.begun(since)[0] < 0.6
    hall.is_in_place()


def test_a_move_while_it_rolls_releases_what_sounds_and_goes_on_from_the_new_place() -> None:
    """From the first beat of the third bar to the last of the first."""
    hall = stage(ScriptedModel(VOCABULARY, EVERY))
    hall.roll(4.1)
    hall.is_in_place()
    hall.position, hall.beat = 1.5, 3.0
    hall.roll(0.9)
    hall.is_in_place()


def test_the_tempo_is_the_timebase_masters() -> None:
    """Through a change of it; ours is refused."""
    hall = stage(ScriptedModel(VOCABULARY, HEAD))
    hall.roll(2.0)
    hall.bpm = 60.0
    hall.roll(8.0)
    for command in (Set("tempo", 90.0), Ramp(90.0, 4.0)):
        with pytest.raises(ControlError, match="tempo must be set in the host"):
            hall.room.do(command)
    assert hall.room.engine.status(hall.room.now).tempo == 60.0


class Ending(ScriptedModel):
    """A model whose piece has an end."""

    def __init__(self, frames: Sequence[Frame]) -> None:
        super().__init__(VOCABULARY, frames)
        self._first, self._again = [*self._first, END], [END]


def ended(end: str = "stop") -> Stage:
    """Return a stage on which a piece of two bars has ended, of which the transport rolls on."""
    source = JackTransport(90.0)
    room = Studio(Engine(Generator(Ending(EVERY * 2)), dataclasses.replace(PLAY, end=end), source=source))
    room.do(Start())
    hall = Stage(source, room)
    hall.stop()
    hall.roll(5.0)
    assert hall.room.engine.status(hall.room.now).message == "the piece has ended"
    hall.begun(0.0)
    return hall


@pytest.mark.parametrize("stands", [False, True])
def test_a_piece_that_has_ended_is_not_begun_by_a_transport_that_moves(stands: bool) -> None:
    """As one that loops does, again and again, or that stands in between."""
    hall = ended()
    if stands:
        hall.stop()
    hall.position, hall.beat = 2.0, 4.0
    hall.roll(3.0)
    assert hall.begun(0.0) == []
    hall.stop(0.0)
    hall.roll(3.0)
    assert hall.begun(0.0)


@pytest.mark.parametrize("command", [Start(), Continue()])
@pytest.mark.parametrize("before", [False, True])
def test_after_its_end_a_piece_is_begun_by_command(before: bool, command: Command) -> None:
    """While the transport rolls, or before it rolls from anywhere; it loops as ever then."""
    hall = ended()
    if before:
        hall.stop()
    hall.room.do(command)
    hall.position, hall.beat = 2.0, 4.0
    hall.roll(3.0)
    assert hall.begun(0.0)
    hall.position, hall.beat = 2.0, 4.0
    hall.roll(0.5)
    assert hall.begun(0.0)
    hall.is_in_place()


def test_without_a_master_the_tempo_is_ours_from_frame_0_on() -> None:
    """90 bpm, then 180 from the head of the second bar on: bars of 2.667 and 1.333 seconds."""
    hall = stage(ScriptedModel(VOCABULARY, HEAD), bpm=0.0)
    since = hall.room.now
    hall.roll(2.6)
    assert hall.clock == "JACK transport at our own tempo (no timebase master), rolling"
    hall.room.do(Set("tempo", 180.0))
    hall.roll(2.6)
    assert hall.begun(since) == [0.0, pytest.approx(2.667, abs=0.001), pytest.approx(4.0, abs=0.001)]
    assert hall.room.engine.status(hall.room.now).tempo == 180.0


def change(hall: Stage, moment: float, *commands: Command) -> list[float]:
    """Give commands at that moment, let it roll on, and return how far apart the notes were that began from then on.

    The last note before counts with them. No note was cut.
    """
    hall.stop()
    hall.roll(moment)
    hall.tell(rolling=True)
    hall.go_on(moment % CYCLE)
    before = hall.begun(0.0)
    hall.room.log = b""
    hall.room.do(*commands)
    hall.roll(6.0)
    assert b"stop" not in hall.room.log
    assert hall.clock == "JACK transport at our own tempo (no timebase master), rolling"
    return [later - earlier for earlier, later in pairwise([before[-1], *hall.begun(0.0)])]


@pytest.mark.parametrize("ahead", [0.0, 0.005, 0.045])
@pytest.mark.parametrize("moment", [0.23, 8.34])
@pytest.mark.parametrize("bpm", [91.0, 171.0])
def test_without_a_master_another_tempo_holds_from_the_next_tick_on(bpm: float, moment: float, ahead: float) -> None:
    """However far the transport has come, and the engine is ahead of it: the place in the song stays."""
    hall = stage(ScriptedModel(VOCABULARY, EVERY), bpm=0.0, ahead=ahead)
    first, *others = change(hall, moment, Set("tempo", bpm))
    assert first == pytest.approx(60 / 90 / GRID, abs=0.002)
    assert others == pytest.approx([60 / bpm / GRID] * len(others), abs=0.002)


@pytest.mark.parametrize("ahead", [0.0, 0.005, 0.045])
@pytest.mark.parametrize("moment", [0.23, 8.34])
@pytest.mark.parametrize("bpm", [40.0, 120.0])
def test_without_a_master_a_ramp_bends_the_tempo_tick_by_tick(bpm: float, moment: float, ahead: float) -> None:
    """In four beats: each tick has the tempo of its middle."""
    hall = stage(ScriptedModel(VOCABULARY, EVERY), bpm=0.0, ahead=ahead)
    _, *others = change(hall, moment, Ramp(bpm, 4.0))
    ticks = 4 * GRID
    ramp = [60 / (90 + (number + 0.5) / ticks * (bpm - 90)) / GRID for number in range(ticks)]
    assert others == pytest.approx([*ramp, *[60 / bpm / GRID] * (len(others) - ticks)], abs=0.002)


@pytest.mark.parametrize("ahead", [0.0, 0.005, 0.045])
def test_without_a_master_the_tempo_can_be_tapped(ahead: float) -> None:
    """100 bpm."""
    hall = stage(ScriptedModel(VOCABULARY, EVERY), bpm=0.0, ahead=ahead)
    _, *others = change(hall, 8.34, Tap(1.0), Tap(1.6))
    assert others == pytest.approx([60 / 100 / GRID] * len(others), abs=0.002)


def test_without_a_master_frame_0_is_beat_0_whatever_the_tempo_was() -> None:
    """Also where it changed before any other frame was told, and the transport went back."""
    source = JackTransport(90.0)
    source.put(Place(100.0, 0.0, 0.0, 0.0, 0.0, rolling=True))
    source.hear([], 100.0)
    source.propose(180.0, 100.05)
    for seconds, position, rolling in ((100.1, 0.1, True), (101.0, 0.0, False), (102.0, 0.0, True)):
        source.put(Place(seconds, position, 0.0, 0.0, 0.0, rolling))
    assert source.hear([], 102.0) == [Halted(), Began(0.0, anew=True)]
    assert source.line == BeatLine(0.0, 102.0, 180.0)


def test_our_own_tempo_can_ramp() -> None:
    """From 90 to 180 bpm in eight beats: 3.7 s, not 5.3 or 2.7."""
    hall = stage(ScriptedModel(VOCABULARY, HEAD), bpm=0.0)
    hall.roll(CYCLE)
    hall.room.do(Ramp(180.0, 8.0))
    hall.roll(6.0)
    assert hall.room.engine.status(hall.room.now).tempo == 180.0
    first, _, third, *_ = hall.begun(0.0)
    assert third - first == pytest.approx(3.7, abs=0.1)


def test_who_joins_while_it_rolls_enters_at_the_next_bar() -> None:
    """The transport is in its second bar."""
    hall = stage(ScriptedModel(VOCABULARY, HEAD))
    hall.position, hall.beat = 2.5, 5.0
    since = hall.room.now
    hall.roll(3.0)
    assert hall.begun(since) == [1.5]


def test_a_stop_of_ours_leaves_the_transport_rolling() -> None:
    """And a start comes in again at its bar."""
    hall = stage(ScriptedModel(VOCABULARY, HEAD))
    since = hall.room.now
    hall.roll(1.0)
    hall.room.do(Stop())
    hall.roll(2.0)
    hall.room.do(Start())
    hall.roll(2.0)
    assert hall.begun(since) == [0.0, 4.0]


def test_a_server_that_is_lost_goes_on_or_stops_as_it_is_told() -> None:
    """It is noticed after 0.6 s."""
    for goes_on in (True, False):
        hall = stage(ScriptedModel(VOCABULARY, HEAD), goes_on=goes_on)
        since = hall.room.now
        hall.roll(1.5)
        hall.room.wait(0.4)
        hall.room.wait(0.4)
        assert "no clock" in hall.room.engine.status(hall.room.now).message
        hall.room.wait(1.8)
        assert hall.begun(since) == ([0.0, 2.0, 4.0] if goes_on else [0.0, 2.0])[: 3 if goes_on else 2]
        assert hall.room.engine.status(hall.room.now).playing == goes_on


def test_that_no_clock_comes_is_taken_back_once_the_server_is_heard_again() -> None:
    """Not only after a minute."""
    hall = stage(ScriptedModel(VOCABULARY, HEAD))
    hall.roll(1.5)
    hall.go_on(0.8)
    assert "no clock" in hall.room.engine.status(hall.room.now).message
    hall.roll(CYCLE)
    assert hall.clock == "JACK transport, rolling"
    assert hall.room.engine.status(hall.room.now).message == ""


def test_who_lives_further_ahead_all_of_a_sudden_has_not_lost_the_server() -> None:
    """Neither the moment at which a place is taken nor the silence since then is the engine's."""
    source = JackTransport(90.0)
    source.put(Place(100.0, 10.0, 17.0, 100.0, BAR, rolling=True))
    source.hear([], 100.0, 0.0)
    assert source.hear([], 100.9, 0.4) == []
    assert source.hear([], 101.1, 0.4) == [Lost()]


def test_what_the_transport_does_is_told_once() -> None:
    """From its beginning anew; from elsewhere, or after a move, not."""
    source = JackTransport(90.0)
    places = [(0.0, 0.0, False), (0.0, 0.0, True), (0.1, 0.2, True), (0.1, 0.2, False), (5.0, 10.0, False)]
    places += [(5.0, 10.0, True), (5.1, 10.2, True), (1.0, 2.0, True)]
    events = []
    for number, (position, beat, rolling) in enumerate(places):
        source.put(Place(100.0 + number / 10, position, beat, 120.0, BAR, rolling))
        events += source.hear([], 100.0 + number / 10)
    events += source.hear([], 102.0) + source.hear([], 103.0)
    assert events == [Began(0.0, True), Halted(), Began(10.0, False), Began(2.0, False, True), Lost()]


def test_when_the_master_leaves_its_tempo_and_place_stay() -> None:
    """Where it was."""
    source = JackTransport(90.0)
    source.put(Place(100.0, 10.0, 17.0, 100.0, BAR, rolling=True))
    source.hear([], 100.0)
    source.put(Place(101.0, 11.0, 0.0, 0.0, 0.0, rolling=True))
    assert source.hear([], 101.0) == []
    assert source.takes_tempo
    assert source.line is not None
    assert source.line.bpm == 100.0
    assert source.line.beat_at(101.0) == pytest.approx(17.0 + 100.0 / 60.0)
