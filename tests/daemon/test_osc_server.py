"""The OSC desk and its socket: strangers, floods and real clients."""

from __future__ import annotations

import os
import shutil
import socket
import statistics
import struct
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musicrnn.control import Model, Panic, Set, Status, Stop
from musicrnn.daemon.inbox import Inbox, Request
from musicrnn.daemon.osc_desk import OscDesk
from musicrnn.daemon.osc_packets import Message, bundle_bytes, message_bytes, messages
from musicrnn.daemon.osc_senders import is_loopback
from musicrnn.daemon.osc_server import OscServer
from musicrnn.daemon.priority import real_time_allowed
from musicrnn.daemon.stream import Address
from tests.peers.program import Program, wait_until

HERE: Address = ("127.0.0.1", 5000)
STATUS = Status(playing=True, bar=7, tempo=96.0, model="chorales", parts=("soprano", "bass"))


@dataclass
class Room:
    """A desk, its queue and what it answered."""

    inbox: Inbox = field(default_factory=lambda: Inbox(lambda: None))
    answers: list[Message] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.desk = OscDesk(self.inbox, lambda: STATUS, self._answer)

    def _answer(self, data: bytes, receiver: Address) -> None:
        assert receiver == HERE
        self.answers += messages(data, 65536)

    def say(self, packet: bytes, now: float = 0.0) -> bool:
        """Send a packet."""
        return self.desk.packet(packet, HERE, now)


def test_a_message_goes_into_the_queue() -> None:
    """And nothing is answered."""
    room = Room()
    assert room.say(message_bytes("/musicrnn/mu", 1.5))
    assert [request.command for request in room.inbox.take()] == [Set("mu", 1.5)]
    assert room.answers == []
    assert room.desk.counts.taken == 1


def test_a_bundle_is_its_messages() -> None:
    """All of them, in order."""
    room = Room()
    room.say(bundle_bytes([("/musicrnn/mu", (1.5,)), ("/musicrnn/panic", ())]))
    assert [request.command for request in room.inbox.take()] == [Set("mu", 1.5), Panic()]


def test_each_wish_for_a_model_goes_into_the_queue() -> None:
    """The last one wins, and whoever had the one before it is told: the loader does both."""
    room = Room()
    room.say(message_bytes("/musicrnn/model", "drums"))
    room.say(message_bytes("/musicrnn/model", "songs"))
    assert [request.command for request in room.inbox.take()] == [Model("drums"), Model("songs")]


def test_the_models_that_can_be_named_are_answered() -> None:
    """Those that ship, at least."""
    room = Room()
    room.say(message_bytes("/musicrnn/models"))
    (answer,) = room.answers
    assert answer.address == "/musicrnn/models"
    assert {"chorales", "untrained"} <= set(answer.values)
    assert room.inbox.take() == []


@pytest.mark.parametrize(
    "packet",
    [
        message_bytes("/musicrnn/model", "../../secret"),
        message_bytes("/musicrnn/model", "/srv/model.onnx"),
        message_bytes("/musicrnn/model", 1),
        b"rubbish",
        b"#bundle\0" + b"\0" * 7 + b"\1" + struct.pack(">i", -4),
        message_bytes("/musicrnn/mu", "loud"),
        message_bytes("/musicrnn/mu", 99.0),
        message_bytes("/musicrnn/nothing"),
        message_bytes("/musicrnn/prime", "x" * 2000 + "y" * 8000),
        message_bytes("/musicrnn/mu", "x" * 2000),
    ],
)
def test_what_is_wrong_is_refused_counted_and_answered(packet: bytes) -> None:
    """With the reason, to the sender; nothing reaches the engine."""
    room = Room()
    room.say(packet)
    assert room.inbox.take() == []
    assert room.desk.counts.refused == 1
    assert [answer.address for answer in room.answers] == ["/musicrnn/error"]


def test_a_prime_may_be_longer_than_other_packets() -> None:
    """A few bars of score text."""
    room = Room()
    room.say(message_bytes("/musicrnn/prime", "C4 . - - - " * 500))
    assert len(room.inbox.take()) == 1


def test_a_refusal_by_the_engine_reaches_the_sender() -> None:
    """The one who asked is told."""
    room = Room()
    room.say(message_bytes("/musicrnn/mute", "kazoo"))
    (request,) = room.inbox.take()
    request.refuse("a part must be one of soprano, bass, got 'kazoo'")
    assert room.answers[0].values == ("a part must be one of soprano, bass, got 'kazoo'",)
    assert room.desk.counts.refused == 1


