"""The OSC socket, in a thread of its own: whatever comes in, the music goes on."""

from __future__ import annotations

import contextlib
import ipaddress
import select
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from musicrnn.control import MODEL_NAME, Status
from musicrnn.daemon.bucket import Bucket
from musicrnn.daemon.inbox import Inbox, Request
from musicrnn.daemon.osc import ERROR, MODELS, PRIME, STATUS, URGENT_ADDRESSES, command_of, status_messages
from musicrnn.daemon.osc_packets import MAX_BYTES, Malformed, Message, bundle_bytes, message_bytes, messages
from musicrnn.daemon.priority import unhindered
from musicrnn.errors import ControlError

Address = tuple[str, int]
_URGENT = tuple(address.encode() for address in URGENT_ADDRESSES)
RECEIVE_BUFFER = 65_536
KERNEL_BUFFERS = (2**22, 2**20, 2**18)
PRIME_BYTES = 8192 + 64
AT_ONCE = 4096
REST_SECONDS = 0.001
MOST_NAMES = 256


@dataclass(slots=True)
class Counts:
    """What came in: messages that were taken, packets or messages that were refused, and what a flood lost."""

    taken: int = 0
    refused: int = 0
    dropped: int = 0


@dataclass(slots=True)
class OscDesk:
    """Turns packets into requests and answers, with no socket and no clock of its own."""

    inbox: Inbox
    status: Callable[[], Status]
    answer: Callable[[bytes, Address], None]
    counts: Counts = field(default_factory=Counts)
    _intake: Bucket = field(default_factory=lambda: Bucket(500.0, 100))
    _replies: Bucket = field(default_factory=lambda: Bucket(20.0, 20))

    def packet(self, data: bytes, sender: Address, now: float) -> bool:
        """Take one packet; False where it came too fast, and then it is read only if it may silence.

        Never raises, whatever the packet holds.
        """
        if not self._intake.ready(now) and not any(address in data for address in _URGENT):
            self.counts.dropped += 1  # unread: a flood must cost next to nothing
            return False
        limit = PRIME_BYTES if data.startswith(PRIME.encode() + b"\0") else MAX_BYTES
        try:
            found = messages(data, limit)
        except Malformed as error:
            self.refuse(str(error), sender, now)
            return self._intake.allows(now)
        calm = [self._message(message, sender, now) for message in found]
        return all(calm)

    def refuse(self, reason: str, sender: Address, now: float) -> None:
        """Count a refusal and tell the sender, twenty times a second at most."""
        self.counts.refused += 1
        self._reply(lambda: message_bytes(ERROR, reason[:512]), sender, now)

    def _message(self, message: Message, sender: Address, now: float) -> bool:
        if not self._intake.allows(now) and message.address not in URGENT_ADDRESSES:
            self.counts.dropped += 1
            return False
        if message.address == STATUS:
            self.counts.taken += 1
            self._reply(lambda: bundle_bytes(status_messages(self.status(), self._counted())), sender, now)
            return True
        if message.address == MODELS:
            self.counts.taken += 1
            self._reply(lambda: message_bytes(MODELS, *_model_names()), sender, now)
            return True
        try:
            command = command_of(message)
        except (ControlError, Malformed) as error:
            self.refuse(str(error), sender, now)
            return True
        if command is None or self.inbox.put(Request(command, lambda reason: self._later(reason, sender))):
            self.counts.taken += 1
        else:
            self.counts.dropped += 1
        return True

    def _reply(self, make: Callable[[], bytes], sender: Address, now: float) -> None:
        if self._replies.allows(now):
            self.answer(make(), sender)

    def _later(self, reason: str, sender: Address) -> None:
        """Tell a sender, from another thread, that the engine refused its command."""
        self.counts.refused += 1
        self.answer(message_bytes(ERROR, reason[:512]), sender)

    def _counted(self) -> dict[str, int]:
        return {"taken": self.counts.taken, "refused": self.counts.refused, "dropped": self.counts.dropped}


class OscServer:
    """Receives on one UDP port until it is closed."""

    def __init__(self, host: str, port: int, inbox: Inbox, status: Callable[[], Status]) -> None:
        """Bind the port. Raises OSError where it is taken or the address is not this machine's."""
        self._socket = socket.socket(_family(host), socket.SOCK_DGRAM)
        self._wake_reader, self._wake_writer = socket.socketpair()
        try:
            _make_room(self._socket)
            self._socket.bind((host, port))
        except BaseException:
            self._shut()
            raise
        self._socket.setblocking(False)
        self._outbox: deque[tuple[bytes, Address]] = deque(maxlen=256)
        self._closing = False
        self.desk = OscDesk(inbox, status, self._answer)
        self._thread = threading.Thread(target=self._run, name="musicrnn-osc", daemon=True)

    @property
    def address(self) -> Address:
        """The host and port that it listens on."""
        host, port = self._socket.getsockname()[:2]
        return str(host), int(port)

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def close(self) -> None:
        """Stop listening and give the port back."""
        self._closing = True
        self._wake()
        if self._thread.is_alive():
            self._thread.join(timeout=1.0)
        self._shut()

    def _run(self) -> None:
        """Serve, and let no other program come before: a control would wait for it, and with it Python's lock."""
        with unhindered():
            self._serve()

    def _serve(self) -> None:
        while not self._closing:
            ready, _, _ = select.select([self._socket, self._wake_reader], [], [])
            if self._wake_reader in ready:
                self._wake_reader.recv(4096)
            calm = self._receive() if self._socket in ready else True
            self._send_answers()
            if not calm:
                time.sleep(REST_SECONDS)  # a flood: it waits with the kernel, the music keeps the processor

    def _receive(self) -> bool:
        """Take what waits, some of it; False where it comes too fast."""
        calm = True
        for _ in range(AT_ONCE):
            try:
                data, sender = self._socket.recvfrom(RECEIVE_BUFFER)
            except BlockingIOError:
                return calm
            except OSError:
                continue  # an earlier answer reached nobody; Windows says so here
            calm = self.desk.packet(data, (sender[0], sender[1]), time.monotonic()) and calm
        return calm

    def _answer(self, data: bytes, receiver: Address) -> None:
        self._outbox.append((data, receiver))
        if threading.current_thread() is not self._thread:
            self._wake()

    def _send_answers(self) -> None:
        while self._outbox:
            data, receiver = self._outbox.popleft()
            try:
                self._socket.sendto(data, receiver)
            except OSError:
                continue  # nobody listens there; not this program's trouble

    def _wake(self) -> None:
        try:
            self._wake_writer.send(b"\0")
        except OSError:
            return

    def _shut(self) -> None:
        for one in (self._socket, self._wake_reader, self._wake_writer):
            one.close()


def is_loopback(host: str) -> bool:
    """Tell whether only this machine can reach a host's address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _model_names() -> list[str]:
    """Return the names of the models that a message can name, as many as an answer has room for."""
    from musicrnn.models.catalogue import names

    return [name for name in names() if MODEL_NAME.fullmatch(name)][:MOST_NAMES]


def _make_room(receiver: socket.socket) -> None:
    """Ask for as large a buffer as the system gives: Linux gives less than asked for, others refuse."""
    for size in KERNEL_BUFFERS:
        with contextlib.suppress(OSError):
            receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, size)
            return


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
