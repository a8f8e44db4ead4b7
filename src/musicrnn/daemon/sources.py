"""Where the time comes from: one protocol for all clocks that are not this program's own.

A source is told what MIDI came in (one that needs none is told otherwise), and says when the host began to
roll, halted or fell silent, and along which line its beats lie. MIDI clock is in :mod:`musicrnn.daemon.midi_clock`, the
JACK transport in `jack_transport`, Ableton Link in `link_clock`. Without a source the time is the engine's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from musicrnn.daemon.protocols import TimedMessage


@dataclass(frozen=True, slots=True)
class BeatLine:
    """Where the host's beats lie: song position ``beat``, in quarter notes from its start, at ``seconds``."""

    beat: float
    seconds: float
    bpm: float

    def seconds_at(self, beat: float) -> float:
        """Return the moment of a song position."""
        return self.seconds + (beat - self.beat) * 60.0 / self.bpm

    def beat_at(self, seconds: float) -> float:
        """Return the song position at a moment."""
        return self.beat + (seconds - self.seconds) * self.bpm / 60.0


@dataclass(frozen=True, slots=True)
class Began:
    """The host rolls from song position ``beat`` on; ``anew`` where it was told to start, not to continue.

    Where it rolled already it has moved there. ``withheld`` tells that what was on its way did not begin meanwhile.
    """

    beat: float
    anew: bool
    withheld: bool = False


@dataclass(frozen=True, slots=True)
class Moves:
    """The host, which rolls, is to go on so many ``beats`` further on, or back; that it began there is told then."""

    beats: float


@dataclass(frozen=True, slots=True)
class Halted:
    """The host stopped."""


@dataclass(frozen=True, slots=True)
class Lost:
    """The host rolled and is not heard any more."""


HostEvent = Began | Moves | Halted | Lost


class ClockSource(Protocol):
    """A host's clock."""

    @property
    def name(self) -> str:
        """What it is, for people."""
        ...

    @property
    def line(self) -> BeatLine | None:
        """The line of the host's beats, None while it does not roll."""
        ...

    @property
    def lost(self) -> bool:
        """Whether it rolled and is not heard any more."""
        ...

    @property
    def takes_tempo(self) -> bool:
        """Whether it takes a tempo from us now."""
        ...

    def propose(self, bpm: float, seconds: float) -> None:
        """Give it another tempo from that moment on, while it takes one."""
        ...

    def ask(self, plays: bool) -> bool:
        """Ask it to start or to stop, where it lets itself be asked; tell whether it does."""
        ...

    def hear(self, messages: Sequence[TimedMessage], now: float, ahead: float = 0.0) -> list[HostEvent]:
        """Take the MIDI that came in up to ``now``, stamped with its arrival; return what the host did.

        Who follows lives ``ahead`` by so many seconds: what comes in by now has come in so much before it.
        """
        ...
