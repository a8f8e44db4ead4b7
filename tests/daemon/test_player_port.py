"""The engine's side of a player: it never waits, and notices every loss."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from musicrnn.daemon.player.program import Orders
from musicrnn.daemon.player_port import MOST_PENDING, PlayerPort, Players
from musicrnn.daemon.protocols import TimedMessage, TimedOut
from musicrnn.errors import PortError
from tests.peers.jack_listener import PORT, Listener
from tests.peers.jackd import JackServer
from tests.peers.program import wait_until

pytestmark = pytest.mark.jack
ON, OFF = b"\x90\x3c\x40", b"\x80\x3c\x00"
SILENCERS = [b"\xb0\x40\x00", b"\xb0\x7b\x00", b"\xb0\x78\x00"]
ORDERS = Orders("jack", "Fed", heartbeat=30.0)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[JackServer]:
    """Give a JACK server to this process and those that it starts."""
    with JackServer(256) as running:
        for name, value in running.environment.items():
            monkeypatch.setenv(name, value)
        yield running


@pytest.fixture
def listener(server: JackServer) -> Iterator[Listener]:
    """Give a listener on that server."""
    with Listener(server.environment) as listening:
        yield listening


@pytest.fixture
def opened(server: JackServer) -> Iterator[Callable[[PlayerPort | None], PlayerPort]]:
    """Give a way to open ports, all of which are closed at the end."""
    ports: list[PlayerPort] = []

    def open_port(after: PlayerPort | None = None) -> PlayerPort:
        ports.append(PlayerPort(ORDERS, lambda: None, after))
        return ports[-1]

    yield open_port
    for port in ports:
        port.close()


Opener = Callable[..., PlayerPort]


def send(port: PlayerPort, messages: list[bytes]) -> None:
    """Send one after the other."""
    for data in messages:
        port.send(now(data))


def beat(port: PlayerPort, count: int) -> None:
    """Let some seconds pass, a beat in each."""
    for turn in range(count):
        port.beat(float(turn))


def now(data: bytes) -> TimedMessage:
    """Return a message whose moment is now."""
    return TimedMessage(time.monotonic(), data)


def test_it_is_open_when_it_is_made_and_gone_when_it_is_closed(server: JackServer, opened: Opener) -> None:
    """Client and ports have our names; a second closing is nothing."""
    port = opened()
    assert isinstance(port, TimedOut)
    assert port.name == "Fed (jack)"
    assert port.lead < 0.003
    assert {"Fed:out", "Fed:in"} <= set(server.ports())
    port.close()
    port.close()
    assert "Fed:out" not in server.ports()
    with pytest.raises(PortError):
        port.send(now(ON))


def test_messages_are_played_and_counted(server: JackServer, listener: Listener, opened: Opener) -> None:
    """Each at its moment; the answer to a beat says how many, as the receiver has them.

    After a missed cycle that is a note-off more, which is said again (ADR 58).
    """
    port = opened()
    server.connect("Fed:out", PORT)
    port.send(now(ON))
    port.send(now(OFF))
    listener.wait_for(OFF)

    def heard() -> list[bytes]:
        return [data for _, _, data in listener.events()]

    def agrees() -> bool:
        port.beat(time.monotonic())
        return port.counts.sent == len(heard())

    wait_until(agrees, 10, "the player's counts")
    assert heard() == [ON, OFF] + [OFF] * (port.counts.sent - 2)
    assert (port.late, port.dropped) == (0, 0)


def test_what_the_engine_sends_late_is_played(server: JackServer, listener: Listener, opened: Opener) -> None:
    """However late: it skips ticks by rules of its own, and plays the first one after a host's start in any case."""
    port = opened()
    server.connect("Fed:out", PORT)
    port.send(TimedMessage(time.monotonic() - 10.0, ON))
    port.send(TimedMessage(time.monotonic() - 9.0, OFF))
    listener.wait_for(OFF)
    assert [data for _, _, data in listener.events()][:2] == [ON, OFF]
    wait_until(lambda: sent(port) >= 2, 10, "the player's counts")
    assert (port.late, port.dropped) == (2, 0)


@pytest.mark.parametrize("data", [b"", b"\x3c\x40", b"\x90\x3c", b"\x90\x3c\xc8"])
def test_what_is_not_midi_is_not_sent(opened: Opener, data: bytes) -> None:
    """It would end the player."""
    with pytest.raises(ValueError, match="one MIDI message"):
        opened().send(TimedMessage(0.0, data))


