"""An instrument that follows the MIDI clock which the daemon sends, and knows what it may be sent."""

from __future__ import annotations

import heapq
from copy import copy

from musicrnn.daemon.midi_clock import CLOCKS_PER_SIXTEENTH, START, STOP
from musicrnn.daemon.protocols import TimedMessage
from tests.simulation.violation import Violation

ROLLING = (0xF8, 0xFA, 0xFB)  # clock, start, continue


class ClockJudge:
    """Counts clocks as an instrument does, which gets them in the order of their moments, as the player sends them.

    ``number`` is that of the last clock in the song, None where it does not roll or cannot know, as on a port that came
    back, until it is told to start, or to continue from a place.
    """

    def __init__(self, is_sent: bool) -> None:
        self.number: int | None = None
        self.rolls = False
        self._is_sent = is_sent
        self._place: int | None = None
        self._begins = False
        self._waiting: list[tuple[float, int, bytes]] = []
        self._count = 0

    def forget(self) -> None:
        """Know nothing of the place: another incarnation of the port; who rolled goes on."""
        self.number, self._place, self._begins = None, None, False
        self._waiting = []

    def put(self, message: TimedMessage, now: float) -> None:
        """Take what is due, and a message at its moment; at once where that is over."""
        self._count += 1
        if message.data[0] in (START, STOP):  # the player drops what others would play on by after it
            self._waiting = [one for one in self._waiting if one[0] <= message.seconds or one[2][0] not in ROLLING]
            heapq.heapify(self._waiting)
        heapq.heappush(self._waiting, (max(message.seconds, now), self._count, message.data))
        while self._waiting and self._waiting[0][0] <= now:
            self._take(heapq.heappop(self._waiting)[2])

    def ahead(self) -> ClockJudge:
        """Return what this will be once it has all that was sent."""
        later = copy(self)
        later._waiting = []
        for _, _, data in sorted(self._waiting):
            later._take(data)
        return later

    def _take(self, data: bytes) -> None:
        """Judge one message."""
        if not self._is_sent:
            raise Violation(f"no clock must be sent unless it is asked for, got {data.hex(' ')}")
        match data[0]:
            case 0xF8 if len(data) == 1:
                self._clock()
            case 0xFA if len(data) == 1:  # start
                self._place, self._begins, self.rolls = 0, True, True
            case 0xFB if len(data) == 1:  # continue
                if self.number is not None:
                    raise Violation("who rolls must not be told to continue")
                self._begins, self.rolls = self._place is not None, True
            case 0xFC if len(data) == 1:  # stop
                self.number, self.rolls, self._begins = None, False, False
            case 0xF2 if len(data) == 3 and not self.rolls:
                self._place = CLOCKS_PER_SIXTEENTH * (data[1] | data[2] << 7)
            case _:
                raise Violation(f"a clock must send clocks, places and transport, got {data.hex(' ')}")

    def _clock(self) -> None:
        if self._begins:
            self.number, self._begins = self._place, False
        elif self.number is not None:
            self.number += 1
