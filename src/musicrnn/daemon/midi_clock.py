"""MIDI clock followed: 24 clocks a quarter note, start, stop, continue and song position.

The numbers of the messages are those of the MIDI 1.0 specification (system real time, and song position pointer).
"""

from __future__ import annotations

from collections.abc import Sequence

from musicrnn.daemon.clock_fit import CLOCKS_PER_BEAT
from musicrnn.daemon.clock_numbers import ClockNumbers
from musicrnn.daemon.protocols import TimedMessage
from musicrnn.daemon.sources import BeatLine, Began, Halted, HostEvent, Lost, Moves

SONG_POSITION, CLOCK, START, CONTINUE, STOP = 0xF2, 0xF8, 0xFA, 0xFB, 0xFC
CLOCKS_PER_SIXTEENTH = 6


class MidiClock:
    """A host that is followed by its MIDI clock.

    ``bpm`` is believed until the host's own tempo is known; ``goes_on`` tells whether a clock that is lost is taken to
    go on as it went, or to have stopped.
    """

    name = "MIDI clock"
    takes_tempo = False

    def __init__(self, bpm: float, goes_on: bool = True) -> None:
        self._numbers = ClockNumbers(bpm)
        self._goes_on = goes_on
        self._position = 0
        self._origin: int | None = None
        self._starting = self._anew = self.lost = False

    @property
    def line(self) -> BeatLine | None:
        """The line of the host's beats, None while it does not roll."""
        if self._origin is None:
            return None
        line = self._numbers.line
        beat = (line.clock - self._origin) / CLOCKS_PER_BEAT
        return BeatLine(beat, line.seconds, 60.0 / (line.period * CLOCKS_PER_BEAT))

    def propose(self, bpm: float, seconds: float) -> None:
        """Do nothing: MIDI clock has one sender."""

    def ask(self, plays: bool) -> bool:
        """Do nothing: MIDI clock has one sender."""
        del plays
        return False

    def hear(self, messages: Sequence[TimedMessage], now: float, ahead: float = 0.0) -> list[HostEvent]:
        """Take what came in up to ``now``, of which only clock and transport matter; return what the host did."""
        events: list[HostEvent] = []
        for message, is_meant in zip(messages, _meant(messages), strict=True):
            if message.stood:
                self._numbers.stand(message.stood)
            if message.skipped:
                self._numbers.skip()
            events += self._take(message) if is_meant else []
        return events + self._silence(now - ahead)

    def _take(self, message: TimedMessage) -> list[HostEvent]:
        status = message.data[0]
        if status == CLOCK:
            return self._clock(message.seconds)
        if status == START:
            return self._start(0, anew=True)
        if status == CONTINUE and self._origin is None:
            return self._start(self._position, anew=False)
        if status == STOP:
            return self._stop()
        if status == SONG_POSITION and len(message.data) == 3:
            return self._locate((message.data[1] & 0x7F) | (message.data[2] & 0x7F) << 7)
        return []

    def _start(self, position: int, *, anew: bool) -> list[HostEvent]:
        """Roll from that song position, in clocks, with the next clock."""
        events = self._halt()
        self._position = position
        self._starting, self._anew = True, anew
        return events

    def _stop(self) -> list[HostEvent]:
        events = self._halt()
        self._starting = False
        return events

    def _halt(self) -> list[HostEvent]:
        """Stand; a host that was about to move has its new place."""
        self.lost = False
        if self._origin is None:
            return []
        if not self._starting:
            self._position = self._next - self._origin
        self._origin = None
        return [Halted()]

    @property
    def _next(self) -> int:
        """The number of the next clock."""
        return self._numbers.number + 1

    def _locate(self, sixteenths: int) -> list[HostEvent]:
        """Take a song position; a host that rolls goes on from there with its next clock, until then along its line."""
        self._position = sixteenths * CLOCKS_PER_SIXTEENTH
        if self._origin is None:
            return []
        self._starting, self._anew = True, False
        return [Moves((self._position - self._next + self._origin) / CLOCKS_PER_BEAT)]

    def _clock(self, seconds: float) -> list[HostEvent]:
        self.lost = False
        if not self._starting:
            too_high = self._numbers.take(seconds)
            self._origin = None if self._origin is None else self._origin + too_high
            return []
        self._numbers.take_first(seconds)
        self._starting = False
        self._origin = self._numbers.number - self._position
        return [Began(self._position / CLOCKS_PER_BEAT, self._anew)]

    def _silence(self, now: float) -> list[HostEvent]:
        """Notice that a host which rolls is not heard any more."""
        if self._origin is None or self.lost or now - self._numbers.arrived <= self._numbers.silence:
            return []
        if not self._goes_on:
            self._halt()
        self.lost = True
        return [Lost()]


def _meant(messages: Sequence[TimedMessage]) -> list[bool]:
    """Tell which of the messages that came at once are meant: no stop that a continue takes back before a clock."""
    meant: list[bool] = []
    after = CLOCK
    for message in reversed(messages):
        status = message.data[0]
        meant.append(status != STOP or after != CONTINUE)
        if meant[-1] and status in (CLOCK, START, CONTINUE, STOP):
            after = status
    return meant[::-1]
