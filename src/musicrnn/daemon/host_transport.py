"""Ticks on the line of a host's beats."""

from __future__ import annotations

import math
from collections.abc import Sequence

from musicrnn.control import CONTROLS
from musicrnn.daemon.protocols import TimedMessage
from musicrnn.daemon.sources import BeatLine, ClockSource, HostEvent
from musicrnn.daemon.transport import START_DELAY_SECONDS, Transport, head_of_unit
from musicrnn.errors import ControlError
from musicrnn.models.timing import TempoLine

NOTICED_BPM = 0.05
NEAR_BEATS = 0.125
HELD_BACK_SECONDS = 0.25


class HostTransport(Transport):
    """Follows a clock source, so that the session's bar lines are the host's.

    The host's song position 0 is the head of a bar. The session's ticks never go back: where the host moves, as many
    ticks are left out as the position in the bar needs.
    """

    free = False

    def __init__(self, ticks_per_beat: int, bpm: float, source: ClockSource) -> None:
        super().__init__(ticks_per_beat, bpm)
        self._source = source
        self._song_start = 0
        self._told = bpm
        self._drawn: BeatLine | None = None
        self._left = self._line

    @property
    def rolls(self) -> bool:  # type: ignore[override]
        """Whether the host rolls."""
        return self._source.line is not None

    @property
    def lost(self) -> bool:  # type: ignore[override]
        """Whether the host rolled and is not heard any more."""
        return self._source.lost

    @property
    def clock(self) -> str:  # type: ignore[override]
        """What is followed, in words."""
        return f"{self._source.name}, {self._state}"

    @property
    def _state(self) -> str:
        if self.lost:
            return "lost, goes on" if self.rolls else "lost"
        return "rolling" if self.rolls else "waiting for the host"

    def hear(self, messages: Sequence[TimedMessage], now: float, ahead: float = 0.0) -> list[HostEvent]:
        """Take the MIDI that came in up to ``now``; return what the host did."""
        events = self._source.hear(messages, now, ahead)
        self._left = self._line
        line = self._source.line
        if line is not None and line != self._drawn:
            self._draw(line)
        return events

    def stay_near(self, tick: int, bar_ticks: int, now: float) -> None:
        """Go on with the host's next bar where ``tick`` lies more than two bars ahead.

        A clock that was wild for a moment may have hurried the session there, whose ticks never go back.
        """
        ahead = tick - self._line.tick_at(now)
        if self._source.line is not None and ahead > 2 * bar_ticks:
            self._song_start += math.floor(ahead / bar_ticks) * bar_ticks
            self._draw(self._source.line)

    def keeps_place(self, beats: float, bar_ticks: int) -> bool:
        """Tell whether a host that moves by so many beats comes to the same place in its bar, to half a sixteenth."""
        bar = bar_ticks / self._line.ticks_per_beat
        return abs(beats - round(beats / bar) * bar) <= NEAR_BEATS

    def move(self, tick: int, bar_ticks: int) -> float | None:
        """Follow a host to another place in whose bar ``tick``, the next to be played, is due about when it was.

        Return by how many seconds it is due later; None, with nothing done, where that place is elsewhere in the bar.
        A host may have paused on the way.
        """
        line = self._source.line
        if line is None:
            return None
        grid, due = self._line.ticks_per_beat, self._left.seconds_at(tick)
        place = line.beat_at(due) * grid
        song = tick + round((place - tick) / bar_ticks) * bar_ticks
        later = line.seconds_at(song / grid) - due
        if not -NEAR_BEATS * 60.0 / line.bpm <= later <= HELD_BACK_SECONDS:
            return None
        self._song_start = tick - song
        self._draw(line)
        self._left = self._line
        return later

    def tick_of(self, beat: float) -> int:
        """Return the first tick that does not lie before a place of the host's song."""
        return self._song_start + math.ceil(round(beat * self._line.ticks_per_beat, 6))

    def anchor(self, tick: int, now: float, delay: float = START_DELAY_SECONDS) -> None:
        """Leave the line where the host has it."""
        del tick, now, delay
        self._room = 0.0

    def enter(self, tick: int, unit: int, bar_ticks: int, now: float, beat: float | None = None) -> int:
        """Return the tick, not before ``tick``, with which to enter at the head of a unit of so many ticks.

        That is the first one of the host's song from now on, or from ``beat`` on where it is given; it gets a number
        that has the same place in its bar. Up to a beat that is played already when the host stops inside a bar is
        waited for, so that the host's next bar is the session's.
        """
        line = self._source.line
        if line is None:
            return super().enter(tick, unit, bar_ticks, now)
        grid = self._line.ticks_per_beat
        place = (line.beat_at(now) if beat is None else beat) * grid
        song = head_of_unit(round(place, 6), unit, bar_ticks)
        ahead = (tick - song) % bar_ticks
        if unit == 1 and ahead <= grid:
            song += ahead
        entry = tick + (song - tick) % bar_ticks
        self._song_start = entry - song
        self._draw(line)
        return entry

    def change_grid(self, tick: int, to: int, ticks_per_beat: int) -> None:
        """Let ``tick`` be called ``to`` from now on, on another grid; the host's bar lines stay the session's."""
        self._song_start = to - round((tick - self._song_start) * ticks_per_beat / self._line.ticks_per_beat)
        super().change_grid(tick, to, ticks_per_beat)

    def bend(self, tick: int, bpm: float) -> None:
        """Give the host another tempo from ``tick`` on. Raises ControlError where the tempo is the host's alone."""
        self._check_tempo(bpm)
        super().bend(tick, bpm)

    def ramp(self, tick: int, bpm: float, ticks: int) -> None:
        """Let the host's tempo go evenly to another. Raises ControlError where the tempo is the host's alone."""
        self._check_tempo(bpm)
        super().ramp(tick, bpm, ticks)

    def ask(self, plays: bool) -> bool:
        """Ask the host to start or to stop; tell whether it lets itself be asked."""
        return self._source.ask(plays)

    def _check_tempo(self, bpm: float) -> None:
        if not self._source.takes_tempo:
            raise ControlError(f"tempo must be set in the host while play.clock is not internal, got {bpm:g}")

    def _bend(self, tick: int, bpm: float) -> None:
        self._source.propose(bpm, self.due(tick))
        self.bpm = self._told = bpm
        if self._source.line is not None:
            self._draw(self._source.line)

    def news(self, tick: int) -> float | None:
        """Return the host's tempo, within the range of tempos, at a beat at which it is another than was told."""
        if self._ramp is not None and self._source.takes_tempo:
            return super().news(tick)
        self._ramp = None
        bpm = min(max(round(self.bpm, 2), CONTROLS["tempo"].low), CONTROLS["tempo"].high)
        if tick % self._line.ticks_per_beat or abs(bpm - self._told) < NOTICED_BPM:
            return None
        self._told = bpm
        return bpm

    def _draw(self, line: BeatLine) -> None:
        """Let the ticks lie on the host's line."""
        self._drawn = line
        grid = self._line.ticks_per_beat
        nearest = round(line.beat * grid)
        self.bpm = line.bpm
        self._line = TempoLine(grid, line.bpm, self._song_start + nearest, line.seconds_at(nearest / grid))
