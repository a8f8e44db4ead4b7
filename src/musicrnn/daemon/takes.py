"""Takes: what is played between two presses of a button, each a MIDI file of its own."""

from __future__ import annotations

from typing import Protocol

from musicrnn.daemon.keepsakes import Keepsakes, Refuse
from musicrnn.daemon.recording import Mark, Recording


class Played(Protocol):
    """What is asked of the engine."""

    recording: Recording

    @property
    def tick(self) -> int:
        """The next tick to be played."""
        ...

    @property
    def bar_tick(self) -> int:
        """The first tick of the bar that is going on."""
        ...


class Takes:
    """Begins and ends takes; each begins with the bar in which it was asked for."""

    def __init__(self, keepsakes: Keepsakes) -> None:
        self._keepsakes = keepsakes
        self._mark: Mark | None = None

    @property
    def taking(self) -> bool:
        """Whether a take is on."""
        return self._mark is not None

    def switch(self, on: bool | None, played: Played, refuse: Refuse) -> None:
        """Begin a take or end it, or the other of the two for None; what is so already stays so.

        Raises ControlError, and the take goes on, where it cannot be taken to be written; ``refuse`` is told where that
        fails later.
        """
        if on is None:
            on = not self.taking
        if on and self._mark is None:
            self._keepsakes.check()
            self._mark = played.recording.mark(played.bar_tick)
        elif not on and self._mark is not None:
            self._end(self._mark, played, refuse)

    def _end(self, mark: Mark, played: Played, refuse: Refuse) -> None:
        take = played.recording.take(mark, played.tick)
        if len(take):
            self._keepsakes.keep(take, refuse, "take")
        else:
            refuse("a take must have notes, got none; nothing was written")
        self._mark = None
