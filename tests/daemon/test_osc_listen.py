"""LISTEN of OSCQuery: those who listen over WebSocket are told what changes, and hold nothing up."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import pytest

pytest.importorskip("websockets", reason="the extra 'discovery' is not installed")

from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.protocol import State
from websockets.server import ServerProtocol
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from musicrnn.control import CONTROLS, Status
from musicrnn.daemon.osc_listen import MOST, Listener, values_of
from musicrnn.daemon.osc_namespace import namespace
from musicrnn.daemon.osc_packets import Message, message_bytes, messages
from musicrnn.daemon.osc_query import QueryServer
from tests.peers.program import wait_until

PARTS = ("soprano", "bass")
STATUS = Status(
    model="chorales",
    parts=PARTS,
    part_controls={name: dict.fromkeys(PARTS, 0) for name, control in CONTROLS.items() if control.per_part},
)
SECONDS = 10.0


@dataclass
class Room:
    """A server, the state that it tells, and a socket that hears what is sent on to OSC."""

    server: QueryServer = field(init=False)
    status: Status = STATUS
    osc: socket.socket = field(default_factory=lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))

    def __post_init__(self) -> None:
        self.osc.bind(("127.0.0.1", 0))
        self.osc.settimeout(SECONDS)
        self.server = QueryServer("127.0.0.1", 0, self.osc.getsockname(), lambda: self.status)
        self.server.start()

    def close(self) -> None:
        """End it."""
        self.server.close()
        self.osc.close()

    def turn(self, name: str, value: float | str) -> None:
        """Give a control a value."""
        self.status = replace(self.status, controls={**self.status.controls, name: value})

    def client(self, origin: str | None = None) -> ClientConnection:
        """Connect a client."""
        host, port = self.server.address
        given = None if origin is None else Origin(origin)
        return connect(f"ws://{host}:{port}/", origin=given, open_timeout=SECONDS, close_timeout=SECONDS)


@pytest.fixture
def room() -> Iterator[Room]:
    """Give a server that serves."""
    one = Room()
    yield one
    one.close()


def order(client: ClientConnection, command: str, path: str) -> None:
    """Send a command."""
    client.send(json.dumps({"COMMAND": command, "DATA": path}))


def send_without_end(line: socket.socket, data: bytes) -> None:
    """Send until it is reset, however slowly it is read: a busy machine takes long to read what makes it full."""
    rest = memoryview(b"")
    with contextlib.suppress(OSError):
        while True:
            rest = rest or memoryview(data * 64)
            with contextlib.suppress(TimeoutError):
                rest = rest[line.send(rest) :]


def told(client: ClientConnection) -> Message:
    """Return the next packet."""
    data = client.recv(timeout=SECONDS)
    assert isinstance(data, bytes)
    (message,) = messages(data)
    return message


def test_whoever_listens_is_told_the_value_and_each_change(room: Room) -> None:
    """In packets as they are over UDP, of the type that the node declares."""
    with room.client() as client:
        order(client, "LISTEN", "/musicrnn/mu")
        assert told(client) == Message("/musicrnn/mu", "f", (1.0,))
        room.turn("mu", 2)
        assert told(client) == Message("/musicrnn/mu", "f", (2.0,))


def test_each_is_told_only_what_it_listens_to(room: Room) -> None:
    """Of one part, too; and no more of what it ignores."""
    with room.client() as one, room.client() as other:
        for client, path in ((one, "/musicrnn/mu"), (one, "/musicrnn/scale"), (other, "/musicrnn/mute/bass")):
            order(client, "LISTEN", path)
        assert told(other) == Message("/musicrnn/mute/bass", "i", (0,))
        assert {told(one).address, told(one).address} == {"/musicrnn/mu", "/musicrnn/scale"}
        order(one, "IGNORE", "/musicrnn/mu")
        room.turn("mu", 3.0)
        room.turn("scale", "dorian")
        assert told(one) == Message("/musicrnn/scale", "s", ("dorian",))


def test_a_model_with_other_parts_changes_the_paths(room: Room) -> None:
    """The client is told to ask again."""
    with room.client() as client:
        order(client, "LISTEN", "/musicrnn/model")
        assert told(client).values == ("chorales",)
        room.status = replace(room.status, model="drums", parts=("kit",))
        assert json.loads(client.recv(timeout=SECONDS)) == {"COMMAND": "PATH_CHANGED", "DATA": "/musicrnn"}
        assert told(client).values == ("drums",)


def test_packets_that_come_over_web_socket_go_where_osc_is_taken(room: Room) -> None:
    """With the rules of OSC."""
    packet = message_bytes("/musicrnn/mu", 1.5)
    with room.client() as client:
        client.send(packet)
        assert room.osc.recv(1024) == packet


@pytest.mark.parametrize(
    "rubbish",
    ["", "[", "{}", "[" * 8000, '{"COMMAND": "LISTEN", "DATA": 7}', '{"COMMAND": "LISTEN", "DATA": "/nowhere"}'],
)
def test_rubbish_is_passed_over(room: Room, rubbish: str) -> None:
    """The same client is served after it."""
    with room.client() as client:
        client.send(rubbish)
        order(client, "LISTEN", "/musicrnn/mu")
        assert told(client).values == (1.0,)


def test_what_is_too_long_ends_that_connection_alone(room: Room) -> None:
    """The other is told as before."""
    with room.client() as one, room.client() as other:
        one.send("x" * 20_000)
        with pytest.raises(ConnectionClosed):
            one.recv(timeout=SECONDS)
        order(other, "LISTEN", "/musicrnn/mu")
        assert told(other).values == (1.0,)


def test_one_who_does_not_read_is_let_go_and_holds_nobody_up(room: Room) -> None:
    """What waits for it is bounded; its pongs go unread, the values of the other come."""
    listener = room.server.listeners
    assert listener is not None
    with room.client() as calm, socket.socket() as deaf:
        deaf.settimeout(SECONDS)
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)  # before it connects: no more is promised
        deaf.connect(room.server.address)
        deaf.sendall(_HANDSHAKE)
        wait_until(lambda: len(listener) == 2, SECONDS, "two connections")
        flood = (deaf, b"\x89\xfd" + b"\0" * 4 + b"x" * 125)
        sending = threading.Thread(target=send_without_end, args=flood, daemon=True)
        sending.start()
        order(calm, "LISTEN", "/musicrnn/mu")
        assert told(calm).values == (1.0,)
        sending.join(3 * SECONDS)
        assert not sending.is_alive()
        wait_until(lambda: len(listener) == 1, SECONDS, "the deaf one's end")


def test_one_who_gives_no_sign_of_life_is_let_go() -> None:
    """It is asked for one first."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        one = Listener(ours, ServerProtocol(state=State.OPEN), heard=0.0, pinged=0.0)
        one.tell({}, False, 11.0)
        assert one.protocol.data_to_send() == [b"\x89\x00"]  # a ping without a payload
        one.tell({}, False, 29.0)
        assert not one.ended
        one.tell({}, False, 31.0)
        assert one.ended


