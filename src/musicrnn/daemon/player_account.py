"""What a player was sent, as far as it matters once that player is lost: the notes that it may have left sounding."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from musicrnn.daemon.ledger import NOTE_OFF
from musicrnn.daemon.player.core import Sounding, is_on

FETCHED_SECONDS = 0.1  # by then whoever listens has what has left, whatever the period
NOTICED_SECONDS = 2.5  # by then it is known that a port has gone which takes messages as if it had not
MOST_ENDS = 10_000


class _End(NamedTuple):
    """A note-off that may not have left: its key, its moment, the first beat that goes after it, and its note-on."""

    key: tuple[int, int]
    seconds: float
    beat: int
    strike: int


class PlayerAccount:
    """Keeps the notes that a player was given, those whose ends it is not known to have sent, and those that are left.

    A player that is killed takes along what waits in it, and what waits in the pipe. What it answers to a beat says
    that it has sent whatever was due when the beat was: so the ends that count as sent are those that were given to it
    before a beat that it has answered, and whose moments lay ``sure_after`` seconds before that.

    Left is what an earlier player was lost with, and what sounded when a listener went. Its end may have been sent to
    nobody, so it is handed on from player to player, until the key has been struck and let go again.
    """

    def __init__(self, sure_after: float = FETCHED_SECONDS) -> None:
        self._sure_after = sure_after
        self._sounding = Sounding()
        self._ends: deque[_End] = deque(maxlen=MOST_ENDS)
        self._asked: deque[tuple[int, float]] = deque()
        self._next_beat = 1
        self._strikes = 0
        self._struck: dict[tuple[int, int], int] = {}
        self._left: dict[tuple[int, int], int] = {}

    def passes(self, seconds: float, data: bytes) -> None:
        """Note a message that leaves at ``seconds``."""
        self._sounding.passes(data)
        if data[0] & 0xE0 != NOTE_OFF:
            return
        key = data[0] & 0x0F, data[1]
        if is_on(data):
            self._strikes += 1
            self._struck[key] = self._strikes
        else:
            self._may_stay(key, seconds)

    def leaves(self, key: tuple[int, int]) -> None:
        """Note that somebody may have been left with a key down, or is to be told its end."""
        self._left[key] = self._strikes

    def panics(self, seconds: float) -> None:
        """Note that all is to be silent from ``seconds`` on."""
        for key in self._sounding.notes:
            self._may_stay(key, seconds)
        self._sounding.notes.clear()

    def asks(self, beat: int, seconds: float, answered: int) -> None:
        """Note that a beat goes out at ``seconds``, and that the one called ``answered`` was the last to come back."""
        self._asked.append((beat, seconds))
        self._next_beat = beat + 1
        self._settle(answered)

    def succeed(self, last: PlayerAccount, answered: int) -> list[bytes]:
        """Return what ends all that the last player may have left, for this one to send.

        ``answered`` is the last beat to which that one has answered.
        """
        last._settle(answered)
        left = {end.key for end in last._ends} | last._left.keys()
        for key in left | last._sounding.notes.keys():
            self.leaves(key)
        self._sounding.channels |= last._sounding.channels
        ended = sorted(left - last._sounding.notes.keys())
        return [bytes((NOTE_OFF | channel, pitch, 0)) for channel, pitch in ended] + last._sounding.silence()

    def _may_stay(self, key: tuple[int, int], seconds: float) -> None:
        self._ends.append(_End(key, seconds, self._next_beat, self._struck.get(key, 0)))

    def _settle(self, answered: int) -> None:
        """Forget the ends that have left for sure."""
        beat, due = 0, 0.0
        while self._asked and self._asked[0][0] <= answered:
            beat, due = self._asked.popleft()
        while self._ends and self._ends[0].beat <= beat and self._ends[0].seconds < due - self._sure_after:
            end = self._ends.popleft()
            if end.strike > self._left.get(end.key, end.strike):
                del self._left[end.key]
