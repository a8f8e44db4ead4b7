"""The JACK transport, read cycle by cycle: where it is, and what the engine must be told of it.

Pure: it is given what each process cycle says, and returns a `Place` where the line along which the beats lie is
another than was told. The fields are those of ``jack_position_t`` (jack/types.h).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from musicrnn.daemon.player.wire import Place

ROLLING, STARTING = 1, 3
BARS_BEATS_TICKS, FRAME_OFFSET = 0x10, 0x40
TELL_SECONDS = 0.1
TELL_FRAMES = 0.25
SLACK_TICKS = 0.001
HOLD_PERIODS = 3
HOLD_SECONDS = 0.025
MOST_MOVED_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Bars:
    """What a timebase master says: a place rounded down to its ticks, in quarter notes, and the tempo there."""

    beat: float
    tick: float
    bpm: float
    bar: float

    @staticmethod
    def of(position: Any) -> Bars | None:
        """Read a position; None where no master says anything that makes sense."""
        if not position.valid & BARS_BEATS_TICKS:
            return None
        numbers = (position.ticks_per_beat, position.beats_per_bar, position.beat_type, position.beats_per_minute)
        if not all(math.isfinite(number) and 0 < number < 1e6 for number in numbers):
            return None
        if not (0 < position.bar < 1e6 and 0 < position.beat <= position.beats_per_bar + 1):
            return None
        quarter = 4.0 / position.beat_type
        beats = (position.bar - 1) * position.beats_per_bar + position.beat - 1
        beats += position.tick / position.ticks_per_beat
        if position.valid & FRAME_OFFSET and position.frame_rate:
            beats += position.bbt_offset / position.frame_rate * position.beats_per_minute / 60.0
        return Bars(
            beats * quarter,
            quarter / position.ticks_per_beat,
            position.beats_per_minute * quarter,
            position.beats_per_bar * quarter,
        )


class Beats:
    """Where between two ticks the place is, which no master says: what all cycles since the last jump allow.

    A master rounds each place down to a tick, up to a quarter of a millisecond. The true line must lie above each
    place and less than a tick above it, so cycle by cycle less is left of it.
    """

    def __init__(self) -> None:
        self._low = self._high = self.beat = 0.0
        self._bpm = 0.0

    def begin(self, bars: Bars) -> None:
        """Begin anew at a place that has nothing to do with the one before."""
        self._low, self._high, self.beat, self._bpm = bars.beat, bars.beat + bars.tick, bars.beat, bars.bpm

    def go_on(self, bars: Bars, seconds: float) -> None:
        """Take the place so many seconds after the last one."""
        ahead = seconds * (self._bpm + bars.bpm) / 120.0
        slack = SLACK_TICKS * bars.tick
        low = max(self._low + ahead, bars.beat - slack)
        high = min(self._high + ahead, bars.beat + bars.tick)
        if low > high:
            low, high = bars.beat, bars.beat + bars.tick
        self.beat = min(max(self.beat + ahead, low), high)
        self._low, self._high, self._bpm = low, high, bars.bpm


class TransportWatch:
    """Follows the transport of a server with this sample rate.

    The transport is held back for a few cycles before it rolls, as JACK lets slow clients do: so long that the engine
    knows of it in time, and the first note is in its place. ``seconds_at`` tells the moment of a frame. ``rolls`` tells
    whether it rolls in this cycle, ``hold`` from which moment on nothing is to leave: it should roll by then, and does
    not yet. ``moved`` is by how many seconds later than in the cycle before the same frame of the transport is played,
    because the server lost or skipped frames, or the moments of its frames are known better; 0 where it was located.
    """

    def __init__(self, rate: float, seconds_at: Callable[[float], float]) -> None:
        self._rate = rate
        self._seconds_at = seconds_at
        self._beats = Beats()
        self._before = (0, 0)
        self._knew_bars = False
        self._starting_since: int | None = None
        self._told: Place | None = None
        self._origin: float | None = None
        self.hold = math.inf
        self.rolls = False
        self.moved = 0.0

    def held(self, frames: int) -> int:
        """Return for how many cycles of so many frames a start is held back."""
        return HOLD_PERIODS + math.ceil(HOLD_SECONDS * self._rate / frames)

    def ready(self, state: int, start: int, frames: int) -> bool:
        """Say whether the transport may roll from the next cycle on; ``start`` is the first frame of this one."""
        if state != STARTING:
            return True
        if self._starting_since is None:
            self._starting_since = start
        return start - self._starting_since >= (self.held(frames) - 1) * frames

    def observe(self, state: int, position: Any, start: int, frames: int) -> Place | None:
        """Take what a cycle of so many frames says, which begins with frame ``start``; return what is to be told."""
        roll = self._roll_frame(state, start, frames)
        self._see_moves(self._seconds_at(start) - position.frame / self._rate)
        bars = Bars.of(position)
        self._follow(state, bars, position.frame)
        place = Place(
            self._seconds_at(start if roll is None else roll),
            position.frame / self._rate,
            self._beats.beat if bars is not None else 0.0,
            bars.bpm if bars is not None else 0.0,
            bars.bar if bars is not None else 0.0,
            roll is not None,
        )
        settles = state == STARTING and start == self._starting_since  # its bars may be those of before
        if settles or not self._is_news(place):
            return None
        self._told = place
        return place

    def _roll_frame(self, state: int, start: int, frames: int) -> int | None:
        """Return the frame at which the transport has its position and rolls, None where it does not."""
        self.hold, self.rolls = math.inf, state == ROLLING
        if state == ROLLING:
            self._starting_since = None
            return start
        if state != STARTING:
            self._starting_since = None
            return None
        since = self._starting_since if self._starting_since is not None else start
        self._starting_since = since
        expected = since + self.held(frames) * frames
        self.hold = self._seconds_at(expected - 0.5)
        return max(expected, start + frames)

    def _see_moves(self, origin: float) -> None:
        """Notice whether the moment ``origin`` of the transport's frame 0 is another than in the cycle before."""
        moved = origin - self._origin if self.rolls and self._origin is not None else 0.0
        self.moved = moved if TELL_FRAMES / self._rate < abs(moved) <= MOST_MOVED_SECONDS else 0.0
        self._origin = origin if self.rolls else None

    def _follow(self, state: int, bars: Bars | None, frame: int) -> None:
        """Keep the beat of this cycle."""
        before_state, before_frame = self._before
        goes_on = self._knew_bars and state == before_state == ROLLING and frame >= before_frame
        self._before, self._knew_bars = (state, frame), bars is not None
        if bars is None:
            return
        if goes_on:
            self._beats.go_on(bars, (frame - before_frame) / self._rate)
        else:
            self._beats.begin(bars)

    def _is_news(self, place: Place) -> bool:
        told = self._told
        if told is None or (told.rolling, told.bpm, told.bar) != (place.rolling, place.bpm, place.bar):
            return True
        if not place.rolling:
            return (told.position, told.beat) != (place.position, place.beat)
        passed = place.seconds - told.seconds
        off = abs(place.position - told.position - passed)
        if place.bpm:
            off = max(off, abs((place.beat - told.beat) * 60.0 / place.bpm - passed))
        return passed >= TELL_SECONDS or off * self._rate > TELL_FRAMES
