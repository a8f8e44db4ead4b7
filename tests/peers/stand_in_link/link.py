"""Stands for the package of the extra ``link`` where that is not installed: a session of one, in this process.

It has what the program that takes part in a session uses of it, and knows a second peer from half a second on.
"""

from __future__ import annotations

import time

MICROSECONDS = 1_000_000
ALONE_SECONDS = 0.2
AHEAD_MICROSECONDS = 5_000_000  # Link's clock is another one than the monotonic


class Clock:
    """Link's own clock."""

    def micros(self) -> int:
        """Return its microseconds."""
        return time.monotonic_ns() // 1000 + AHEAD_MICROSECONDS


class SessionState:
    """Tempo, beats, and whether it plays."""

    def __init__(self, bpm: float) -> None:
        self._bpm = bpm
        self._beat, self._micros = 0.0, Clock().micros()
        self._playing, self._since = False, 0

    def tempo(self) -> float:
        """Return beats a minute."""
        return self._bpm

    def setTempo(self, bpm: float, micros: int) -> None:  # noqa: N802  Link's own names
        """Bend the line of beats."""
        self._beat, self._micros = self.beatAtTime(micros, 4.0), micros
        self._bpm = bpm

    def beatAtTime(self, micros: int, quantum: float) -> float:  # noqa: N802
        """Return the beat at a moment."""
        del quantum
        return self._beat + (micros - self._micros) / MICROSECONDS * self._bpm / 60.0

    def isPlaying(self) -> bool:  # noqa: N802
        """Say whether the session plays."""
        return self._playing

    def timeForIsPlaying(self) -> int:  # noqa: N802
        """Return since when."""
        return self._since

    def setIsPlaying(self, playing: bool, micros: int) -> None:  # noqa: N802
        """Start or stop."""
        self._playing, self._since = playing, micros


class Link:
    """One who takes part."""

    def __init__(self, bpm: float) -> None:
        self.enabled = self.startStopSyncEnabled = False
        self._state = SessionState(bpm)
        self._begun = time.monotonic()

    def numPeers(self) -> int:  # noqa: N802
        """Return how many others take part."""
        return int(time.monotonic() - self._begun > ALONE_SECONDS)

    def clock(self) -> Clock:
        """Return the clock."""
        return Clock()

    def captureSessionState(self) -> SessionState:  # noqa: N802
        """Return the state."""
        return self._state

    def commitSessionState(self, state: SessionState) -> None:  # noqa: N802
        """Let it be this."""
        self._state = state
