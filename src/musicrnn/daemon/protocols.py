"""What the engine's surroundings must offer: a clock, and something that MIDI goes out through.

The engine itself reads no clock and opens no port; whoever drives it does, in one thread::

    while not engine.finished:
        for command in commands waiting:            # ControlError: refused, nothing changed
            send all of engine.handle(command, clock.now())
        while engine.prepare(clock.now()):          # one tick (or a bit of a prime) a call; False: enough is made
            stop early where engine.next_deadline() comes near
        clock.wait_until(engine.next_deadline())    # or until a command comes; None: nothing to wait for
        send all of engine.release(clock.now())
        put engine.take_entries() into the log's queue
    send all of engine.silence(clock.now())
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable


@dataclass(frozen=True, slots=True, order=True)
class TimedMessage:
    """One MIDI message: raw bytes (status, data, ...) and its moment in seconds of the clock, perhaps just past.

    Of one that came in, ``stood`` is for how many seconds the port's own clock stood still since the message before it,
    and ``skipped`` tells that others before it may not have been heard.
    """

    seconds: float
    data: bytes
    stood: float = 0.0
    skipped: bool = False


class Clock(Protocol):
    """Monotonic time and the waiting for it."""

    def now(self) -> float:
        """Return seconds that never go back."""
        ...

    def wait_until(self, seconds: float) -> None:
        """Return at the moment, or earlier when :meth:`wake` is called."""
        ...

    def wake(self) -> None:
        """End a wait of another thread; one that begins after this call ends at once."""
        ...


class MidiOut(Protocol):
    """Where MIDI messages go."""

    @property
    def name(self) -> str:
        """The port's name as others see it."""
        ...

    def send(self, message: TimedMessage) -> None:
        """Send a message at its moment (at once where that is not possible); PortError when the port is lost."""
        ...

    def close(self) -> None:
        """Send what still waits, then close."""
        ...


@runtime_checkable
class TimedOut(MidiOut, Protocol):
    """A `MidiOut` that keeps each message until its moment, in a process that outlives this one.

    ``lead`` is how many seconds before its moment a message should be there.
    """

    lead: float

    @property
    def latency(self) -> float:
        """How many seconds after its moment each message leaves."""
        ...

    @property
    def late(self) -> int:
        """Messages that left late."""
        ...

    @property
    def dropped(self) -> int:
        """Note-ons that found no room, or came to their turn far too late."""
        ...

    def panic(self) -> None:
        """Forget the note-ons that wait, and silence everything at once; PortError when the port is lost."""
        ...

    def beat(self, now: float) -> None:
        """Say that whoever feeds it lives; PortError when the port is lost."""
        ...

    def heard(self) -> list[TimedMessage]:
        """Return what came in since the last call, with the moments at which it did."""
        ...