def test_a_killed_player_is_noticed(opened: Opener) -> None:
    """By the next call, without a message."""
    port = opened()
    os.kill(port.pid, signal.SIGKILL)
    wait_until(lambda: port.lost, 10, "the loss")
    with pytest.raises(PortError, match="player has ended"):
        port.beat(time.monotonic())


def test_its_successor_ends_what_it_left_sounding(server: JackServer, listener: Listener, opened: Opener) -> None:
    """Over the connections that it had."""
    port = opened()
    server.connect("Fed:out", PORT)
    port.send(now(ON))
    listener.wait_for(ON)
    wait_until(lambda: port.connections == (PORT,), 10, "the player's connections")
    os.kill(port.pid, signal.SIGKILL)
    wait_until(lambda: port.lost, 10, "the loss")
    opened(port)
    listener.wait_for(OFF)
    assert not listener.down()


def test_its_successor_ends_what_was_about_to_end(server: JackServer, listener: Listener, opened: Opener) -> None:
    """The player took the note-off along; so did its first successor, which was killed at once."""
    port = opened()
    server.connect("Fed:out", PORT)
    port.send(now(ON))
    listener.wait_for(ON)
    wait_until(lambda: port.connections == (PORT,), 10, "the player's connections")
    port.send(TimedMessage(time.monotonic() + 60.0, OFF))
    os.kill(port.pid, signal.SIGKILL)
    wait_until(lambda: port.lost, 10, "the loss")
    second = opened(port)
    listener.wait_for(OFF)
    assert not listener.down()
    second.send(now(ON))
    listener.wait_for(ON, 2)
    second.panic()
    os.kill(second.pid, signal.SIGKILL)
    wait_until(lambda: second.lost, 10, "the loss of the second")
    opened(second)
    wait_until(lambda: not listener.down(), 10, "the end of the note")


def test_what_ended_just_before_the_loss_of_a_port_that_does_not_tell_is_ended_again(opened: Opener) -> None:
    """A device may have been away by then: what its player answered a second later, and more, says nothing of it."""
    first = PlayerPort(replace(ORDERS, api="rtmidi-jack"), lambda: None)
    began = time.monotonic()
    send(first, [ON, OFF])
    wait_until(lambda: sent(first) == 2, 10, "the note's end")
    for later in (1.0, 1.5, 2.0):
        ask(first, began + later)
    first.close()
    second = opened(first)
    wait_until(lambda: sent(second) > len(SILENCERS), 10, "the note's end again, beside what silences its channel")


def test_who_was_disconnected_while_a_note_sounded_is_told_its_end_when_he_is_back(
    server: JackServer, listener: Listener, opened: Opener
) -> None:
    """By a person, in a patchbay; the note ended meanwhile."""
    disconnect_while_a_note_sounds(opened(), server, listener)
    check_that_who_is_connected_again_is_told(server, listener)


def test_he_is_told_it_by_the_successor_of_a_player_that_is_killed_meanwhile(
    server: JackServer, listener: Listener, opened: Opener
) -> None:
    """However sure it is that the note-off was sent."""
    port = opened()
    disconnect_while_a_note_sounds(port, server, listener)
    wait_until(lambda: port.connections == (), 10, "the end of the wish to be connected")
    for later in (1.0, 2.0, 3.0):
        ask(port, time.monotonic() + later)
    os.kill(port.pid, signal.SIGKILL)
    wait_until(lambda: port.lost, 10, "the loss")
    opened(port)
    check_that_who_is_connected_again_is_told(server, listener)


def disconnect_while_a_note_sounds(port: PlayerPort, server: JackServer, listener: Listener) -> None:
    """Connect a port, let a note begin, disconnect it, and let the note end."""
    server.connect("Fed:out", PORT)
    port.send(now(ON))
    listener.wait_for(ON)
    server.disconnect("Fed:out", PORT)
    wait_until(lambda: server.connections("Fed:out") == [], 10, "the disconnection")
    port.send(now(OFF))
    wait_until(lambda: sent(port) == 2, 10, "the note's end")


def check_that_who_is_connected_again_is_told(server: JackServer, listener: Listener) -> None:
    """Who was left with a note hears its end once he is connected."""
    assert listener.down()
    server.connect("Fed:out", PORT)
    listener.wait_for(OFF)
    assert not listener.down()


