"""The engine follows a host: its bars, its tempo, its start, stop and place."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musicrnn.control import Command, Continue, Ramp, Set, Start, Stop, Tap
from musicrnn.daemon.engine import Engine
from musicrnn.daemon.host_transport import HostTransport
from musicrnn.daemon.midi_clock import MidiClock
from musicrnn.daemon.protocols import TimedMessage
from musicrnn.daemon.replay import Replay
from musicrnn.daemon.session import entry_line, header_line, parse_session
from musicrnn.daemon.sources import BeatLine, HostEvent
from musicrnn.errors import ControlError
from musicrnn.models.frames import Frame, Sounding
from musicrnn.models.generator import Generator
from musicrnn.models.score import Tempo
from musicrnn.models.step import StepModel
from musicrnn.testing import ScriptedModel, random_model, small_vocabulary
from tests.daemon.clock_sender import CLOCK, CONTINUE, START, STOP
from tests.daemon.driving import PLAY
from tests.daemon.test_session_replay import assert_sound

GRID = 4
VOCABULARY = small_vocabulary(ticks_per_beat=GRID)
BAR_TICKS = 4 * GRID
HEAD: list[Frame] = [(Sounding(0, 60),), *[()] * (BAR_TICKS - 1)]
EVERY: list[Frame] = [(Sounding(2, 36),)] * BAR_TICKS
RANDOM = random_model(VOCABULARY, 5, scale=2.0, calm=3.0)


@dataclass
class Studio:
    """A host that sends its clock to an engine, and the engine's loop, a millisecond at a time."""

    engine: Engine
    bpm: float = 120.0
    now: float = 1000.0
    sent: list[TimedMessage] = field(default_factory=list)
    log: bytes = b""
    most_at_once: int = 0
    clocks: list[float] = field(default_factory=list)
    _next: float = 0.0

    def __post_init__(self) -> None:
        self.log = header_line(self.engine.header)

    def do(self, *commands: Command) -> None:
        """Give commands now."""
        for command in commands:
            self._take(self.engine.handle(command, self.now))

    def host(self, *data: bytes) -> None:
        """Let the host send something now."""
        self._take(self.engine.hear([TimedMessage(self.now, one) for one in data], self.now))

    def roll(self, clocks: int) -> None:
        """Let the host send so many clocks, the first of them now, and time pass until the one after them is due."""
        for _ in range(clocks):
            self.clocks.append(self.now)
            self.host(CLOCK)
            self.wait(60.0 / self.bpm / 24)

    def wait(self, seconds: float) -> None:
        """Let time pass, each deadline met in time."""
        until = self.now + seconds
        while True:
            while self.engine.prepare(self.now):
                pass
            deadline = self.engine.next_deadline()
            if deadline is None or deadline > until:
                break
            self.now = max(self.now, deadline)
            self._take(self.engine.release(self.now))
        self.now = until
        self._take(self.engine.hear([], self.now))

    def stall(self, seconds: float) -> None:
        """Let the engine be held up while the host goes on."""
        clocks = []
        until = self.now + seconds
        while self.now < until:
            clocks.append(TimedMessage(self.now, CLOCK))
            self.now += 60.0 / self.bpm / 24
        self._take(self.engine.hear(clocks, self.now))
        self._take(self.engine.release(self.now))

    def end(self) -> None:
        """Silence it for good."""
        self._take(self.engine.silence(self.now))

    def _take(self, messages: list[TimedMessage]) -> None:
        self.sent += messages
        self.most_at_once = max(self.most_at_once, sum(one.data[0] & 0xF0 == 0x90 for one in messages))
        self.log += b"".join(entry_line(entry) for entry in self.engine.take_entries())

    def begun(self) -> list[float]:
        """Return the moments at which notes began, in seconds since the host's first clock, and forget them."""
        sent, self.sent = self.sent, []
        return [round(one.seconds - self.clocks[0], 3) for one in sent if one.data[0] & 0xF0 == 0x90]

    def said(self) -> Iterator[int]:
        """Yield the pitches that sound."""
        return (pitch for _, pitch in self.engine.status(self.now).sounding)


def studio(model: StepModel, *commands: Command, lost_clock: str = "go-on", **settings: object) -> Studio:
    """Return a studio whose engine was told to play."""
    play = dataclasses.replace(PLAY, **settings)  # type: ignore[arg-type]
    source = MidiClock(play.tempo, lost_clock == "go-on")
    result = Studio(Engine(Generator(model), play, source=source))
    result.do(*(commands or (Start(),)))
    return result