def test_a_wrong_handshake_is_refused(room: Room) -> None:
    """With the package's own reason; the next client is served."""
    with socket.create_connection(room.server.address, timeout=SECONDS) as client:
        client.sendall(_HANDSHAKE.replace(b"Version: 13", b"Version: 7"))
        assert client.recv(4096).startswith(b"HTTP/1.1 4")
    with room.client() as other:
        order(other, "LISTEN", "/musicrnn/mu")
        assert told(other).values == (1.0,)


def test_there_is_room_for_so_many_and_for_another_once_one_has_gone(room: Room) -> None:
    """Those beyond are told that they cannot be served."""
    listener = room.server.listeners
    assert listener is not None
    with contextlib.ExitStack() as stack:
        first = stack.enter_context(room.client())
        for _ in range(MOST - 1):
            stack.enter_context(room.client())
        with pytest.raises(InvalidStatus, match="503"), room.client():
            raise AssertionError
        first.close()
        wait_until(lambda: len(listener) < MOST, SECONDS, "room")
        another = stack.enter_context(room.client())
        order(another, "LISTEN", "/musicrnn/mu")
        assert told(another).values == (1.0,)


@pytest.mark.parametrize("origin", ["http://example.com", "null", "http://192.0.2.7"])
def test_a_page_of_elsewhere_may_not_listen(room: Room, origin: str) -> None:
    """A browser says whose page it is; it could steer the music otherwise."""
    with pytest.raises(InvalidStatus, match="403"), room.client(origin):
        raise AssertionError


def test_a_page_of_this_machine_may_listen(room: Room) -> None:
    """One that somebody serves to himself."""
    with room.client("http://localhost:8080") as client:
        order(client, "LISTEN", "/musicrnn/mu")
        assert told(client).values == (1.0,)


def test_whoever_listens_is_told_when_it_ends() -> None:
    """The connection is closed with the daemon."""
    room = Room()
    with room.client() as client:
        order(client, "LISTEN", "/musicrnn/mu")
        told(client)
        room.close()
        with pytest.raises(ConnectionClosed):
            client.recv(timeout=SECONDS)


def test_each_node_with_a_value_can_be_listened_to() -> None:
    """All controls, of parts too."""
    values = values_of(namespace(STATUS, ()))
    plain = {f"/musicrnn/{name}" for name, control in CONTROLS.items() if not control.per_part}
    assert plain <= set(values)
    assert {f"/musicrnn/mute/{part}" for part in PARTS} <= set(values)


_HANDSHAKE = (
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
