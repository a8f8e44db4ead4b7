"""Whatever is killed, stopped or taken away while notes sound, an independent listener hears them end.

With MUSICRNN_LONG each fault is tried as often as docs/reliability.md says; `make test-reliability` does that.
"""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.peers.jack_listener import AsleepError, Listener
from tests.peers.jackd import JackServer
from tests.peers.program import Program, wait_until
from tests.reliability.stage import Stage, report, times

pytestmark = pytest.mark.jack
SEED = 20
MOST_LISTENERS = 3


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """Give a folder and a server."""
    with JackServer(256) as server:
        yield Stage(tmp_path, server)


def at_a_random_moment(chance: random.Random) -> None:
    """Let up to a bar of music pass."""
    threading.Event().wait(chance.uniform(0.0, 2.0))


def play_and_end(stage: Stage, end: signal.Signals, count: int) -> list[float]:
    """End a daemon with a signal so many times; return how long after it the last note ended, each time."""
    chance, seconds = random.Random(SEED), []
    with stage.listener() as listener:
        for _ in range(count):
            with stage.daemon() as playing:
                stage.connect()
                listener.wait_for_notes()
                at_a_random_moment(chance)
                moment = time.monotonic()
                playing.send_signal(end)
                seconds.append(listener.silenced_within(moment))
                playing.wait(20)
            stage.wait_until_none_plays()
            assert not listener.down()
    return seconds


def test_killing_the_engine_leaves_no_note(stage: Stage) -> None:
    """SIGKILL at random instants: the player sees the end of its pipe."""
    seconds = play_and_end(stage, signal.SIGKILL, times(2, 200))
    report("SIGKILL of the engine", seconds, 0.25)
    assert max(seconds) <= 0.25


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_leaves_no_note(stage: Stage, end: signal.Signals) -> None:
    """The engine lets go of its notes, and leaves."""
    seconds = play_and_end(stage, end, times(1, 50))
    report(f"{end.name} to the engine", seconds, 0.25)
    assert max(seconds) <= 0.25


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGKILL])
def test_an_ended_player_is_replaced_by_one_that_silences_first(stage: Stage, end: signal.Signals) -> None:
    """The new one has the connections of the old, ends what that left sounding, and plays on."""
    chance, seconds = random.Random(SEED), []
    with stage.listener() as listener, stage.daemon():
        stage.connect()
        for _ in range(times(2, 20)):
            listener.wait_for_notes()
            at_a_random_moment(chance)
            player, moment = stage.player(), time.monotonic()
            os.kill(player, end)
            seconds.append(listener.silenced_within(moment))
            wait_until(lambda gone=player: stage.players() not in ([], [gone]), 10, "another player")  # type: ignore[misc]
        listener.wait_for_notes()
    report(f"{end.name} to the player", seconds, 1.0)
    assert max(seconds) <= 1.0


def test_a_stopped_engine_falls_silent_and_goes_on(stage: Stage) -> None:
    """SIGSTOP for longer than the heartbeat; after SIGCONT it plays again."""
    chance, seconds = random.Random(SEED), []
    with stage.listener() as listener, stage.daemon("--heartbeat-seconds", "1") as playing:
        stage.connect()
        for _ in range(times(2, 50)):
            listener.wait_for_notes()
            at_a_random_moment(chance)
            moment = time.monotonic()
            playing.send_signal(signal.SIGSTOP)
            seconds.append(listener.silenced_within(moment))
            playing.send_signal(signal.SIGCONT)
        listener.wait_for_notes()
        playing.send_signal(signal.SIGTERM)
        assert playing.wait(20) == 0
    report("SIGSTOP of the engine, heartbeat 1 s", seconds, 1.6)
    assert max(seconds) <= 1.6


def test_it_outlives_a_server_that_is_killed_and_started_again(tmp_path: Path) -> None:
    """The port is back, and connected to a listener that comes back under its old name."""
    chance, seconds = random.Random(SEED), []
    with ExitStack() as servers:
        stage = Stage(tmp_path, servers.enter_context(JackServer(256)))
        with stage.daemon() as playing:
            with stage.listener() as listener:
                stage.connect()
                listener.wait_for_notes()
            for _ in range(times(2, 50)):
                at_a_random_moment(chance)
                stage.server.kill()
                stage.server = servers.enter_context(JackServer(256, stage.server.name))
                seconds.append(played_again(stage, playing))
            playing.send_signal(signal.SIGTERM)
            assert playing.wait(20) == 0
    report("JACK server killed and started again", seconds, 5.0)
    assert max(seconds) <= 5.0


def played_again(stage: Stage, playing: Program) -> float:
    """Return how long after the server's return a listener hears notes, without connecting anything by hand.

    One that JACK does not wake is replaced by another, from whose start the time counts then.
    """
    for _ in range(MOST_LISTENERS):
        moment = time.monotonic()
        with stage.listener() as listener:
            try:
                listener.wait_for_notes()
            except AsleepError:
                print("JACK did not wake a listener; another is started")
                continue
            assert playing.running
            return time.monotonic() - moment
    raise AssertionError(f"JACK must wake one of {MOST_LISTENERS} listeners")


def test_a_listener_that_dies_is_connected_again_when_it_is_back(stage: Stage) -> None:
    """A port is lost and found again by its name."""
    seconds: list[float] = []
    with stage.daemon() as playing:
        with stage.listener() as listener:
            stage.connect()
            listener.wait_for_notes()
        seconds += [heard_again(stage) for _ in range(times(2, 50))]
        assert playing.running
    report("a connected port lost and back", seconds, 2.0)
    assert max(seconds) <= 2.0


def heard_again(stage: Stage) -> float:
    """Return how long after its return a listener is connected; then kill it."""
    with stage.listener() as listener:
        moment = time.monotonic()
        stage.wait_for_connection()
        connected = time.monotonic() - moment
        listener.wait_for_notes()
        kill(listener)
    return connected


def kill(listener: Listener) -> None:
    """End a listener as a crash would."""
    listener.program.send_signal(signal.SIGKILL)
    listener.program.wait(5)