def test_it_waits_for_the_host_and_begins_with_its_first_clock() -> None:
    """Clocks without a start are not enough."""
    room = studio(ScriptedModel(VOCABULARY, HEAD))
    room.roll(30)
    assert room.begun() == []
    assert room.engine.status(room.now).message == "waiting for the host to start"
    room.host(START)
    room.clocks.clear()
    room.roll(97)
    assert room.begun() == [0.0, 2.0]


@pytest.mark.parametrize("bpm", [60.0, 100.0, 240.0])
def test_the_bars_are_the_hosts_whatever_the_tempo(bpm: float) -> None:
    """Each within 2 ms."""
    room = studio(ScriptedModel(VOCABULARY, HEAD))
    room.bpm = bpm
    room.host(START)
    room.roll(4 * 96 + 1)
    assert room.begun() == [pytest.approx(bar * 240.0 / bpm, abs=0.002) for bar in range(5)]


def test_stop_releases_at_once_and_continue_goes_on_in_the_same_place_of_the_bar() -> None:
    """Stopped after a beat and a half, 36 clocks and 7 ticks; the first clock of the continue is the 36th."""
    room = studio(ScriptedModel(VOCABULARY, [(Sounding(0, 60),), *[(Sounding(0, 60, False),)] * 15]))
    room.host(START)
    room.roll(36)
    assert list(room.said()) == [60]
    room.host(STOP)
    assert list(room.said()) == []
    room.wait(3.3)
    room.host(CONTINUE)
    room.roll(12)
    assert room.engine.last is not None
    assert room.engine.last.tick % BAR_TICKS == (36 + 12) // 6


def test_a_song_position_moves_the_bar_line() -> None:
    """The host goes to the last sixteenth of its third bar; five sixteenths later it is in the fourth."""
    room = studio(ScriptedModel(VOCABULARY, HEAD))
    room.host(START)
    room.roll(30)
    room.host(STOP, bytes((0xF2, 47, 0)))
    room.begun()
    room.host(CONTINUE)
    room.clocks.clear()
    room.roll(30)
    where = room.engine.last
    assert where is not None
    assert where.tick % BAR_TICKS == (47 + 5) % 16
    assert where.record.position.beat == where.tick % BAR_TICKS // GRID


def test_a_start_begins_the_piece_anew_at_its_first_clock() -> None:
    """The session's ticks go on; its bar line is the host's."""
    room = studio(ScriptedModel(VOCABULARY, HEAD))
    room.host(START)
    room.roll(50)
    room.host(STOP)
    room.wait(1.0)
    room.begun()
    room.host(START)
    room.clocks.clear()
    room.roll(10)
    assert room.begun() == [0.0]
    assert room.engine.tick % BAR_TICKS == 2


def test_who_is_told_to_play_while_the_host_rolls_enters_at_its_next_bar() -> None:
    """The host is in its first bar."""
    room = studio(ScriptedModel(VOCABULARY, EVERY), Stop())
    room.host(START)
    room.roll(30)
    room.do(Start())
    room.roll(90)
    assert room.begun()[0] == pytest.approx(2.0, abs=0.002)


@pytest.mark.parametrize(
    ("metre", "clocks", "quantise", "seconds"),
    [
        ((4, 4), (100, 130, 70), "none", 4.875),
        ((4, 4), (100, 130, 70), "beat", 5.0),
        ((4, 4), (100, 130, 70), "bar", 6.0),
        ((9, 8), (50, 68, 120), "beat", 2.75),
        ((9, 8), (50, 68, 120), "bar", 4.5),
    ],
)
def test_a_continue_while_the_host_rolls_is_quantised(
    metre: tuple[int, int], clocks: tuple[int, int, int], quantise: str, seconds: float
) -> None:
    """It comes at 4.8 s, or at 2.458 s of 9/8, whose second bar begins at 2.25 s; a tick, a beat, a bar on."""
    room = studio(ScriptedModel(VOCABULARY, EVERY, metre=metre), quantise=quantise)
    before, stopped, after = clocks
    room.host(START)
    room.roll(before)
    room.do(Stop(at_once=True))
    room.roll(stopped)
    room.begun()
    room.do(Continue())
    room.roll(after)
    assert room.begun()[0] == pytest.approx(seconds, abs=0.002)


