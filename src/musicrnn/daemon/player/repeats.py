"""Note-offs that may not have been heard, said again.

Where a server or a receiver misses a cycle, what was written for it is lost, and nobody says what that was. A note-on
that is lost is a note less; a note-off that is lost hangs. A note-off for a key that is up does nothing.
"""

from __future__ import annotations

from collections import deque

from musicrnn.daemon.player.core import Sounding, is_on

KEPT_SECONDS = 0.5
SETTLED_SECONDS = 0.05
LONGEST_SECONDS = 0.25
MOST_KEPT = 4_096


class Repeats:
    """Remembers the note-offs of the last half second, and gives them once cycles that were missed are over.

    One thread owns it; any thread may call :meth:`miss`. All moments are in seconds of one clock.
    """

    def __init__(self) -> None:
        self._offs: deque[tuple[float, bytes]] = deque(maxlen=MOST_KEPT)
        self._again: deque[bytes] = deque()
        self._misses: deque[float] = deque()
        self._first = self._last = 0.0
        self._missed = False

    def note(self, seconds: float, data: bytes) -> None:
        """Remember a message that was written at ``seconds``, if it ends a note and is not one that is said again."""
        self._forget(seconds)
        if self._again and data == self._again[0]:
            self._again.popleft()
        elif data[0] & 0xE0 == 0x80 and not is_on(data):
            self._offs.append((seconds, data))

    def miss(self, seconds: float) -> None:
        """Note that a cycle was missed at ``seconds`` or shortly before."""
        self._misses.append(seconds)

    @property
    def pending(self) -> bool:
        """Whether something was missed that is not made up for yet."""
        return self._missed or bool(self._misses)

    def due(self, seconds: float, sounding: Sounding) -> list[bytes]:
        """Return what is to be said again, for keys that do not sound, which is to be written next.

        That is nothing before no cycle has been missed for a while, or for too long.
        """
        while self._misses:
            self._last = self._misses.popleft()
            self._first = self._first if self._missed else self._last
            self._missed = True
        if not self._missed or (seconds - self._last < SETTLED_SECONDS and seconds - self._first < LONGEST_SECONDS):
            return []
        self._missed = False
        self._forget(seconds)
        offs = dict.fromkeys(data for _, data in self._offs)
        again = [data for data in offs if not sounding.notes[data[0] & 0x0F, data[1]]]
        self._again.extend(again)
        return again

    def _forget(self, seconds: float) -> None:
        while self._offs and seconds - self._offs[0][0] > KEPT_SECONDS:
            self._offs.popleft()
