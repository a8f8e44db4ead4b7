"""The engine's side of the player: starts the process, feeds it without ever waiting for it, notices its loss."""

from __future__ import annotations

import contextlib
import os
import queue
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from musicrnn.daemon.player.core import is_on, urgent
from musicrnn.daemon.player.program import Orders
from musicrnn.daemon.player.urgency import handed_down
from musicrnn.daemon.player.wire import (
    Beat,
    Close,
    Connected,
    Counts,
    Down,
    Force,
    Heard,
    Latency,
    Left,
    Lost,
    Opened,
    Panic,
    Place,
    Play,
    Records,
    WireError,
    is_message,
    packed,
)
from musicrnn.daemon.player_account import FETCHED_SECONDS, NOTICED_SECONDS, PlayerAccount
from musicrnn.daemon.priority import unhindered
from musicrnn.daemon.protocols import TimedMessage
from musicrnn.errors import PortError

OPEN_SECONDS = 60.0
CLOSE_SECONDS = 2.5
FULL_SECONDS = 0.005
BEAT_SECONDS = 0.1
MOST_UNANSWERED = 30
MOST_PENDING = 5_000
MOST_HEARD = 4_096
LEAD_SECONDS = 0.005
EXACT_LEAD_SECONDS = 0.002  # the port keeps a message for a period or more, which is room enough