@pytest.mark.parametrize(("quantise", "seconds"), [("none", 2.0), ("beat", 2.375), ("bar", 3.875)])
def test_a_stop_is_quantised_unless_it_is_said_twice(quantise: str, seconds: float) -> None:
    """It comes at 2.083 s: the last hit is that of the tick before the stop."""
    room = studio(ScriptedModel(VOCABULARY, EVERY), quantise=quantise)
    room.host(START)
    room.roll(100)
    room.do(Stop())
    room.roll(150)
    assert room.begun()[-1] == pytest.approx(seconds, abs=0.002)
    assert not room.engine.status(room.now).playing


def test_a_second_stop_is_at_once() -> None:
    """Although the bar is not over."""
    room = studio(ScriptedModel(VOCABULARY, EVERY), quantise="bar")
    room.host(START)
    room.roll(100)
    room.do(Stop(), Stop())
    assert not room.engine.status(room.now).playing


def test_a_lost_clock_goes_on() -> None:
    """Until the host is heard again."""
    room = studio(ScriptedModel(VOCABULARY, HEAD))
    room.host(START)
    room.roll(96)
    room.begun()
    room.wait(3.9)
    assert room.begun() == [4.0]
    status = room.engine.status(room.now)
    assert "no clock" in status.message
    assert status.clock == "MIDI clock, lost, goes on"
    room.roll(30)
    assert room.engine.status(room.now).message == ""
    assert room.engine.status(room.now).clock == "MIDI clock, rolling"


def test_a_lost_clock_stops_the_music_where_that_is_asked_for() -> None:
    """And releases what sounds."""
    room = studio(
        ScriptedModel(VOCABULARY, [(Sounding(0, 60), *()), *[(Sounding(0, 60, False),)] * 15]), lost_clock="stop"
    )
    room.host(START)
    room.roll(40)
    room.wait(0.5)
    assert list(room.said()) == []
    assert not room.engine.status(room.now).playing
    assert room.engine.status(room.now).clock == "MIDI clock, lost"


def test_the_tempo_is_the_hosts() -> None:
    """What would set it is refused; the recording has it at the beats where it changed."""
    room = studio(ScriptedModel(VOCABULARY, HEAD))
    for command in (Set("tempo", 90.0), Ramp(90.0, 4.0)):
        with pytest.raises(ControlError, match="tempo must be set in the host"):
            room.do(command)
    room.do(Tap())
    room.host(START)
    room.roll(192)
    room.bpm = 60.0
    room.roll(192)
    assert room.engine.status(room.now).tempo == pytest.approx(60.0)
    tempos = room.engine.recording.score(room.engine.tick).tempos
    assert tempos[0] == Tempo(0, 120.0)
    assert tempos[-1].bpm == pytest.approx(60.0, abs=0.05)
    assert all(tempo.tick % GRID == 0 for tempo in tempos)
    assert 32 < tempos[-1].tick <= 44


def test_an_engine_that_was_held_up_goes_on_with_the_host_and_bursts_nothing() -> None:
    """A second and a half, in the middle of a bar; the next bar line is the host's."""
    room = studio(ScriptedModel(VOCABULARY, EVERY))
    room.host(START)
    room.roll(96)
    room.begun()
    room.stall(1.5)
    assert len(room.begun()) <= 1
    room.roll(96)
    assert all(abs(moment / 0.125 - round(moment / 0.125)) < 0.02 for moment in room.begun())
    assert room.engine.status(room.now).skipped_ticks > 8


@pytest.mark.parametrize("grid", [4, 12, 24])
def test_a_model_of_another_grid_takes_over_on_the_hosts_bar_line(grid: int) -> None:
    """After the second bar; the tempo, and the heads of bars, go on being the host's, and clocks go out as before."""
    room = studio(ScriptedModel(VOCABULARY, HEAD))
    room.bpm = 100.0
    room.host(START)
    room.roll(100)
    other = small_vocabulary(ticks_per_beat=grid)
    room.engine.take_over(Generator(ScriptedModel(other, [(Sounding(0, 60),), *[()] * (4 * grid - 1)])), "other")
    room.roll(200)
    room.bpm = 110.0
    room.roll(200)
    room.begun()
    first, last = room.clocks[-1], len(room.clocks)
    room.roll(200)
    heads = [(moment - first + room.clocks[0]) / (60 / 110.0 / 24) + last - 1 for moment in room.begun()]
    assert len(heads) >= 2
    assert all(abs(head / 96 - round(head / 96)) < 0.01 for head in heads)