def test_the_status_is_answered() -> None:
    """As messages of their own, with the counts."""
    room = Room()
    room.say(b"rubbish")
    room.say(message_bytes("/musicrnn/status"))
    answers = {answer.address: answer.values for answer in room.answers}
    assert answers["/musicrnn/status/playing"] == (1,)
    assert answers["/musicrnn/status/place"] == (7, 0, 0)
    assert answers["/musicrnn/status/parts"] == ("soprano", "bass")
    assert answers["/musicrnn/status/refused"] == (1,)


def test_a_flood_is_cut_to_its_rate_but_for_panic_and_stop() -> None:
    """A hundred at once, five hundred a second; the two that silence always get through."""
    room = Room()
    calm = [room.say(message_bytes("/musicrnn/reset"), now=1.0) for _ in range(1000)]
    assert sum(calm) == 100
    assert room.desk.counts.dropped == 900
    room.say(message_bytes("/musicrnn/panic"), now=1.0)
    room.say(message_bytes("/musicrnn/stop"), now=1.0)
    commands = [request.command for request in room.inbox.take()]
    assert commands[-2:] == [Panic(), Stop()]
    room.say(message_bytes("/musicrnn/reset"), now=1.1)
    assert len(room.inbox.take()) == 1


def test_in_a_flood_packets_are_not_read_unless_they_may_silence() -> None:
    """A stop in a bundle too; rubbish costs nothing."""
    room = Room()
    for _ in range(100):
        room.say(message_bytes("/musicrnn/reset"), now=1.0)
    room.inbox.take()
    assert not room.say(b"rubbish", now=1.0)
    assert not room.say(bundle_bytes([("/musicrnn/mu", (1.5,)), ("/musicrnn/stop", ())]), now=1.0)
    assert [request.command for request in room.inbox.take()] == [Stop()]
    assert room.desk.counts.refused == 0
    assert room.desk.counts.dropped == 2


def test_answers_are_few() -> None:
    """No sender can have this program send much to somebody."""
    room = Room()
    for number in range(1000):
        room.say(b"rubbish", now=number / 1000)
    assert 20 <= len(room.answers) <= 41


@given(st.lists(st.binary(max_size=200), max_size=20))
def test_nothing_that_comes_in_raises(packets: list[bytes]) -> None:
    """Strangers' bytes are refused or taken."""
    room = Room()
    for packet in packets:
        room.say(packet)
    assert room.desk.counts.taken + room.desk.counts.refused == len(packets)


@dataclass
class Line:
    """A server on a free port and its queue."""

    server: OscServer
    inbox: Inbox
    _found: list[Request] = field(default_factory=list)

    def requests(self, count: int) -> list[Request]:
        """Wait for so many requests and return them."""
        wait_until(lambda: self._count() >= count, 10, f"{count} commands")
        return self._found

    def _count(self) -> int:
        self._found += self.inbox.take()
        return len(self._found)

    def ask(self, packet: bytes) -> list[Message]:
        """Send a packet and return the answer."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(10)
            client.sendto(packet, self.server.address)
            return messages(client.recv(65536), 65536)


@pytest.fixture
def line() -> Iterator[Line]:
    """Give a server that listens."""
    inbox = Inbox(lambda: None)
    server = OscServer("127.0.0.1", 0, inbox, lambda: STATUS)
    server.start()
    yield Line(server, inbox)
    server.close()


def test_it_answers_over_the_network(line: Line) -> None:
    """A status is asked for and comes back."""
    answers = line.ask(message_bytes("/musicrnn/status"))
    assert answers[0] == Message("/musicrnn/status/playing", "i", (1,))


def test_it_answers_still_after_rubbish(line: Line) -> None:
    """What hangs or kills other servers is refused by this one."""
    for packet in (
        b"",
        b"#bundle\0" + b"\0" * 7 + b"\1" + struct.pack(">i", -4),
        b"/musicrnn/****************************Z\0,\0\0\0",
        b"/musicrnn/mu\0\0\0\0,f\0\0\x7f\xc0\0\0",
        b"\xff" * 60_000,
        b"/a\0\0," + b"i" * 50_000,
    ):
        line.ask(packet)
    answers = {answer.address: answer.values for answer in line.ask(message_bytes("/musicrnn/status"))}
    assert answers["/musicrnn/status/refused"] == (6,)


def test_a_refusal_from_another_thread_is_sent(line: Line) -> None:
    """The engine's thread leaves it to the socket's."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(10)
        client.sendto(message_bytes("/musicrnn/mute", "kazoo"), line.server.address)
        line.requests(1)[0].refuse("no such part")
        assert messages(client.recv(4096)) == [Message("/musicrnn/error", "s", ("no such part",))]


def test_a_port_that_is_taken_is_refused(line: Line) -> None:
    """By the system's own words."""
    with pytest.raises(OSError, match="in use"):
        OscServer("127.0.0.1", line.server.address[1], line.inbox, lambda: STATUS)


