"""Note-offs that may not have been heard, said again.

Where a server or a receiver misses a cycle, what was written for it is lost, and nobody says what that was. A note-on
that is lost is a note less; a note-off that is lost hangs. A note-off for a key that is up does nothing.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from musicrnn.daemon.player.core import Sounding, is_on

KEPT_SECONDS = 0.5
SETTLED_SECONDS = 0.05
SETTLED_CYCLES = 1.5
LONGEST_SECONDS = 0.25
MOST_AFTER = 2


@dataclass(slots=True)
class _Off:
    """A note-off, when it was written, and how often it was said again because no cycles were missed any more."""

    seconds: float
    data: bytes
    after: int = 0


class Repeats:
    """Remembers the note-offs of the last half second, and gives them once cycles that were missed are over.

    What is said again while cycles are missed may be lost as well. So none is forgotten until half a second has gone by
    without a miss, but of each key one is kept, and an old one is said twice at most. Nor does time count in which no
    cycles come at all: what was written for the last one may be lost, too.

    One thread owns it; any thread may call :meth:`miss`. All moments are in seconds of one clock.
    """

    def __init__(self) -> None:
        self._offs: dict[tuple[int, int], _Off] = {}  # in the order in which they were written
        self._again: deque[bytes] = deque()
        self._misses: deque[float] = deque()
        self._first = self._last = self._said = float("-inf")
        self._missed = False
        self._ran: float | None = None
        self._stood = 0.0

    def note(self, seconds: float, data: bytes) -> None:
        """Remember a message that was written at ``seconds``, if it ends a note and is not one that is said again."""
        if self._again and data == self._again[0]:
            self._again.popleft()
        elif data[0] & 0xE0 == 0x80 and not is_on(data):
            key = data[0] & 0x0F, data[1]
            self._offs.pop(key, None)
            self._offs[key] = _Off(seconds - self._stood, data)

    def miss(self, seconds: float) -> None:
        """Note that a cycle was missed at ``seconds`` or shortly before."""
        self._misses.append(seconds)

    @property
    def pending(self) -> bool:
        """Whether something was missed that is not made up for yet."""
        return self._missed or bool(self._misses)

    def due(self, seconds: float, sounding: Sounding, cycle: float = 0.0) -> list[bytes]:
        """Return what is to be said again, for keys that do not sound, which is to be written next.

        That is all, once no cycle has been missed for a while, and what is new where that takes long; else nothing.
        It is to be asked in each cycle; ``cycle`` is how many seconds one lasts.
        """
        now = self._running(seconds)
        self._take_misses(now)
        self._forget(self._first if self._missed or now - self._last <= KEPT_SECONDS else now)
        over = now - self._last >= max(SETTLED_SECONDS, SETTLED_CYCLES * cycle)
        if not self._missed or not (over or now - self._said >= LONGEST_SECONDS):
            return []
        self._missed, self._said = not over, now
        again = [
            off
            for key, off in self._offs.items()
            if not sounding.notes[key] and (now - off.seconds <= KEPT_SECONDS or (over and off.after < MOST_AFTER))
        ]
        for off in again:
            off.after += over
        self._again.extend(off.data for off in again)
        return [off.data for off in again]

    def _running(self, seconds: float) -> float:
        """Return a moment on a clock that stands while no cycles come."""
        gap = seconds - self._ran if self._ran is not None else 0.0
        self._stood += gap if gap > LONGEST_SECONDS else 0.0
        self._ran = seconds
        return seconds - self._stood

    def _take_misses(self, now: float) -> None:
        while self._misses:
            before, self._last = self._last, min(self._misses.popleft() - self._stood, now)
            if self._last - before > KEPT_SECONDS:
                self._first = self._last
            if not self._missed:
                self._missed, self._said = True, self._last

    def _forget(self, seconds: float) -> None:
        """Forget what was written long before a moment."""
        while self._offs:
            key, off = next(iter(self._offs.items()))
            if seconds - off.seconds <= KEPT_SECONDS:
                return
            del self._offs[key]
