"""The JACK transport followed: a timebase master's beats or, where there is none, its seconds at our own tempo.

The player reads it (:mod:`musicrnn.daemon.player.transport_watch`) and tells each place; a thread leaves them here.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from musicrnn.daemon.player.wire import Place
from musicrnn.daemon.protocols import TimedMessage
from musicrnn.daemon.sources import BeatLine, Began, Halted, HostEvent, Lost

MOST_PLACES = 4_096
NEAR_BEATS = 0.25
SILENCE_SECONDS = 0.6


class JackTransport:
    """A host that is followed by the transport of the JACK server.

    ``bpm`` is the tempo where no timebase master tells one; ``goes_on`` tells whether a server that is not heard any
    more is taken to roll on, or to have stopped.
    """

    def __init__(self, bpm: float, goes_on: bool = True) -> None:
        self._goes_on = goes_on
        self._places: deque[Place] = deque(maxlen=MOST_PLACES)
        self._line: BeatLine | None = None
        self._song = BeatLine(0.0, 0.0, bpm)  # its seconds are those of the transport
        self._told: Place | None = None
        self._has_master = self.lost = False
        self._heard = float("-inf")
        self._joins = True

    @property
    def name(self) -> str:
        """What it is, and whose tempo it has."""
        return "JACK transport" if self._has_master else "JACK transport at our own tempo (no timebase master)"

    @property
    def line(self) -> BeatLine | None:
        """The line of the transport's beats, None while it does not roll."""
        return self._line

    @property
    def takes_tempo(self) -> bool:
        """Whether the tempo is ours to set: no timebase master tells one."""
        return not self._has_master

    def put(self, place: Place) -> None:
        """Leave a place of the transport for the next :meth:`hear`; any thread may."""
        self._places.append(place)

    def hear(self, messages: Sequence[TimedMessage], now: float, ahead: float = 0.0) -> list[HostEvent]:
        """Take the places that were left up to ``now``; return what the host did."""
        del messages
        events: list[HostEvent] = []
        while self._places:
            events += self._take(self._places.popleft(), now)
            self._heard = now - ahead
        return events + self._silence(now - ahead)

    def propose(self, bpm: float, seconds: float) -> None:
        """Let the tempo be ours from that moment on; while the transport stands, from its beginning on.

        The moment may be one that the transport has yet to reach. The song is kept at the place that was told last,
        where the new line has it: from there on the next ones lie on that line, those before the moment too.
        """
        if self._line is None or self._told is None:
            self._song = BeatLine(0.0, 0.0, bpm)
            return
        self._line = BeatLine(self._line.beat_at(seconds), seconds, bpm)
        self._song = BeatLine(self._line.beat_at(self._told.seconds), self._told.position, bpm)

    def ask(self, plays: bool) -> bool:
        """Do nothing: the transport is started and stopped by people."""
        del plays
        return False

    def _take(self, place: Place, now: float) -> list[HostEvent]:
        line, before = self._line_of(place), self._line
        joins, self._joins, self.lost = self._joins, False, False
        self._line = line if place.rolling else None
        if not place.rolling:
            return [Halted()] if before is not None else []
        if before is None:
            where = max(line.beat, line.beat_at(now)) if joins else line.beat
            return [Began(where, anew=place.position == 0.0 and not joins)]
        if abs(before.beat_at(line.seconds) - line.beat) > NEAR_BEATS:
            return [Began(line.beat, anew=False, withheld=True)]
        return []

    def _line_of(self, place: Place) -> BeatLine:
        """Return the line on which a place lies, and keep the song at it for when there is no master any more."""
        self._told = place
        self._has_master = place.bpm > 0.0
        if self._has_master:
            self._song = BeatLine(place.beat, place.position, place.bpm)
        elif place.position < self._song.seconds or (place.position == 0.0 and self._line is None):
            self._song = BeatLine(0.0, 0.0, self._song.bpm)
        return BeatLine(self._song.beat_at(place.position), place.seconds, self._song.bpm)

    def _silence(self, now: float) -> list[HostEvent]:
        """Notice that a server whose transport rolled is not heard any more."""
        if self._line is None or self.lost or now - self._heard <= SILENCE_SECONDS:
            return []
        self.lost = True
        if not self._goes_on:
            self._line, self._joins = None, True
        return [Lost()]
