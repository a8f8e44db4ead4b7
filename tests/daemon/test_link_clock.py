"""The engine follows an Ableton Link session: tempo both ways, beat and bar, starts and stops where they are shared."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import pytest

from musicrnn.control import Command, Continue, Ramp, Set, Start, Stop
from musicrnn.daemon.engine import Engine
from musicrnn.daemon.link_clock import LinkClock
from musicrnn.daemon.link_peer import Report
from musicrnn.daemon.sources import Began, Halted, Lost
from musicrnn.models.generator import Generator
from musicrnn.models.step import StepModel
from musicrnn.testing import ScriptedModel
from tests.daemon.driving import PLAY
from tests.daemon.test_following import BAR_TICKS, EVERY, GRID, HEAD, VOCABULARY, Studio

STEP = 0.1
QUANTUM = 4.0


@dataclass
class Session:
    """A session that does what it is told at once, and an engine in it."""

    clock: LinkClock
    room: Studio
    orders: list[dict[str, Any]]
    bpm: float = 120.0
    beat: float = 0.0
    others: int = 1
    playing: bool = False
    since: float = 0.0
    begun: list[float] = field(default_factory=list)

    def tell(self) -> None:
        """Obey what was ordered, and report."""
        for order in self.orders:
            self.bpm = order.get("bpm", self.bpm)
            self.play(order.get("playing", self.playing))
        self.orders.clear()
        self.clock.put(Report(self.room.now, self.beat, self.bpm, self.others, self.playing, self.since))
        self.room.host()

    def play(self, playing: bool) -> None:
        """Let somebody start or stop the session now."""
        if playing != self.playing:
            self.playing, self.since = playing, self.room.now

    def go_on(self, seconds: float) -> None:
        """Let time pass, and report ten times a second."""
        for _ in range(round(seconds / STEP)):
            self.tell()
            self.room.wait(STEP)
            self.beat += STEP * self.bpm / 60.0
        sent, self.room.sent = self.room.sent, []
        self.begun += [one.seconds for one in sent if one.data[0] & 0xF0 == 0x90]

    def place(self) -> int:
        """Return the place in its bar of the tick played last."""
        last = self.room.engine.last
        assert last is not None
        return last.tick % BAR_TICKS


def session(model: StepModel, *, starts: bool = False, goes_on: bool = True) -> Session:
    """Return a session in the first beat of a bar, and an engine that was told to play."""
    orders: list[dict[str, Any]] = []
    clock = LinkClock(QUANTUM, orders.append, starts=starts, goes_on=goes_on)
    room = Studio(Engine(Generator(model), PLAY, source=clock))
    room.do(Start())
    return Session(clock, room, orders)


def test_it_enters_at_the_next_bar_of_the_session_at_its_tempo() -> None:
    """Found in the third beat of a bar at 100 bpm."""
    others = session(ScriptedModel(VOCABULARY, HEAD))
    assert others.room.engine.status(others.room.now).clock == (
        "Ableton Link, looking for others, waiting for the host"
    )
    others.bpm, others.beat, since = 100.0, 42.5, others.room.now
    others.go_on(4.0)
    assert [one - since for one in others.begun] == pytest.approx([1.5 * 0.6, 5.5 * 0.6], abs=0.001)
    status = others.room.engine.status(others.room.now)
    assert (status.tempo, status.clock) == (100.0, "Ableton Link with 1 other, rolling")


def test_a_tempo_of_others_is_followed_at_once_and_stands_in_the_recording() -> None:
    """From 120 to 150 in the middle of a bar."""
    others = session(ScriptedModel(VOCABULARY, HEAD))
    others.go_on(1.0)
    others.bpm, since = 150.0, others.room.now
    others.go_on(3.0)
    assert [one - since for one in others.begun[-2:]] == pytest.approx([2 * 0.4, 6 * 0.4], abs=0.001)
    tempos = others.room.engine.recording.score(others.room.engine.tick).tempos
    assert tempos[-1].bpm == 150.0


def test_a_tempo_of_ours_is_proposed_to_the_others() -> None:
    """And so is a ramp, tick by tick."""
    others = session(ScriptedModel(VOCABULARY, HEAD))
    others.go_on(1.0)
    others.room.do(Set("tempo", 99.0))
    assert others.orders == [{"bpm": 99.0}]
    others.go_on(1.0)
    assert others.room.engine.status(others.room.now).tempo == 99.0
    others.room.do(Ramp(120.0, 4.0))
    others.go_on(4.0)
    assert others.bpm == 120.0


def test_whole_bars_that_the_session_adds_are_nothing_and_another_beat_is_gone_to() -> None:
    """As where one joins a session that is further on."""
    others = session(ScriptedModel(VOCABULARY, EVERY))
    others.go_on(1.0)
    others.beat += 40.0
    others.go_on(1.0)
    assert len(others.begun) > 15
    assert {round(after - before, 6) for before, after in pairwise(others.begun)} == {0.125}
    others.beat += 1.5
    others.go_on(2.9)
    assert others.place() == int(others.beat * GRID) % BAR_TICKS


def test_without_shared_starts_the_session_always_rolls() -> None:
    """Our stop leaves it, a continue comes in again."""
    others = session(ScriptedModel(VOCABULARY, EVERY))
    others.go_on(1.0)
    others.room.do(Stop())
    assert others.orders == []
    heard = len(others.begun)
    others.go_on(1.0)
    assert len(others.begun) == heard
    others.room.do(Continue())
    others.go_on(0.9)
    assert len(others.begun) > heard
    assert others.place() == int(others.beat * GRID) % BAR_TICKS


def test_with_shared_starts_it_begins_at_the_bar_after_somebody_started() -> None:
    """And stops with them; our start and stop are theirs."""
    others = session(ScriptedModel(VOCABULARY, HEAD), starts=True)
    others.go_on(1.0)
    assert others.begun == []
    others.play(True)
    others.go_on(1.5)
    assert others.begun == [pytest.approx(others.room.now - 0.5, abs=0.001)]
    others.play(False)
    others.go_on(0.5)
    assert not others.room.engine.status(others.room.now).playing
    others.room.do(Start())
    assert others.orders == [{"playing": True}]
    others.go_on(2.5)
    assert others.room.engine.status(others.room.now).playing
    others.room.do(Stop())
    assert others.orders == [{"playing": False}]
    others.go_on(0.5)
    others.play(True)
    others.go_on(2.5)
    assert others.room.engine.status(others.room.now).playing


@pytest.mark.parametrize("command", [Start(), Continue()])
def test_a_stop_that_is_taken_back_before_the_session_has_obeyed_is_taken_back_for_all(command: Command) -> None:
    """As where two pads are struck in a hurry."""
    others = session(ScriptedModel(VOCABULARY, HEAD), starts=True)
    others.play(True)
    others.go_on(3.0)
    others.room.do(Stop(), command)
    assert others.orders == [{"playing": False}, {"playing": True}]
    others.go_on(3.0)
    assert others.playing
    assert others.room.engine.status(others.room.now).playing


def test_a_start_that_is_taken_back_before_the_session_has_obeyed_is_taken_back_for_all() -> None:
    """Nobody plays then, until somebody starts."""
    others = session(ScriptedModel(VOCABULARY, HEAD), starts=True)
    others.go_on(1.0)
    others.room.do(Start(), Stop())
    assert others.orders == [{"playing": True}, {"playing": False}]
    others.go_on(3.0)
    assert (others.playing, others.begun) == (False, [])


def test_what_the_session_has_not_done_is_asked_of_it_again() -> None:
    """But not what it has done, though it was somebody else who asked for it."""
    others = session(ScriptedModel(VOCABULARY, HEAD), starts=True)
    others.go_on(1.0)
    for _ in range(2):
        others.room.do(Start())
        assert others.orders == [{"playing": True}]
        others.orders.clear()
        others.go_on(0.5)
    others.play(True)
    others.go_on(3.0)
    others.room.do(Start(), Continue())
    assert others.orders == []
    others.play(False)
    others.go_on(0.5)
    others.room.do(Stop())
    assert others.orders == []


def test_the_first_start_of_the_program_starts_nobody_else() -> None:
    """It is given before the session is found."""
    others = session(ScriptedModel(VOCABULARY, HEAD), starts=True)
    assert others.orders == []


@pytest.mark.parametrize("goes_on", [True, False])
def test_when_the_last_of_the_others_leaves_the_music_goes_on_or_stops(goes_on: bool) -> None:
    """And it goes on when somebody is there again."""
    others = session(ScriptedModel(VOCABULARY, EVERY), goes_on=goes_on)
    others.go_on(1.0)
    others.others = 0
    others.go_on(1.0)
    assert others.room.engine.status(others.room.now).playing == goes_on
    assert "no clock" in others.room.engine.status(others.room.now).message
    others.others = 2
    others.go_on(0.9)
    status = others.room.engine.status(others.room.now)
    assert (status.playing, status.message) == (True, "")
    assert others.place() == int(others.beat * GRID) % BAR_TICKS


@pytest.mark.parametrize("command", [Start(), Continue()])
def test_who_is_left_alone_and_stopped_plays_again_when_told_to(command: Command) -> None:
    """At its own tempo, in the bars of the session: a start anew at the next bar line, a continue at once."""
    others = session(ScriptedModel(VOCABULARY, EVERY), goes_on=False)
    others.go_on(1.0)
    others.others = 0
    others.go_on(1.2)
    others.begun.clear()
    others.room.do(command)
    since = others.room.now
    others.go_on(2.5)
    status = others.room.engine.status(others.room.now)
    assert (status.clock, status.message) == ("Ableton Link with no others, rolling", "")
    assert others.begun[0] - since == pytest.approx(1.8 if command == Start() else 0.05, abs=0.01)
    assert others.place() == int(others.beat * GRID) % BAR_TICKS
    others.others = 1
    others.go_on(0.5)
    others.others = 0
    others.go_on(0.5)
    assert not others.room.engine.status(others.room.now).playing


@pytest.mark.parametrize("count", [0, 1])
@pytest.mark.parametrize("goes_on", [True, False])
def test_after_a_silence_the_music_goes_on_with_the_session(goes_on: bool, count: int) -> None:
    """As after a stop of the whole program (Ctrl-Z), also of one that nobody else plays with."""
    others = session(ScriptedModel(VOCABULARY, EVERY), goes_on=goes_on)
    others.others = count
    others.go_on(1.0)
    others.room.wait(1.5)
    others.beat += 3.0
    assert others.room.engine.status(others.room.now).playing == goes_on
    others.go_on(0.9)
    status = others.room.engine.status(others.room.now)
    assert (status.playing, status.message, status.clock.split(", ")[1:]) == (True, "", ["rolling"])
    assert others.place() == int(others.beat * GRID) % BAR_TICKS


@pytest.mark.parametrize("goes_on", [True, False])
def test_when_the_others_left_during_a_silence_they_have_left(goes_on: bool) -> None:
    """Who was left alone waits for somebody, as without the silence."""
    others = session(ScriptedModel(VOCABULARY, EVERY), goes_on=goes_on)
    others.go_on(1.0)
    others.room.wait(1.5)
    others.beat, others.others = others.beat + 3.0, 0
    others.go_on(1.0)
    assert others.room.engine.status(others.room.now).playing == goes_on
    assert "no clock" in others.room.engine.status(others.room.now).message
    others.others = 1
    others.go_on(0.9)
    assert others.room.engine.status(others.room.now).playing


def test_with_shared_starts_who_is_left_alone_starts_the_session_itself() -> None:
    """Which stands, or goes on from where the others left it."""
    for playing in (False, True):
        others = session(ScriptedModel(VOCABULARY, HEAD), starts=True, goes_on=False)
        others.play(True)
        others.go_on(3.0)
        others.others = 0
        others.go_on(0.5)
        others.play(playing)
        others.go_on(0.5)
        assert not others.room.engine.status(others.room.now).playing
        others.room.do(Start())
        assert others.orders == ([] if playing else [{"playing": True}])
        others.go_on(2.5)
        assert others.room.engine.status(others.room.now).playing


@pytest.mark.parametrize("command", [Start(), Continue()])
def test_with_shared_starts_who_stopped_alone_and_starts_plays_on_when_somebody_joins(command: Command) -> None:
    """Since the session was told of both."""
    others = session(ScriptedModel(VOCABULARY, HEAD), starts=True)
    others.play(True)
    others.go_on(3.0)
    others.others = 0
    others.go_on(0.5)
    others.room.do(Stop())
    others.go_on(0.5)
    others.room.do(command)
    others.go_on(2.5)
    assert others.playing
    others.others = 1
    others.go_on(0.5)
    assert others.room.engine.status(others.room.now).playing


def test_a_session_of_which_nothing_is_heard_is_not_begun_by_a_start() -> None:
    """Whoever was in it last."""
    for count in (0, 1):
        clock = LinkClock(QUANTUM, lambda _: None, goes_on=False)
        clock.put(Report(100.0, 7.0, 120.0, count, False, 0.0))
        clock.hear([], 100.0)
        assert clock.hear([], 101.1) == [Lost()]
        clock.ask(True)
        assert (clock.line, clock.lost) == (None, True)


def test_alone_it_plays_at_its_own_tempo() -> None:
    """Nobody was there, so nobody is lost."""
    others = session(ScriptedModel(VOCABULARY, HEAD))
    others.others = 0
    others.go_on(2.5)
    assert len(others.begun) == 2
    assert others.room.engine.status(others.room.now).clock == "Ableton Link with no others, rolling"


def test_a_process_that_says_nothing_any_more_is_a_lost_clock() -> None:
    """After a second."""
    clock = LinkClock(QUANTUM, lambda _: None)
    clock.put(Report(100.0, 7.0, 120.0, 1, False, 0.0))
    assert clock.hear([], 100.0) == [Began(7.0, False)]
    assert clock.hear([], 100.9) == []
    assert clock.hear([], 101.1) == [Lost()]
    assert clock.hear([], 102.1) == []
    clock.put(Report(103.0, 13.5, 120.0, 1, False, 0.0))
    assert clock.hear([], 103.0) == [Halted(), Began(13.5 + 0.0, False)]


def test_who_lives_further_ahead_all_of_a_sudden_has_not_lost_the_session() -> None:
    """Neither the moment at which a report is taken nor the silence since then is the engine's."""
    clock = LinkClock(QUANTUM, lambda _: None)
    clock.put(Report(100.0, 7.0, 120.0, 1, False, 0.0))
    clock.hear([], 100.0, 0.0)
    assert clock.hear([], 101.3, 0.4) == []
    assert clock.hear([], 101.5, 0.4) == [Lost()]


def test_a_metre_of_three_has_bars_of_three() -> None:
    """Where the session counts 3 beats further, nothing moves."""
    clock = LinkClock(3.0, lambda _: None)
    clock.put(Report(100.0, 7.0, 120.0, 1, False, 0.0))
    clock.hear([], 100.0)
    clock.put(Report(101.0, 12.0, 120.0, 1, False, 0.0))
    assert clock.hear([], 101.0) == []
    assert clock.line is not None
    assert clock.line.beat_at(101.0) == 9.0
