"""Ableton Link followed: the session's tempo, beat and bar, and its starts and stops where they are shared.

What is known of the session is told by a process of its own (:mod:`musicrnn.daemon.link_session`), through a thread.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from musicrnn.daemon.link_peer import Report
from musicrnn.daemon.protocols import TimedMessage
from musicrnn.daemon.sources import BeatLine, Began, Halted, HostEvent, Lost

MOST_REPORTS = 1_024
NEAR_BEATS = 0.25
SILENCE_SECONDS = 1.0


class LinkClock:
    """A session that is followed, and takes part in our tempo.

    ``quantum`` is a bar in quarter notes; ``tell`` passes an order on to the session and does not wait; ``starts``
    tells whether starts and stops are shared, otherwise the session always rolls. ``goes_on`` tells whether the music
    goes on where the last of the others leaves, or nothing is heard of the session any more.
    """

    takes_tempo = True

    def __init__(
        self, quantum: float, tell: Callable[[dict[str, Any]], None], *, starts: bool = False, goes_on: bool = True
    ) -> None:
        self._quantum = quantum
        self._tell = tell
        self._starts = starts
        self._goes_on = goes_on
        self._reports: deque[Report] = deque(maxlen=MOST_REPORTS)
        self._last: Report | None = None
        self._asked: bool | None = None
        self._line: BeatLine | None = None
        self._rolls = self.lost = self._left = False
        self._heard = self._now = float("-inf")

    @property
    def name(self) -> str:
        """What it is, and with how many others."""
        if self._last is None:
            return "Ableton Link, looking for others"
        others = self._last.others
        return f"Ableton Link with {others or 'no'} other{'' if others == 1 else 's'}"

    @property
    def line(self) -> BeatLine | None:
        """The line of the session's beats, None while it does not roll."""
        return self._line if self._rolls else None

    def put(self, report: Report) -> None:
        """Leave what is known of the session for the next :meth:`hear`; any thread may."""
        self._reports.append(report)

    def propose(self, bpm: float, seconds: float) -> None:
        """Propose a tempo to the session, which says itself from when on it holds."""
        del seconds
        self._tell({"bpm": bpm})

    def ask(self, plays: bool) -> bool:
        """Start or stop the session, where starts and stops are shared and it has been found.

        Whoever is alone in it and asks for a start plays at its own tempo, shared or not.
        """
        if plays and self.lost and self._now - self._heard <= SILENCE_SECONDS:
            self.lost = self._left = False
            self._rolls = self._rolls or not self._starts
        if not self._starts or self._last is None:
            return False
        if self._last.playing != plays or self._asked not in (None, plays):  # the other may be on its way
            self._asked = plays
            self._tell({"playing": plays})
        return True

    def hear(self, messages: Sequence[TimedMessage], now: float, ahead: float = 0.0) -> list[HostEvent]:
        """Take what was left up to ``now``; return what the session did."""
        del messages
        self._now = now - ahead
        events: list[HostEvent] = []
        while self._reports:
            events += self._take(self._reports.popleft(), now)
            self._heard = self._now
        return events + self._silence()

    def _take(self, report: Report, now: float) -> list[HostEvent]:
        before, self._last = self._last, report
        if report.playing == self._asked:
            self._asked = None
        line, shift = self._drawn(report)
        self._line = line
        leave = before is not None and before.others > 0 and (self._rolls or self.lost)
        self._left = report.others == 0 and (self._left or leave)
        if self._left:
            return [] if self.lost else self._lose()
        self.lost = False
        rolls = report.playing or not self._starts
        if rolls == self._rolls:
            return [Halted(), Began(line.beat_at(now), anew=False)] if rolls and abs(shift) > NEAR_BEATS else []
        self._rolls = rolls
        moment = max(now, report.since) if self._starts else now
        return [Began(line.beat_at(moment), anew=self._starts)] if rolls else [Halted()]

    def _drawn(self, report: Report) -> tuple[BeatLine, float]:
        """Return the line through a report, and by how many beats it moved; whole bars, which Link adds, are none."""
        if self._line is None:
            return BeatLine(report.beat, report.seconds, report.bpm), 0.0
        expected = self._line.beat_at(report.seconds)
        bars = round((expected - report.beat) / self._quantum)
        beat = report.beat + bars * self._quantum
        return BeatLine(beat, report.seconds, report.bpm), beat - expected

    def _silence(self) -> list[HostEvent]:
        """Notice that nothing is heard of the session any more."""
        if not self._rolls or self.lost or self._now - self._heard <= SILENCE_SECONDS:
            return []
        return self._lose()

    def _lose(self) -> list[HostEvent]:
        self.lost = True
        self._rolls = self._rolls and self._goes_on
        return [Lost()]