def ask(port: PlayerPort, moment: float) -> None:
    """Wait for an answer, having asked at a moment."""
    before = port.counts.beat
    port.beat(moment)
    wait_until(lambda: port.counts.beat > before, 10, "the player's answer")


def sent(port: PlayerPort) -> int:
    """Return how many messages its player has sent, as it answered last."""
    port.beat(time.monotonic())
    return port.counts.sent


def test_the_period_of_the_server_may_change_while_it_runs(
    server: JackServer, listener: Listener, opened: Opener
) -> None:
    """Ardour does that, and QjackCtl: who follows a host must know how long before its moment a message is needed."""
    port = opened()
    server.connect("Fed:out", PORT)
    assert port.latency == port.opened.latency == pytest.approx(2 * 256 / 48_000)
    for frames in (1024, 128):
        server.set_period(frames)
        wait_until(lambda: port.latency == pytest.approx(2 * server.period_seconds), 10, "the new latency")
        port.send(TimedMessage(time.monotonic() + 1.0, ON))
        port.send(TimedMessage(time.monotonic() + 1.0, OFF))
    listener.wait_for(OFF, 2)


def test_what_comes_in_is_heard_with_its_moment(server: JackServer) -> None:
    """And wakes whoever waits."""
    woken = threading.Event()
    first = PlayerPort(ORDERS, woken.set)
    second = PlayerPort(Orders("jack", "Other"), lambda: None)
    server.connect("Other:out", "Fed:in")
    sent = now(b"\xfa")
    second.send(sent)
    assert woken.wait(10)
    (heard,) = first.heard()
    assert heard.data == b"\xfa"
    assert heard.seconds - sent.seconds == pytest.approx(second.opened.latency, abs=2 * server.period_seconds)
    assert first.heard() == []
    second.close()
    first.close()


def test_what_comes_in_wakes_nobody_who_follows_no_clock(server: JackServer) -> None:
    """Another port that listens tells that it has come; the answer to a beat, that the player has been past it."""
    woken, came = threading.Event(), threading.Event()
    deaf = PlayerPort(replace(ORDERS, listens=False), woken.set)
    third = PlayerPort(Orders("jack", "Third"), came.set)
    second = PlayerPort(Orders("jack", "Other"), lambda: None)
    server.connect("Other:out", "Fed:in")
    server.connect("Other:out", "Third:in")
    second.send(now(b"\xf8"))
    assert came.wait(10)
    for turn in (1.0, 2.0):
        deaf.beat(turn)
        wait_until(lambda turn=turn: deaf.counts.beat == turn, 10, "the player's answer")  # type: ignore[misc]
    assert deaf.heard() == []
    assert not woken.is_set()
    for port in (deaf, third, second):
        port.close()


def test_a_player_that_stands_still_is_never_waited_for_and_given_up(opened: Opener) -> None:
    """Note-ons are dropped, note-offs are kept, up to a bound."""
    port = opened()
    os.kill(port.pid, signal.SIGSTOP)
    try:
        while not port.dropped:
            port.send(now(ON))
        with pytest.raises(PortError, match="does not"):
            send(port, [OFF] * (MOST_PENDING + 2))
    finally:
        os.kill(port.pid, signal.SIGCONT)


def test_a_player_that_stands_still_is_not_waited_for_at_the_end_either(opened: Opener) -> None:
    """With the pipe to it full, the order to leave finds no room."""
    port = opened()
    os.kill(port.pid, signal.SIGSTOP)
    while not port.dropped:
        port.send(now(ON))
    send(port, [OFF] * 20)
    closing = threading.Thread(target=port.close, daemon=True)
    closing.start()
    closing.join(10)
    stuck = closing.is_alive()
    if stuck:
        os.kill(port.pid, signal.SIGKILL)
    assert not stuck
    wait_until(lambda: not Path(f"/proc/{port.pid}").exists(), 10, "the player's end")


def test_a_player_that_answers_no_beat_is_given_up(opened: Opener) -> None:
    """After some dozens of them."""
    port = opened()
    os.kill(port.pid, signal.SIGSTOP)
    with pytest.raises(PortError, match="stands still"):
        beat(port, 100)
    os.kill(port.pid, signal.SIGCONT)


def test_the_system_that_was_found_is_the_one_that_is_looked_for_again(server: JackServer) -> None:
    """What the port is connected to is there."""
    players = Players(Orders("auto", "Fed"), lambda: None)
    players.open().close()
    server.kill()
    with pytest.raises(PortError, match=r"\(jack: [^;]*\)"):
        players.open()
