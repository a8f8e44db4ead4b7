"""Whether it plays: how it enters, goes on and leaves, by itself or with a host."""

from __future__ import annotations

import math
from collections.abc import Sequence

from musicrnn.config.play import PlaySettings
from musicrnn.daemon.account import Account
from musicrnn.daemon.clock_out import ClockOut
from musicrnn.daemon.encore import Encore
from musicrnn.daemon.ledger import NoteEvent, program
from musicrnn.daemon.lineup import Lineup
from musicrnn.daemon.performance import Performance
from musicrnn.daemon.protocols import TimedMessage
from musicrnn.daemon.sources import Began, Halted, HostEvent, Lost, Moves
from musicrnn.daemon.transport import LATE_SECONDS, Transport, head_of_unit
from musicrnn.daemon.voices import channel_of

NO_CLOCK = ": no clock comes any more"


class Presence:
    """Starts and stops what the lineup plays, on the transport's line of ticks.

    ``playing`` tells that ticks are due, ``starting`` that they will be once the prime is read, ``fresh`` that none
    has been heard since the last entry. ``encore`` is what is to be heard a second time.
    """

    def __init__(
        self, play: PlaySettings, lineup: Lineup, transport: Transport, clock_out: ClockOut, account: Account
    ) -> None:
        self.playing = self.starting = self.fresh = False
        self.encore = Encore()
        self._play = play
        self._lineup = lineup
        self._transport = transport
        self._clock_out = clock_out
        self._account = account
        self._wanted = self._begun = self._has_ended = False
        self._leave_at: int | None = None
        self._limit: int | None = None

    @property
    def _performance(self) -> Performance:
        return self._lineup.performance

    @property
    def _unit(self) -> int:
        """How many ticks apart the places are at which to enter and to leave."""
        units = {"beat": self._performance.vocabulary.ticks_per_beat, "bar": self._performance.bar_ticks}
        return units.get(self._play.quantise, 1)

    # Entering.

    def start(self, now: float) -> list[TimedMessage]:
        """Begin a piece, at the next bar where one plays; return what is to be sent at once."""
        self._wanted, self._has_ended = True, False
        self._lineup.hurry()
        if self.playing:
            self._leave_at = None
            self._lineup.begin_at_bar("start")
            return []
        return self._enter_anew(now) if self._host_rolls() else self._wait_for_host(now)

    def _enter_anew(self, now: float, beat: float | None = None) -> list[TimedMessage]:
        """Start as soon as the prime is read."""
        self.starting, self._has_ended = True, False
        return self.started(now, beat)

    def _host_rolls(self) -> bool:
        """Ask the host to start, which may be about to stop; tell whether it rolls now, as where only we are left."""
        self._transport.ask(True)
        return self._transport.rolls

    def _wait_for_host(self, now: float) -> list[TimedMessage]:
        self._account.say("waiting for the host to start", now)
        return []

    def started(self, now: float, beat: float | None = None) -> list[TimedMessage]:
        """Begin at the head of a bar what is starting, if the prime is read; the ticks before it never were."""
        if not (self.starting and self._lineup.primed):
            return []
        performance = self._performance
        bar_ticks = performance.bar_ticks
        self._begin_with(self._transport.enter(performance.tick, bar_ticks, bar_ticks, now, beat))
        self.starting, self._begun = False, True
        self._lineup.begin_at_bar("start")
        if self._limit is None and self._play.bars:
            self._limit = performance.tick + self._play.bars * bar_ticks
        return self._go(now)

    def go_on(self, now: float) -> list[TimedMessage]:
        """Play on from where it stopped."""
        self._wanted, self._has_ended = True, False
        self._leave_at = None
        if self.playing or self.starting:
            return []
        if not self._host_rolls():
            return self._wait_for_host(now)
        return self._enter_again(now, self._unit)

    def _enter_again(self, now: float, unit: int, beat: float | None = None) -> list[TimedMessage]:
        """Go on from where it stopped, in a bar's place that is the host's; without a piece, begin one."""
        performance = self._performance
        if not self._begun or performance.timeline.point.over:
            return self._enter_anew(now, beat)
        if not self._transport.free:
            self._begin_with(self._transport.enter(performance.tick, unit, performance.bar_ticks, now, beat))
        self._account.log(performance.tick, "continue")
        return self._clock_out.go_on(performance.tick, now) + self._go(now)

    def _begin_with(self, tick: int) -> None:
        """Leave out the ticks before one."""
        self._transport.leave_out(self._performance.tick, tick)
        self._performance.skip_to(tick)

    def _go(self, now: float) -> list[TimedMessage]:
        """Let the next tick be a moment from now, and choose the programs."""
        self.playing = self.fresh = True
        self._account.hush()
        self._transport.anchor(self._performance.tick, max(now, self._account.sent))
        return self.programs(now)

    def programs(self, now: float) -> list[TimedMessage]:
        """Return what chooses the programs of the parts."""
        programs = {channel_of(part): part.program for part in self._performance.vocabulary.parts}
        self._performance.ledger.used.update(programs)
        return self._account.timed(now, [program(channel, number) for channel, number in sorted(programs.items())])

    # With a host.

    def hear(self, messages: Sequence[TimedMessage], now: float, ahead: float = 0.0) -> list[TimedMessage]:
        """Take the MIDI that came in, and do as the host did; return what is to be sent at once."""
        events = self._transport.hear(messages, now, ahead)
        sent = [message for event in events for message in self._follow(event, now)]
        self._transport.stay_near(self._performance.tick, self._performance.bar_ticks, now)
        if not self._transport.lost:
            self._account.unsay(NO_CLOCK)
        return sent

    def _follow(self, event: HostEvent, now: float) -> list[TimedMessage]:
        match event:
            case Began():
                return self._join(event, now)
            case Moves(beats):
                keeps = self.playing and self._transport.keeps_place(beats, self._performance.bar_ticks)
                return [] if keeps else self.stop(now)
            case Halted():
                return self.stop(now)
            case Lost():
                sent = [] if self._transport.rolls else self.stop(now)
                self._account.say(f"{self._transport.clock}{NO_CLOCK}", now)
                return sent

    def _join(self, began: Began, now: float) -> list[TimedMessage]:
        """Play with a host that begins to roll, if it was asked to play at all; play on with one that moved by bars."""
        if self.playing and not began.anew:
            later = self._transport.move(self._performance.tick, self._performance.bar_ticks)
            if later is not None:
                return self._once_more(began, now) if began.withheld and later > LATE_SECONDS else []
        messages = self.stop(now)
        if not self._wanted or not self._transport.rolls or (self._has_ended and not began.anew):
            return messages
        return messages + (self._enter_anew(now, began.beat) if began.anew else self._enter_again(now, 1, began.beat))

    def _once_more(self, began: Began, now: float) -> list[TimedMessage]:
        """Let what was played ahead of a host's new place leave with it; return what ends it until then."""
        return self._account.events(now, self.encore.begin(self._transport.tick_of(began.beat)))

    # Leaving.

    def leave(self, now: float, at_once: bool, again: bool = False) -> list[TimedMessage]:
        """Stop at once or, where that is asked for, at the next beat or bar; ``again``, or a second time, at once."""
        self._wanted = False
        unit = self._unit
        if at_once:
            return self.stop(now)
        if again or not self.playing or unit == 1 or self._leave_at is not None:
            return self.stop_with_host(now)
        self._leave_at = head_of_unit(self._performance.tick, unit, self._performance.bar_ticks)
        return []

    def stop_with_host(self, now: float) -> list[TimedMessage]:
        """Stop, and with it a host that shares its stops, whose next start is ours again then."""
        self._wanted = self._transport.ask(False)
        return self.stop(now)

    def end(self, now: float) -> list[TimedMessage]:
        """Stop with the piece: no other is begun by a host that only goes on, or moves."""
        self._has_ended = True
        return self.stop(now)

    @property
    def goes_on(self) -> bool:
        """Whether it plays and was not told to stop at the next beat or bar."""
        return (self.playing or self.starting) and self._leave_at is None

    @property
    def ends_at(self) -> float:
        """The tick before which it is to stop: that of the beat or bar asked for, or of the last bar; or infinity."""
        ends = [math.inf if tick is None else tick for tick in (self._leave_at, self._limit)]
        return min(ends)

    @property
    def is_over(self) -> bool:
        """Whether all the bars that were asked for are played."""
        return self._limit is not None and self._performance.tick >= self._limit

    def stop(self, now: float) -> list[TimedMessage]:
        """Stop at once, and return what ends all that sounds."""
        if self.playing:
            self._account.log(self._performance.tick, "stop")
        self.playing = self.starting = False
        self._leave_at = None
        return self._clock_out.stop(now) + self._account.events(now, self.released())

    def released(self) -> list[NoteEvent]:
        """End all that sounds, what is to be heard a second time too."""
        return self.encore.released(self._performance.release_all())

    def change_grid(self, old: Performance, new: Performance) -> None:
        """Count in the ticks of another performance that stands at the same bar line."""
        self.encore.forget()
        if self._leave_at is not None:  # at this bar line, or a beat of the old grid
            self._leave_at = new.tick + (self._leave_at - old.tick) * new.bar_ticks // old.bar_ticks
        if self._limit is not None:
            self._limit = self._limit // old.bar_ticks * new.bar_ticks
