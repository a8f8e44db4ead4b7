"""LISTEN of OSCQuery: whoever asks for it over WebSocket is sent each change of a value, as a binary OSC packet.

One thread serves all; none of them is waited for, and one that does not read, or does not answer, is let go. The
package websockets (of the extra ``discovery``) reads and writes the frames.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import json
import select
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from musicrnn.control import Status
from musicrnn.daemon.display import note
from musicrnn.daemon.osc import PREFIX
from musicrnn.daemon.osc_desk import PRIME_BYTES
from musicrnn.daemon.osc_namespace import Node, namespace
from musicrnn.daemon.osc_packets import Value, message_bytes
from musicrnn.daemon.priority import unhindered

if TYPE_CHECKING:
    from websockets.server import ServerProtocol

MOST = 8
MOST_PATHS = 512
LOOK_SECONDS = 0.05
PING_SECONDS, SILENT_SECONDS = 10.0, 30.0
ROOM_BYTES = 65_536
READ_BYTES, REST_SECONDS = 1024, 0.005  # whoever sends without end is read this fast, and the music keeps the processor
_CASTS: dict[str, Callable[[Any], Value]] = {"f": float, "i": int, "s": str}
Values = dict[str, tuple[Value, ...]]


def can_listen() -> bool:
    """Tell whether the package that speaks WebSocket is there."""
    return importlib.util.find_spec("websockets") is not None


def values_of(root: Node) -> Values:
    """Return the values of all nodes that have some, by address, in the types that the nodes declare."""
    return dict(_values_below(root))


def _values_below(node: Node) -> Iterator[tuple[str, tuple[Value, ...]]]:
    if "VALUE" in node:
        pairs = zip(node["TYPE"], node["VALUE"], strict=True)
        yield node["FULL_PATH"], tuple(_CASTS[letter](value) for letter, value in pairs)
    for one in node.get("CONTENTS", {}).values():
        yield from _values_below(one)


@dataclass(slots=True, eq=False)
class Listener:
    """One connection: what it listens to with what it was told of it, and the bytes that wait to leave."""

    line: socket.socket
    protocol: ServerProtocol
    heard: float
    pinged: float
    told: dict[str, tuple[Value, ...] | None] = field(default_factory=dict)
    waiting: bytearray = field(default_factory=bytearray)
    ended: bool = False

    def tell(self, values: Values, changed: bool, now: float) -> None:
        """Send what has changed of what it listens to, and whether it has to ask for the namespace again.

        One that has been silent for long ends, though it was asked for a sign of life.
        """
        from websockets.protocol import State

        self.ended |= now - self.heard > SILENT_SECONDS
        if self.protocol.state is not State.OPEN:
            return
        if changed:
            self.protocol.send_text(json.dumps({"COMMAND": "PATH_CHANGED", "DATA": PREFIX}).encode())
        if now - self.pinged > PING_SECONDS:
            self.pinged = now
            self.protocol.send_ping(b"")
        for path, told in self.told.items():
            value = values.get(path)
            if value is not None and value != told:
                self.told[path] = value
                self.protocol.send_binary(message_bytes(path, *value))

    def obey(self, text: bytes) -> None:
        """Take a command, LISTEN or IGNORE with a path; what is neither is passed over."""
        try:
            order = json.loads(text)
        except (ValueError, RecursionError):
            return
        match order:
            case {"COMMAND": "LISTEN", "DATA": str(path)} if len(self.told) < MOST_PATHS:
                self.told.setdefault(path)
            case {"COMMAND": "IGNORE", "DATA": str(path)}:
                self.told.pop(path, None)

    def flush(self) -> None:
        """Send what the connection takes; it ends where too much waits for it, or it is gone."""
        for data in self.protocol.data_to_send():
            self.waiting += data
            self.ended |= not data  # an empty one is the end of what is sent
        try:
            while self.waiting:
                del self.waiting[: self.line.send(self.waiting)]
        except BlockingIOError:
            self.ended |= len(self.waiting) > ROOM_BYTES
        except OSError:
            self.ended = True


class Listeners:
    """Serves those who listen, in a thread of its own, until it is closed.

    ``status`` gives the values, ``send`` takes the OSC packets that come in over WebSocket.
    """

    def __init__(self, status: Callable[[], Status], send: Callable[[bytes], None]) -> None:
        self._status = status
        self._send = send
        self._new: deque[tuple[socket.socket, bytes]] = deque(maxlen=MOST)
        self._all: list[Listener] = []
        self._parts: tuple[str, ...] | None = None
        self._look_due = 0.0
        self._closing = False
        self._wake_reader, self._wake_writer = socket.socketpair()
        self._thread = threading.Thread(target=self._run, name="musicrnn-listen", daemon=True)

    def __len__(self) -> int:
        return len(self._all) + len(self._new)

    def start(self) -> None:
        """Begin to serve. Its package is imported here: in the midst of the music that would hold up what plays."""
        importlib.import_module("websockets.server")
        self._thread.start()

    def adopt(self, line: socket.socket, request: bytes) -> bool:
        """Take over a connection that asks for WebSocket by this request; False where there are too many."""
        if self._closing or len(self) >= MOST:
            return False
        line.setblocking(False)
        line.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, ROOM_BYTES)
        self._new.append((line, request))
        self._wake()
        return True

    def close(self) -> None:
        """Let all go."""
        self._closing = True
        self._wake()
        if self._thread.is_alive():
            self._thread.join(timeout=2.0)
        for line, _ in self._new:
            line.close()
        self._wake_reader.close()
        self._wake_writer.close()

    def _run(self) -> None:
        """Serve, and let no other program come before: a thread that holds Python's lock would wait for it."""
        try:
            with unhindered():
                self._serve()
        except Exception as error:  # noqa: BLE001  whatever is wrong in a picture of the music, the music goes on
            note(f"a fault in OSCQuery's LISTEN, which is off from now on: {error!r}")
        finally:
            self._closing = True
            self._end_all()

    def _serve(self) -> None:
        while not self._closing:
            lines = {one.line: one for one in self._all}
            full = [one.line for one in self._all if one.waiting]
            ready, _, _ = select.select([self._wake_reader, *lines], full, [], self._seconds_to_wait())
            if self._wake_reader in ready:
                self._wake_reader.recv(4096)
            self._welcome(time.monotonic())
            for line in ready:
                if line in lines:
                    self._hear(lines[line], time.monotonic())
            self._look(time.monotonic())
            self._flush()
            if not lines.keys().isdisjoint(ready):
                time.sleep(REST_SECONDS)

    def _end_all(self) -> None:
        for one in self._all:
            with contextlib.suppress(Exception):
                one.protocol.send_close(1001)
            one.ended = True
        self._flush()

    def _seconds_to_wait(self) -> float | None:
        if not self._all:
            return None
        return max(self._look_due - time.monotonic(), 0.0)

    def _welcome(self, now: float) -> None:
        from websockets.server import ServerProtocol

        while self._new:
            line, request = self._new.popleft()
            one = Listener(line, ServerProtocol(max_size=PRIME_BYTES), now, now)
            self._all.append(one)
            self._take(one, request)

    def _hear(self, one: Listener, now: float) -> None:
        try:
            data = one.line.recv(READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            one.ended = True
            return
        one.heard = now
        self._take(one, data)

    def _take(self, one: Listener, data: bytes) -> None:
        """Read what came; whatever is wrong with it ends this connection and no other."""
        try:
            one.protocol.receive_data(data)
            for event in one.protocol.events_received():
                self._event(one, event)
        except Exception:  # noqa: BLE001  a stranger's bytes
            one.ended = True

    def _event(self, one: Listener, event: object) -> None:
        from websockets.frames import Frame, Opcode
        from websockets.http11 import Request

        match event:
            case Request():
                one.protocol.send_response(one.protocol.accept(event))
            case Frame(opcode=Opcode.TEXT, fin=True, data=data):
                one.obey(bytes(data))
                self._look_due = 0.0
            case Frame(opcode=Opcode.BINARY, fin=True, data=data):
                self._send(bytes(data))
            case Frame(opcode=Opcode.TEXT | Opcode.BINARY | Opcode.CONT):
                one.protocol.fail(1003, "a message must be one frame")

    def _look(self, now: float) -> None:
        """Tell all what has changed since the last look."""
        if now < self._look_due or not self._all:
            return
        self._look_due = now + LOOK_SECONDS
        status = self._status()
        values = values_of(namespace(status, ())) if any(one.told for one in self._all) else {}
        changed = self._parts is not None and status.parts != self._parts
        self._parts = status.parts
        for one in self._all:
            try:
                one.tell(values, changed, now)
            except Exception:  # noqa: BLE001  closed in the middle of it
                one.ended = True

    def _flush(self) -> None:
        for one in self._all:
            one.flush()
            if one.ended:
                one.line.close()
        self._all = [one for one in self._all if not one.ended]

    def _wake(self) -> None:
        with contextlib.suppress(OSError):
            self._wake_writer.send(b"\0")
