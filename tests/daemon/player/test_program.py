"""The player as a process: it says what is wrong, and leaves in silence whatever ends it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from musicrnn.daemon.player.program import Orders, orders_of
from musicrnn.daemon.player.wire import Close, Counts, Heard, Lost, Opened, Play, Record, Records, packed
from tests.peers.jack_listener import PORT, Listener
from tests.peers.jackd import JackServer
from tests.peers.program import wait_until

pytestmark = pytest.mark.jack
ON, OFF = b"\x90\x3c\x40", b"\x80\x3c\x00"
SIGN = b"\xb0\x14\x01"  # an undefined controller
SOON_SECONDS = 0.1
SILENCERS = [b"\xb0\x40\x00", b"\xb0\x7b\x00", b"\xb0\x78\x00"]


@pytest.fixture
def server() -> Iterator[JackServer]:
    """Give a JACK server of the test's own."""
    with JackServer(256) as running:
        yield running


class Fed:
    """A player that a test feeds by hand."""

    def __init__(self, orders: Orders, environment: dict[str, str]) -> None:
        self.process: Any = subprocess.Popen(
            [sys.executable, "-m", "musicrnn.daemon.player", orders.as_word()],
            env={**os.environ, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
        )
        self.said: list[Record] = []
        self._records = Records()

    def __enter__(self) -> Fed:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.stdin.close()
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def wait_for(self, kind: type[Record]) -> Record:
        """Return the next record of a kind; AssertionError where the player ends before."""
        while data := self.process.stdout.read(4096):
            self.said += self._records.feed(data)
            found = [record for record in self.said if isinstance(record, kind)]
            if found:
                self.said.clear()
                return found[0]
        raise AssertionError(f"the player ended without saying {kind.__name__}")

    def write(self, data: bytes) -> None:
        """Write to its pipe."""
        self.process.stdin.write(data)


@pytest.fixture
def listener(server: JackServer) -> Iterator[Listener]:
    """Give a listener on that server."""
    with Listener(server.environment) as listening:
        yield listening


@pytest.fixture
def player(server: JackServer, listener: Listener) -> Iterator[Fed]:
    """Give a player that is connected to the listener, and sounds a note."""
    orders = Orders("jack", "Fed", heartbeat=1.0, connections=(PORT,))
    with Fed(orders, server.environment) as fed:
        opened = fed.wait_for(Opened)
        assert isinstance(opened, Opened)
        assert opened.exact
        assert opened.latency == pytest.approx(512 / 48_000)
        wait_until(lambda: hears(listener, fed), 10, "a listener that is really connected")
        fed.write(packed(soon(ON)))
        listener.wait_for(ON)
        yield fed


def soon(data: bytes) -> Play:
    """Return a message for a moment that is not long past when the player comes to it, as notes must not be."""
    return Play(time.monotonic() + SOON_SECONDS, data)


def hears(listener: Listener, player: Fed, since: float = 0.0) -> bool:
    """Let a player send a sign, and tell whether one has come: a server takes a while to make a connection."""
    player.write(packed(Play(0.0, SIGN)))
    return any(data == SIGN for _, _, data in listener.events(since))


def heard(listener: Listener) -> list[bytes]:
    """Return what a listener has heard but the signs, and but note-offs that a missed cycle had the player repeat."""
    found = [data for _, _, data in listener.events() if data != SIGN]
    return [data for place, data in enumerate(found) if data != OFF or OFF not in found[:place]]


def check_silence(listener: Listener) -> None:
    """Wait for the end of the note, and check that what follows it ends what note-offs could not."""
    listener.wait_for(SILENCERS[-1])
    assert heard(listener) == [ON, OFF, *SILENCERS]


def test_the_end_of_its_pipe_ends_it_in_silence(player: Fed, listener: Listener) -> None:
    """Whatever became of the engine."""
    player.process.stdin.close()
    check_silence(listener)
    assert player.process.wait(10) == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_it_in_silence(player: Fed, listener: Listener, number: signal.Signals) -> None:
    """Each of them."""
    player.process.send_signal(number)
    check_silence(listener)
    assert player.process.wait(10) == 0


@pytest.mark.parametrize("data", [b"\x09\x00\x00", b"\x01\x01\x00\x00", packed(Counts(0, 0, 0, 0))])
def test_a_record_that_breaks_the_rules_ends_it_in_silence(player: Fed, listener: Listener, data: bytes) -> None:
    """Nothing is guessed."""
    player.write(data)
    check_silence(listener)
    assert player.process.wait(10) == 0


def test_what_comes_in_and_is_no_message_is_passed_over(player: Fed, server: JackServer) -> None:
    """Cut short, too long, data without a status, data over 127; the message after them is told."""
    events = ["b014", "90", "14", "90c8c8", "f2", "c00102", "fd", "b01440"]
    command = [sys.executable, "-m", "tests.peers.jack_sender", "Fed:in", *events]
    subprocess.run(command, env={**os.environ, **server.environment}, check=True, timeout=60)
    told = player.wait_for(Heard)
    assert isinstance(told, Heard)
    assert told.data == bytes.fromhex("b01440")


def test_an_engine_that_says_nothing_is_silenced_and_may_come_back(player: Fed, listener: Listener) -> None:
    """The heartbeat is one second here."""
    check_silence(listener)
    player.write(packed(soon(ON)))
    listener.wait_for(ON, 2)
    assert player.process.poll() is None


def test_close_lets_what_waits_be_played(player: Fed, listener: Listener) -> None:
    """The note-off that is to come; then it leaves by itself."""
    player.write(packed(Play(0.0, OFF)) + packed(Close()))
    assert player.process.wait(10) == 0
    listener.wait_for(OFF)
    assert heard(listener) == [ON, OFF]


def test_close_silences_what_nobody_ended(player: Fed, listener: Listener) -> None:
    """A note-off that never came."""
    player.write(packed(Close()))
    check_silence(listener)


def test_a_note_off_that_a_receiver_missed_is_said_again(player: Fed, listener: Listener) -> None:
    """Its cycles went by unheard, as those of a synth do that is held up for a tenth of a second."""
    for _ in range(5):
        listener.program.send_signal(signal.SIGUSR1)
        listener.program.wait_for_line("STALLED")
        player.write(packed(Play(0.0, OFF)))
        wait_until(lambda: not listener.down(), 2, "the end of the note")
        player.write(packed(soon(ON)))
        wait_until(lambda: bool(listener.down()), 2, "the next note")
    assert heard(listener).count(ON) == 1 + 5


def test_a_note_off_that_a_receiver_missed_for_long_is_said_again(server: JackServer) -> None:
    """As a synth misses it that loads a patch where it should play."""
    orders = Orders("jack", "Fed", heartbeat=10.0, connections=(PORT,))
    with Listener(server.environment, stall=0.8) as listener, Fed(orders, server.environment) as player:
        player.wait_for(Opened)
        wait_until(lambda: hears(listener, player), 10, "a listener that is really connected")
        player.write(packed(soon(ON)))
        listener.wait_for(ON)
        listener.program.send_signal(signal.SIGUSR1)
        listener.program.wait_for_line("STALLED")
        player.write(packed(Play(0.0, OFF)))
        wait_until(lambda: not listener.down(), 3, "the end of the note")


def test_a_note_off_that_is_missed_at_the_end_is_said_again(player: Fed, listener: Listener) -> None:
    """The player leaves only when it has been."""
    listener.program.send_signal(signal.SIGUSR1)
    listener.program.wait_for_line("STALLED")
    player.write(packed(Play(0.0, OFF)) + packed(Close()))
    assert player.process.wait(10) == 0
    listener.wait_for(OFF)
    assert not listener.down()


def test_a_player_that_leaves_says_its_note_offs_again_before_it_does(server: JackServer, listener: Listener) -> None:
    """For a link that loses messages, as late as that is wanted."""
    orders = Orders("jack", "Fed", connections=(PORT,), repeat_offs=1.0)
    with Fed(orders, server.environment) as fed:
        fed.wait_for(Opened)
        wait_until(lambda: hears(listener, fed), 10, "a listener that is really connected")
        fed.write(packed(soon(ON)))
        listener.wait_for(ON)
        fed.process.stdin.close()
        assert fed.process.wait(10) == 0
    assert [data for _, _, data in listener.events()].count(OFF) > 1


def test_a_port_that_goes_and_comes_at_once_is_connected_again(player: Fed, listener: Listener) -> None:
    """However fast: a program may be back before the player has looked, in the place that it had."""
    for _ in range(5):
        listener.program.send_signal(signal.SIGUSR2)
        listener.program.wait_for_line("BACK")
        wait_until(partial(hears, listener, player, time.monotonic()), 10, "a listener that is connected again")


def test_without_a_server_it_says_so_and_leaves() -> None:
    """With what to do."""
    orders = Orders("jack", "Fed")
    with Fed(orders, {"JACK_DEFAULT_SERVER": "nobody-runs-this", "XDG_RUNTIME_DIR": "/nowhere"}) as fed:
        lost = fed.wait_for(Lost)
    assert isinstance(lost, Lost)
    assert "no server is running" in lost.reason
    assert "jackd -d dummy" in lost.reason


def test_a_server_that_dies_is_told(server: JackServer) -> None:
    """And the player leaves, for libjack is of no use any more."""
    with Fed(Orders("jack", "Fed"), server.environment) as fed:
        fed.wait_for(Opened)
        server.kill()
        lost = fed.wait_for(Lost)
        assert isinstance(lost, Lost)
        assert "server" in lost.reason
        assert fed.process.wait(10) == 0


def test_orders_are_one_word_of_a_command_line() -> None:
    """Whatever the names are."""
    orders = Orders("auto", "Mein Gerät\n\"'", "a port", 2.0, ("x:y", "z z:1"))
    assert orders_of(orders.as_word()) == orders


def test_the_player_is_light() -> None:
    """Neither NumPy nor ONNX Runtime, nor anything that makes music."""
    code = "import musicrnn.daemon.player.program, musicrnn.daemon.player.jack_output, sys; print(*sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    heavy = {"numpy", "onnxruntime", "mido", "rtmidi", "symusic", "rich", "textual", "pythonosc"}
    assert not heavy & {name.split(".")[0] for name in said}
    assert not [name for name in said if name.startswith(("musicrnn.models", "musicrnn.config"))]