class PlayerPort:
    """A port in a process of its own, which sends each message at its moment (plus its ``latency``).

    ``wake`` is called, by a thread, when a message has come in or the port is lost; ``after`` is the player that
    was lost before: its connections are made again, and what it left sounding is ended first. ``place`` is told, by
    a thread, where the JACK transport is, if the orders want that. Raises PortError where the player cannot open
    its port.
    """

    def __init__(
        self,
        orders: Orders,
        wake: Callable[[], None],
        after: PlayerPort | None = None,
        place: Callable[[Place], None] = lambda _: None,
    ) -> None:
        self.lead = LEAD_SECONDS
        self.connections: tuple[str, ...] = after.connections if after is not None else ()
        self.counts = Counts(0, 0, 0, 0)
        self.lost = False
        self._latency = 0.0
        self._reason = "the player has ended"
        self._wake = wake
        self._place = place
        self._listens = orders.listens
        self._heard: deque[TimedMessage] = deque(maxlen=MOST_HEARD)
        self._left: deque[tuple[int, int]] = deque()
        self._pending: deque[bytes] = deque()
        self._dropped = self._beats = self._answered = 0
        self._next_beat = 0.0
        self._opened: queue.Queue[Opened | None] = queue.Queue()
        self._process = _start(replace(orders, connections=self.connections))
        self._sink = self._process.stdin.fileno()
        self._reader = threading.Thread(target=self._read, name="musicrnn-player", daemon=True)
        self._reader.start()
        self.opened = self._wait_for_port()
        self._account = PlayerAccount(FETCHED_SECONDS if self.opened.exact else NOTICED_SECONDS)
        if self.opened.exact:
            self.lead = EXACT_LEAD_SECONDS
        with contextlib.suppress(OSError, AttributeError):  # Windows, before Python 3.12
            os.set_blocking(self._sink, False)
        if after is not None:
            self._end_what_sounds(after)

    @property
    def name(self) -> str:
        """The port's name as others see it."""
        return self.opened.name

    @property
    def latency(self) -> float:
        """How many seconds after its moment each message leaves, as the player told last."""
        return self._latency

    @property
    def pid(self) -> int:
        """The player's process number."""
        return int(self._process.pid)

    @property
    def late(self) -> int:
        """Messages that the player sent later than it should have, by more than a millisecond."""
        return self.counts.late

    @property
    def dropped(self) -> int:
        """Note-ons that found no room, or came to their turn far too late."""
        return self.counts.dropped + self._dropped

    # What the engine's loop calls: none of it waits.

    def send(self, message: TimedMessage) -> None:
        """Hand over a message: one whose moment has long gone by leaves at once, as the engine skips what should not.

        Raises PortError where the port is lost, ValueError for what is not MIDI.
        """
        if not is_message(message.data):
            raise ValueError(f"what is sent must be one MIDI message, got {message.data.hex(' ') or 'nothing'}")
        self._check()
        seconds = urgent(message.seconds, time.perf_counter(), self.latency)
        if not self._put(Play(seconds, message.data), droppable=is_on(message.data)):
            self._dropped += 1
            return
        self._account.passes(seconds + self.latency, message.data)

    def panic(self) -> None:
        """Let the player drop the note-ons that wait, and silence everything at once. Raises PortError."""
        self._check()
        self._put(Panic())
        self._account.panics(time.perf_counter() + self.latency)

    def beat(self, now: float) -> None:
        """Tell the player that the engine lives, some ten times a second at most. Raises PortError."""
        self._check()
        if now < self._next_beat and not self._pending:
            return
        self._next_beat = now + BEAT_SECONDS
        if self._beats - self._answered > MOST_UNANSWERED:
            self._lose("the player must answer, and stands still")
            self._check()
        self._beats += 1
        self._keep_left()
        self._account.asks(self._beats, now, self._answered)
        self._put(Beat(self._beats))

    def heard(self) -> list[TimedMessage]:
        """Return the messages that came in since the last call, with the moments at which they did."""
        messages: list[TimedMessage] = []
        while self._heard:
            messages.append(self._heard.popleft())
        return messages

    def close(self) -> None:
        """Let the player send what waits and leave, for a bounded time; nothing the second time."""
        if self._process.poll() is None and not self.lost:
            deadline = time.perf_counter() + CLOSE_SECONDS
            self._put(Close())
            while not (self._flushed() or self.lost or time.perf_counter() > deadline):
                time.sleep(FULL_SECONDS)
            self._wait(max(deadline - time.perf_counter(), 0.0))
        self.lost = True
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        if not self._wait(0.5 if self._process.poll() is None else 0.0):
            self._process.kill()
            self._process.wait()
        self._reader.join(timeout=1.0)

    # What it is made of.

    def _wait_for_port(self) -> Opened:
        with contextlib.suppress(queue.Empty):
            opened = self._opened.get(timeout=OPEN_SECONDS)
            if opened is not None:
                return opened
        reason = self._reason if self.lost else f"the player must open its port within {OPEN_SECONDS:g} s"
        self.lost = True
        self.close()
        raise PortError(reason)

    def _end_what_sounds(self, after: PlayerPort) -> None:
        """Send past the new player's account what ends the notes of the old one's."""
        after._keep_left()
        for data in self._account.succeed(after._account, after._answered):
            self._put(Force(data))

    def _keep_left(self) -> None:
        """Take down what the player has said of keys that a listener may have been left with."""
        while self._left:
            self._account.leaves(self._left.popleft())

    def _check(self) -> None:
        if self.lost:
            raise PortError(f"port {self.name} must be there; {self._reason}")

    def _lose(self, reason: str) -> None:
        self._reason = reason
        self.lost = True

    def _put(self, record: Down, *, droppable: bool = False) -> bool:
        """Write a record, or keep it for later where the pipe is full; False where it is dropped instead."""
        data = packed(record)
        if self._flushed() and self._written(data):
            return True
        if droppable:
            return False
        self._pending.append(data)
        if len(self._pending) > MOST_PENDING:
            self._lose("the player must take what it is sent, and does not")
        return True

    def _flushed(self) -> bool:
        while self._pending:
            if not self._written(self._pending[0]):
                return False
            self._pending.popleft()
        return True

    def _written(self, data: bytes) -> bool:
        try:
            os.write(self._sink, data)
        except BlockingIOError:
            return False
        except (OSError, ValueError):
            self._lose("the player has ended")
        return True

    def _wait(self, seconds: float) -> bool:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)
            return True
        return False

    def _read(self) -> None:
        """Take in what the player says until it says no more."""
        records = Records()
        quietly = contextlib.suppress(OSError, ValueError, WireError)
        with unhindered(), self._process.stdout as source, quietly:
            while data := os.read(source.fileno(), 65_536):
                for record in records.feed(data):
                    self._take(record)
        self.lost = True
        self._opened.put(None)
        self._wake()

    def _take(self, record: object) -> None:
        match record:
            case Opened():
                self._latency = record.latency
                self._opened.put(record)
            case Latency(seconds):
                self._latency = seconds
            case Lost(reason):
                self._reason = reason
                self.lost = True
            case Heard(seconds, data, stood, skipped):
                self._heard.append(TimedMessage(seconds, data, stood, skipped))
                if self._listens:  # a controller can wait for the next tick
                    self._wake()
            case Counts(beat):
                self.counts, self._answered = record, beat
            case Connected(names):
                self.connections = names
            case Left(channel, pitch):
                self._left.append((channel, pitch))
            case Place():
                self._place(record)
                self._wake()


class Players:
    """Opens one player after the other, each with what its predecessor left.

    The system that the first one found is the one that the others look for: what is connected to is there.
    """

    def __init__(
        self, orders: Orders, wake: Callable[[], None], place: Callable[[Place], None] = lambda _: None
    ) -> None:
        self._orders = orders
        self._wake = wake
        self._place = place
        self._last: PlayerPort | None = None

    def open(self) -> PlayerPort:
        """Open the port. Raises PortError with what is missing and how to get it."""
        port = PlayerPort(self._orders, self._wake, self._last, self._place)
        self._last = port
        if self._orders.api == "auto":
            self._orders = replace(self._orders, api=port.name.rpartition("(")[2].rstrip(")"))
        return port


def _start(orders: Orders) -> Any:
    """Start a player away from the terminal's signals: it must outlive the engine's orderly end."""
    flags = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
    command = [sys.executable, "-m", "musicrnn.daemon.player", orders.as_word()]
    pipe = subprocess.PIPE
    try:
        with handed_down():
            return subprocess.Popen(
                command, stdin=pipe, stdout=pipe, bufsize=0, start_new_session=True, creationflags=flags
            )
    except OSError as error:
        raise PortError(f"the player must be a process that can be started, got: {error.strerror}") from error
