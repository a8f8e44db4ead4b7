"""MIDI clock sent: 24 clocks a quarter note in phase with the notes, and what tells others to start and stop."""

from __future__ import annotations

import math
from collections.abc import Iterator

from musicrnn.daemon.clock_fit import CLOCKS_PER_BEAT
from musicrnn.daemon.midi_clock import CLOCK, CLOCKS_PER_SIXTEENTH, CONTINUE, SONG_POSITION, START, STOP
from musicrnn.daemon.protocols import TimedMessage

SIXTEENTHS_PER_BEAT = CLOCKS_PER_BEAT // CLOCKS_PER_SIXTEENTH
MOST_SIXTEENTHS = 1 << 14
MOST_BEATS_AT_ONCE = 4


class InOrder:
    """Gives the messages of a clock moments in whose order others may take them, as from a port that keeps them.

    A host's tick may be due before the stop or the place that was said first. Clocks said before a stop or a start that
    lie after it, as those of the tick that it cuts, are dropped by the port that keeps them.
    """

    def __init__(self) -> None:
        self._said = -math.inf

    def at(self, moment: float, status: int) -> float:
        """Return the moment of the next message: none lies before what was said but clocks."""
        moment = max(moment, self._said)
        if status != CLOCK:
            self._said = moment
        return moment


class ClockOut:
    """Gives the clock messages of each tick, some of them with moments inside the tick.

    ``sends`` tells whether any are wanted. A song begins at the tick of a start. Others can go on only from a sixteenth
    note: after a stop inside one they are told to, with its place, at the next. There are places for 16,384 of them,
    after which they begin again, at the head of a bar.
    """

    def __init__(self, ticks_per_beat: int, bar_ticks: int, *, sends: bool = True) -> None:
        self._sends = sends
        self._ticks_per_beat, self._bar_ticks = ticks_per_beat, bar_ticks
        self._song_start = 0
        self._rolling = False
        self._continue_at: int | None = None
        self._order = InOrder()

    def start(self, tick: int, moment: float) -> list[TimedMessage]:
        """Return what lets others start with the next clock, that of ``tick``."""
        self._song_start = tick
        self._rolling, self._continue_at = self._sends, None
        return self._if_wanted(moment, START)

    def go_on(self, tick: int, moment: float) -> list[TimedMessage]:
        """Return what tells others the place from which they will go on: the first sixteenth from ``tick`` on."""
        sixteenth = -(-self._clock(tick) // CLOCKS_PER_SIXTEENTH)
        self._rolling, self._continue_at = self._sends, sixteenth * CLOCKS_PER_SIXTEENTH
        place = sixteenth % self._places
        return self._if_wanted(moment, SONG_POSITION, place & 0x7F, place >> 7)

    @property
    def _places(self) -> int:
        """How many sixteenths have a place: those of whole bars, where a bar is of whole sixteenths."""
        bar, rest = divmod(self._bar_ticks * SIXTEENTHS_PER_BEAT, self._ticks_per_beat)
        return MOST_SIXTEENTHS if rest else MOST_SIXTEENTHS // bar * bar

    def change_grid(self, tick: int, to: int, ticks_per_beat: int, bar_ticks: int) -> None:
        """Let ``tick`` be called ``to`` from now on, on another grid; the song goes on."""
        self._song_start = to - round((tick - self._song_start) * ticks_per_beat / self._ticks_per_beat)
        self._ticks_per_beat, self._bar_ticks = ticks_per_beat, bar_ticks

    def stop(self, moment: float) -> list[TimedMessage]:
        """Return what stops others; nothing where they were not started."""
        rolling, self._rolling = self._rolling, False
        return self._if_wanted(moment, STOP) if rolling else []

    def begin_again(self, moment: float) -> list[TimedMessage]:
        """Return what stops others, whatever they were told: the port was lost, and with it what was on its way."""
        self._rolling, self._order = False, InOrder()
        return self._if_wanted(moment, STOP)

    def tick(self, tick: int, moment: float, tick_seconds: float) -> list[TimedMessage]:
        """Return the clocks from a tick up to the next, each at its moment."""
        return list(self._clocks(tick, tick + 1, moment, tick_seconds))

    def skip(self, tick: int, to: int, moment: float) -> list[TimedMessage]:
        """Return what keeps others in their place over ticks that are left out, all of it at one moment.

        That is the clocks of these ticks, or where those are of more than four beats, the place to go on from.
        """
        if to - tick > MOST_BEATS_AT_ONCE * self._ticks_per_beat and self._rolling:
            return self.stop(moment) + self.go_on(to, moment)
        return list(self._clocks(tick, to, moment, 0.0))

    def _clocks(self, tick: int, to: int, moment: float, tick_seconds: float) -> Iterator[TimedMessage]:
        if not self._sends:
            return
        for clock in range(self._clock(tick), self._clock(to)):
            ticks = (clock * self._ticks_per_beat / CLOCKS_PER_BEAT) - (tick - self._song_start)
            at = moment + ticks * tick_seconds
            if clock == self._continue_at:
                self._continue_at = None
                yield self._message(at, CONTINUE)
            yield self._message(at, CLOCK)

    def _clock(self, tick: int) -> int:
        """Return the first clock of the song that does not lie before a tick."""
        return -(-(tick - self._song_start) * CLOCKS_PER_BEAT // self._ticks_per_beat)

    def _if_wanted(self, moment: float, *data: int) -> list[TimedMessage]:
        return [self._message(moment, *data)] if self._sends else []

    def _message(self, moment: float, *data: int) -> TimedMessage:
        return TimedMessage(self._order.at(moment, data[0]), bytes(data))
