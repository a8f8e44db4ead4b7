"""When each tick is due, and what is to be done when it is late."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from musicrnn.daemon.protocols import TimedMessage
from musicrnn.daemon.sources import HostEvent
from musicrnn.models.timing import TempoLine

START_DELAY_SECONDS = 0.05
LATE_SECONDS = 0.01
PATIENCE_SECONDS = 0.05
PATIENCE_TICKS = 4
MOST_ROOM_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Ramp:
    """A tempo that goes evenly over so many ticks, each at the tempo of its middle."""

    tick: int
    ticks: int
    start: float
    end: float

    def bpm_at(self, tick: int) -> float:
        """Return the tempo of a tick."""
        if tick >= self.tick + self.ticks:
            return self.end
        part = max((tick - self.tick + 0.5) / self.ticks, 0.0)
        return self.start + part * (self.end - self.start)

    def on_grid(self, tick: int, to: int, ratio: float) -> Ramp:
        """Return the same ramp where ``tick`` is called ``to``, and there are ``ratio`` times as many ticks."""
        return replace(self, tick=to - round((tick - self.tick) * ratio), ticks=round(self.ticks * ratio))


def head_of_unit(tick: float, unit: int, bar_ticks: int) -> int:
    """Return the first tick from ``tick`` on that is the head of a unit of its bar, or of the next bar.

    Units are counted from the head of the bar, whose last one may be cut short: a bar of 9/8 has four beats and a half.
    """
    bar = math.floor(tick / bar_ticks) * bar_ticks
    return bar + min(math.ceil((tick - bar) / unit) * unit, bar_ticks)


class Transport:
    """The tempo line of a session, anchored anew at each start and tempo change, so that nothing adds up.

    A tick may be late by 50 ms, or half a tick where that is longer, but never by more than four
    ticks; later than that it is to be skipped. ``free`` tells that it may be anchored wherever it is wanted,
    ``lost`` that a host which rolled is not heard any more.
    """

    free = True
    rolls = True
    lost = False
    clock = "internal"

    def __init__(self, ticks_per_beat: int, bpm: float) -> None:
        self.bpm = bpm
        self._line = TempoLine(ticks_per_beat, bpm)
        self._room = 0.0
        self._ramp: Ramp | None = None

    @property
    def ramps(self) -> bool:
        """Whether the tempo is on its way to another."""
        return self._ramp is not None

    @property
    def tick_seconds(self) -> float:
        """Length of a tick."""
        return 60.0 / (self.bpm * self._line.ticks_per_beat)

    def anchor(self, tick: int, now: float, delay: float = START_DELAY_SECONDS) -> None:
        """Let ``tick`` be due a moment after ``now``."""
        self._line = TempoLine(self._line.ticks_per_beat, self.bpm, tick, now + delay)
        self._room = 0.0

    def hear(self, messages: Sequence[TimedMessage], now: float, ahead: float = 0.0) -> list[HostEvent]:
        """Take the MIDI that came in up to ``now``; return what the host did, of which there is none here."""
        del messages, now, ahead
        return []

    def ask(self, plays: bool) -> bool:
        """Ask the host to start or to stop; tell whether it lets itself be asked, which none does here."""
        del plays
        return False

    def stay_near(self, tick: int, bar_ticks: int, now: float) -> None:
        """Let ``tick``, the next to be played, not lie bars away: here it never does."""

    def keeps_place(self, beats: float, bar_ticks: int) -> bool:
        """Tell whether a host that moves by so many beats comes to the same place in its bar: here there is none."""
        del beats, bar_ticks
        return False

    def move(self, tick: int, bar_ticks: int) -> float | None:
        """Follow a host to another place in which ``tick`` is due as before: here there is none."""
        del tick, bar_ticks
        return None

    def tick_of(self, beat: float) -> int:
        """Return the first tick that does not lie before a place of the song."""
        return math.ceil(beat * self._line.ticks_per_beat)

    def enter(self, tick: int, unit: int, bar_ticks: int, now: float, beat: float | None = None) -> int:
        """Return the tick, not before ``tick``, with which to enter at the head of a unit of so many ticks."""
        del now, beat
        return head_of_unit(tick, unit, bar_ticks)

    def bend(self, tick: int, bpm: float) -> None:
        """Let ``bpm`` hold from ``tick`` on, in place of a ramp."""
        self._ramp = None
        self._bend(tick, bpm)

    def ramp(self, tick: int, bpm: float, ticks: int) -> None:
        """Let the tempo go evenly from what it is at ``tick`` to ``bpm``, in so many ticks."""
        self._ramp = Ramp(tick, ticks, self.bpm, bpm)

    def leave_out(self, tick: int, to: int) -> None:
        """Let ``to`` be played in place of ``tick``, the next one: the ticks between never were, also not in a ramp."""
        if self._ramp is not None:
            self._ramp = self._ramp.on_grid(tick, to, 1.0)

    def news(self, tick: int) -> float | None:
        """Return the tempo that holds from ``tick``, the next to be played, on; None where it is no other."""
        if self._ramp is None:
            return None
        bpm = self._ramp.bpm_at(tick)
        if tick >= self._ramp.tick + self._ramp.ticks:
            self._ramp = None
        self._bend(tick, bpm)
        return bpm

    def _bend(self, tick: int, bpm: float) -> None:
        self.bpm = bpm
        self._line = TempoLine(self._line.ticks_per_beat, bpm, tick, self._line.seconds_at(tick))

    def change_grid(self, tick: int, to: int, ticks_per_beat: int) -> None:
        """Let ``tick`` be called ``to`` from now on, on another grid; its moment and the tempo stay."""
        if self._ramp is not None:
            self._ramp = self._ramp.on_grid(tick, to, ticks_per_beat / self._line.ticks_per_beat)
        self._line = TempoLine(ticks_per_beat, self.bpm, to, self._line.seconds_at(tick))
        self._room = 0.0

    def tick_from(self, now: float) -> int:
        """Return the first tick that is not due before ``now``."""
        return math.ceil(self._line.tick_at(now))

    def due(self, tick: int) -> float:
        """Return the moment of a tick in seconds."""
        return self._line.seconds_at(tick)

    def too_late(self, tick: int, now: float) -> bool:
        """Tell whether a tick is to be skipped."""
        length = self.tick_seconds
        return now - self.due(tick) > min(max(PATIENCE_SECONDS, length / 2), PATIENCE_TICKS * length)

    def catch_up(self, tick: int, now: float) -> int:
        """Return the tick to go on with in place of one that is too late.

        After a delay that follows others there is as much room as they took together, so that a
        machine too slow for the model still plays some ticks, and not none.
        """
        target = math.ceil(self._line.tick_at(now + self._room))
        self._room = min(self._room + now - self.due(tick), MOST_ROOM_SECONDS)
        return max(target, tick + 1)

    @property
    def short_of_time(self) -> bool:
        """Whether ticks came too late of late: then none should be made before it is needed."""
        return self._room > self.tick_seconds

    def played(self, tick: int, now: float) -> bool:
        """Note that a tick was played; tell whether it was noticeably late."""
        late = now - self.due(tick) > LATE_SECONDS
        if not late:
            self._room *= 0.9
        return late
