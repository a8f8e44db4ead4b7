"""When each tick is due, and what is to be done when it is late."""

from __future__ import annotations

import math

from musicrnn.models.timing import TempoLine

START_DELAY_SECONDS = 0.05
LATE_SECONDS = 0.01
PATIENCE_SECONDS = 0.05
PATIENCE_TICKS = 4
MOST_ROOM_SECONDS = 10.0


class Transport:
    """The tempo line of a session, anchored anew at each start and tempo change, so that nothing adds up.

    A tick may be late by 50 ms, or half a tick where that is longer, but never by more than four
    ticks; later than that it is to be skipped.
    """

    def __init__(self, ticks_per_beat: int, bpm: float) -> None:
        self.bpm = bpm
        self._line = TempoLine(ticks_per_beat, bpm)
        self._room = 0.0

    @property
    def tick_seconds(self) -> float:
        """Length of a tick."""
        return 60.0 / (self.bpm * self._line.ticks_per_beat)

    def anchor(self, tick: int, now: float, delay: float = START_DELAY_SECONDS) -> None:
        """Let ``tick`` be due a moment after ``now``."""
        self._line = TempoLine(self._line.ticks_per_beat, self.bpm, tick, now + delay)
        self._room = 0.0

    def bend(self, tick: int, bpm: float) -> None:
        """Let ``bpm`` hold from ``tick`` on."""
        self.bpm = bpm
        self._line = TempoLine(self._line.ticks_per_beat, bpm, tick, self._line.seconds_at(tick))

    def change_grid(self, tick: int, to: int, ticks_per_beat: int) -> None:
        """Let ``tick`` be called ``to`` from now on, on another grid; its moment and the tempo stay."""
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