HOST = st.sampled_from([(START,), (STOP,), (CONTINUE,), (STOP, b"\xf2\x0b\x00", CONTINUE), (b"\xf2\x21\x00",)])
LOOPS = st.sampled_from([(b"\xf2\x00\x00",), (STOP, b"\xf2\x10\x00", CONTINUE), (STOP, CONTINUE)])
COMMANDS = st.sampled_from([Start(), Stop(), Continue(), Stop(at_once=True), Set("mu", 2.0)])
STEPS = st.one_of(
    st.tuples(st.just("roll"), st.integers(1, 120)),
    st.tuples(st.just("tempo"), st.floats(30.0, 400.0)),
    st.tuples(st.just("wait"), st.floats(0.0, 2.0)),
    st.tuples(st.just("stall"), st.floats(0.0, 3.0)),
    st.tuples(st.just("host"), HOST | LOOPS),
    st.tuples(st.just("do"), COMMANDS),
)


def perform(room: Studio, steps: list[tuple[str, object]]) -> None:
    """Let a host and a player do as listed, and end."""
    for act, value in steps:
        match value:
            case int():
                room.roll(value)
            case float() if act == "tempo":
                room.bpm = value
            case float() if act == "wait":
                room.wait(value)
            case float():
                room.stall(value)
            case tuple():
                room.host(*value)
            case _:
                room.do(value)  # type: ignore[arg-type]
    room.end()


@given(st.lists(STEPS, max_size=14), st.sampled_from(["none", "beat", "bar"]), st.sampled_from(["go-on", "stop"]))
def test_whatever_a_host_does_no_note_hangs_and_the_session_replays(
    steps: list[tuple[str, object]], quantise: str, lost_clock: str
) -> None:
    """The log holds all that the host did to the notes."""
    room = studio(RANDOM, quantise=quantise, lost_clock=lost_clock)
    room.host(START)
    perform(room, steps)
    assert_sound(room)
    score = room.engine.recording.score(room.engine.tick)
    assert Replay(parse_session(room.log, "log"), Generator(RANDOM)).run() == score


class StandingHost:
    """A host that rolls at 120 bpm from 1000.0 s on, and says nothing."""

    name = "a host"
    line = BeatLine(0.0, 1000.0, 120.0)
    takes_tempo = lost = False

    def hear(self, messages: Sequence[TimedMessage], now: float, ahead: float = 0.0) -> list[HostEvent]:
        """Do nothing."""
        del messages, now, ahead
        return []

    def propose(self, bpm: float, seconds: float) -> None:
        """Do nothing."""

    def ask(self, plays: bool) -> bool:
        """Do nothing."""
        del plays
        return False


@pytest.mark.parametrize("ahead", [33, 47, 48, 8000])
def test_a_session_that_a_wild_clock_drove_ahead_goes_on_with_the_hosts_next_bar(ahead: int) -> None:
    """Its ticks never go back; each keeps its place in the bar."""
    transport = HostTransport(GRID, 120.0, StandingHost())
    transport.enter(0, 1, BAR_TICKS, 1000.0, 0.0)
    assert transport.due(ahead) == pytest.approx(1000.0 + ahead * 0.125)
    transport.stay_near(ahead, BAR_TICKS, 1000.0)
    assert transport.due(ahead) == pytest.approx(1000.0 + ahead % BAR_TICKS * 0.125)


def test_two_bars_ahead_is_where_a_host_may_have_sent_it() -> None:
    """As when it went back to its beginning."""
    transport = HostTransport(GRID, 120.0, StandingHost())
    transport.enter(0, 1, BAR_TICKS, 1000.0, 0.0)
    transport.stay_near(2 * BAR_TICKS, BAR_TICKS, 1000.0)
    assert transport.due(2 * BAR_TICKS) == pytest.approx(1004.0)


def test_a_start_takes_back_a_stop_that_waits_for_its_bar_line() -> None:
    """The new piece begins there."""
    room = studio(ScriptedModel(VOCABULARY, HEAD), quantise="bar")
    room.host(START)
    room.roll(20)
    room.do(Stop())
    room.do(Start())
    room.roll(96)
    assert room.begun() == [0.0, 2.0]


@pytest.mark.parametrize("again", [Start(), Continue()])
def test_who_took_back_a_stop_plays_with_the_host_as_before(again: Command) -> None:
    """Its next stop and start are ours too."""
    room = studio(ScriptedModel(VOCABULARY, HEAD), quantise="bar")
    room.host(START)
    room.roll(20)
    room.do(Stop(), again)
    room.roll(96)
    room.host(STOP)
    room.begun()
    room.clocks.clear()
    room.host(START)
    room.roll(20)
    assert room.begun() == [0.0]
