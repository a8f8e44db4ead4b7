"""The OSC socket, in a thread of its own: whatever comes in, the music goes on."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Sequence

from musicrnn.control import Status
from musicrnn.daemon.display import note
from musicrnn.daemon.inbox import Inbox
from musicrnn.daemon.osc_desk import OscDesk
from musicrnn.daemon.osc_senders import check_allowed
from musicrnn.daemon.priority import unhindered
from musicrnn.daemon.stream import Address
from musicrnn.daemon.watch import Watch

RECEIVE_BUFFER = 65_536
KERNEL_BUFFERS = (2**22, 2**20, 2**18)
AT_ONCE = 4096
REST_SECONDS = 0.001


class OscServer:
    """Receives on one UDP port until it is closed."""

    def __init__(
        self,
        host: str,
        port: int,
        inbox: Inbox,
        status: Callable[[], Status],
        watch: Watch | None = None,
        allowed: Sequence[str] = (),
        files: Collection[str] = (),
    ) -> None:
        """Bind the port; ``allowed`` names who is heard beside this machine.

        Raises OSError where it is taken or the address is not this machine's, ConfigError where the address lets others
        in and nobody is allowed.
        """
        self._socket = socket.socket(_family(host), socket.SOCK_DGRAM)
        self._wake_reader, self._wake_writer = socket.socketpair()
        try:
            _make_room(self._socket)
            self._socket.bind((host, port))
            self._senders = check_allowed(host, allowed)
        except BaseException:
            self._shut()
            raise
        self._socket.setblocking(False)
        self._outbox: deque[tuple[bytes, Address]] = deque(maxlen=256)
        self._closing = False
        self.desk = OscDesk(inbox, status, self._answer, watch if watch is not None else Watch(), files)
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
            ready, _, _ = select.select([self._socket, self._wake_reader], [], [], self._seconds_to_wait())
            if self._wake_reader in ready:
                self._wake_reader.recv(4096)
            calm = self._receive() if self._socket in ready else True
            self._publish()
            self._send_answers()
            if not calm:
                time.sleep(REST_SECONDS)  # a flood: it waits with the kernel, the music keeps the processor
        self.desk.stream.close()
        self._send_answers()

    def _publish(self) -> None:
        """Send what was subscribed to; a fault in that must not take stop and panic with it."""
        try:
            self.desk.stream.publish(time.perf_counter())
        except Exception as error:  # noqa: BLE001  whatever is wrong in a picture of the music, the music is steered
            self.desk.stream.close()
            note(f"a fault in the state stream, which is off until somebody subscribes again: {error!r}")

    def _seconds_to_wait(self) -> float | None:
        """Return how long nothing is due of what was subscribed to, None while nobody looks on."""
        moment = self.desk.stream.next_moment()
        return None if moment is None else max(moment - time.perf_counter(), 0.0)

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
            if self._senders.allow(sender[0]):
                calm = self.desk.packet(data, (sender[0], sender[1]), time.perf_counter()) and calm
            else:
                self.desk.counts.refused += 1  # unread and unanswered
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


def _make_room(receiver: socket.socket) -> None:
    """Ask for as large a buffer as the system gives: Linux gives less than asked for, others refuse."""
    for size in KERNEL_BUFFERS:
        with contextlib.suppress(OSError):
            receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, size)
            return


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