def test_a_closed_server_gives_its_port_back() -> None:
    """And closing one that never listened is fine."""
    inbox = Inbox(lambda: None)
    first = OscServer("127.0.0.1", 0, inbox, lambda: STATUS)
    port = first.address[1]
    first.close()
    second = OscServer("127.0.0.1", port, inbox, lambda: STATUS)
    assert second.address[1] == port
    second.start()
    second.close()


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("192.168.1.7", False)],  # noqa: S104
)
def test_only_addresses_of_this_machine_are_loopback(host: str, loopback: bool) -> None:
    """Others are listened on with a warning."""
    assert is_loopback(host) is loopback


FLOOD = """
import socket, sys
line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
line.connect(("127.0.0.1", int(sys.argv[1])))
while True:
    try:
        line.send(b"/musicrnn/mu\\0\\0\\0\\0,f\\0\\0?\\x80\\0\\0")
    except OSError:
        pass
"""
PANICS = 9
PANIC_SECONDS = 0.25


@dataclass
class Alarm:
    """A server whose queue tells when a panic has come into it."""

    rang: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.inbox = Inbox(self._notified)
        self.server = OscServer("127.0.0.1", 0, self.inbox, lambda: STATUS)

    def _notified(self) -> None:
        if self.inbox.urgent:
            self.rang.set()

    def seconds_to_panic(self) -> float:
        """Return how long a panic takes; it is sent until one has come, 200 a second, for the kernel may drop some."""
        self.inbox.take()
        self.rang.clear()
        begun = time.monotonic()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            for _ in range(2000):
                client.sendto(message_bytes("/musicrnn/panic"), self.server.address)
                if self.rang.wait(0.005):
                    break
        seconds = time.monotonic() - begun
        assert Panic() in [request.command for request in self.inbox.take()]
        return seconds


@pytest.mark.skipif(not real_time_allowed(), reason="this user may not have real-time scheduling")
def test_the_thread_that_listens_waits_for_no_other_program(line: Line) -> None:
    """It holds Python's lock, and with it what plays; in a flood the kernel would drop what it does not fetch."""
    line.ask(message_bytes("/musicrnn/status"))
    (thread,) = (one for one in threading.enumerate() if one.name == "musicrnn-osc")
    assert thread.native_id is not None
    assert os.sched_getscheduler(thread.native_id) & ~os.SCHED_RESET_ON_FORK == os.SCHED_FIFO


def test_a_panic_in_the_midst_of_a_flood_acts_at_once() -> None:
    """Over the real socket, beside a process that sends all it can; the median of a few: machines stand still."""
    alarm = Alarm()
    alarm.server.start()
    try:
        with Program([sys.executable, "-c", FLOOD, str(alarm.server.address[1])]):
            wait_until(lambda: alarm.server.desk.counts.dropped > 10_000, 30, "a flood")
            found = [alarm.seconds_to_panic() for _ in range(PANICS)]
            before = alarm.server.desk.counts.dropped  # five panics may be over before the flood's process runs again
            wait_until(lambda: alarm.server.desk.counts.dropped > before, 30, "the flood going on")
    finally:
        alarm.server.close()
    assert statistics.median(found) < PANIC_SECONDS, found


@pytest.mark.skipif(shutil.which("oscsend") is None, reason="oscsend is not installed (Debian: liblo-tools)")
def test_a_client_of_another_make_is_understood(line: Line) -> None:
    """Liblo's oscsend, each type."""
    port = str(line.server.address[1])
    for words in (["mu", "f", "1.25"], ["seed", "i", "7"], ["tempo", "d", "90"], ["sigma", "h", "2"]):
        with Program(["oscsend", "127.0.0.1", port, f"/musicrnn/{words[0]}", *words[1:]]) as sender:
            assert sender.wait(10) == 0
    expected = [Set("mu", 1.25), Set("seed", 7), Set("tempo", 90), Set("sigma", 2)]
    assert [request.command for request in line.requests(4)] == expected


@pytest.mark.skipif(shutil.which("oscdump") is None, reason="oscdump is not installed (Debian: liblo-tools)")
def test_a_client_of_another_make_understands_the_status(line: Line) -> None:
    """Liblo's oscdump prints each value of the bundle."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with Program(["oscdump", "-L", str(port)]) as dump, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        wait_until(lambda: _is_taken(port), 10, "oscdump's port")
        sender.sendto(
            bundle_bytes([("/musicrnn/status/parts", ("soprano", "bass")), ("/x", (1, 2.5))]), ("127.0.0.1", port)
        )
        assert "soprano" in dump.wait_for_line("/musicrnn/status/parts", 10)
        dump.wait_for_line("/x", 10)


def _is_taken(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False
