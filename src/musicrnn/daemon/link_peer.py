"""The program that takes part in an Ableton Link session, for an engine that must wait for nobody.

``python -m musicrnn.daemon.link_peer BPM QUANTUM STARTS`` says on standard output where the session is, a line of JSON
each time (`Report`), and does what it is told on standard input, a line of JSON each time: ``{"bpm": 120.0}`` or
``{"playing": true}``. STARTS is 1 where starts and stops are shared. It ends with its standard input.

Link is licensed under the GPL, version 2 or later: nothing but this program imports it, and only where the extra
``link`` is installed.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
import time
from dataclasses import asdict, dataclass
from typing import Any, BinaryIO

POLL_SECONDS = 0.01
TELL_SECONDS = 0.1
SEARCH_SECONDS = 1.5
READINGS = 5
MICROSECONDS = 1e6
STEADY_BEATS = 1e-4


@dataclass(frozen=True, slots=True)
class Report:
    """Where the session is: ``beat`` at ``seconds`` of the monotonic clock, a bar being a quantum of beats.

    ``others`` are those who take part beside us; ``since`` is the moment at which ``playing`` became what it is.
    """

    seconds: float
    beat: float
    bpm: float
    others: int
    playing: bool
    since: float

    def differs(self, other: Report) -> bool:
        """Tell whether this says what could not be known from the other."""
        same = (self.bpm, self.others, self.playing) == (other.bpm, other.others, other.playing)
        expected = other.beat + (self.seconds - other.seconds) * other.bpm / 60.0
        return not same or abs(self.beat - expected) > STEADY_BEATS or self.seconds - other.seconds >= TELL_SECONDS


class Peer:
    """One who takes part in the session; ``session`` is Link's own object."""

    def __init__(self, session: Any, quantum: float) -> None:
        self._session = session
        self._quantum = quantum

    @property
    def alone(self) -> bool:
        """Whether nobody else takes part."""
        return not self._session.numPeers()

    def report(self) -> Report:
        """Say where the session is."""
        seconds, micros = self._moment()
        state = self._session.captureSessionState()
        return Report(
            seconds,
            state.beatAtTime(micros, self._quantum),
            state.tempo(),
            self._session.numPeers(),
            state.isPlaying(),
            seconds + (state.timeForIsPlaying() - micros) / MICROSECONDS,
        )

    def obey(self, order: dict[str, Any]) -> None:
        """Propose a tempo, or a start or stop, to the session."""
        state = self._session.captureSessionState()
        now = self._session.clock().micros()
        if "bpm" in order:
            state.setTempo(float(order["bpm"]), now)
        if "playing" in order:
            state.setIsPlaying(bool(order["playing"]), now)
        self._session.commitSessionState(state)

    def _moment(self) -> tuple[float, int]:
        """Return the same moment in seconds of the monotonic clock and in Link's microseconds."""
        clock = self._session.clock()
        readings = []
        for _ in range(READINGS):
            before = time.perf_counter()
            micros = clock.micros()
            after = time.perf_counter()
            readings.append((after - before, (before + after) / 2, micros))
        _, seconds, micros = min(readings)
        return seconds, micros


def main(bpm: float, quantum: float, starts: bool) -> None:
    """Take part until standard input ends."""
    import link

    session = link.Link(bpm)
    session.startStopSyncEnabled = starts
    session.enabled = True
    peer = Peer(session, quantum)
    search_ends = time.perf_counter() + SEARCH_SECONDS
    told: Report | None = None
    orders = _Orders(sys.stdin.buffer)
    while not orders.ended:
        order = orders.wait(POLL_SECONDS)
        if order:
            peer.obey(order)
        if told is None and peer.alone and time.perf_counter() < search_ends:
            continue
        report = peer.report()
        if told is None or report.differs(told):
            os.write(1, (json.dumps(asdict(report)) + "\n").encode())
            told = report
    session.enabled = False


class _Orders:
    """Lines that come through a pipe, read by a thread: not every system can wait for a pipe for a while."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self._lines: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self.ended = False
        threading.Thread(target=self._read, daemon=True).start()

    def wait(self, seconds: float) -> dict[str, Any]:
        """Return the next order, an empty one where none comes for so many seconds."""
        try:
            line = self._lines.get(timeout=seconds)
        except queue.Empty:
            return {}
        self.ended = line is None
        return json.loads(line) if line is not None else {}

    def _read(self) -> None:
        for line in self._source:
            self._lines.put(line)
        self._lines.put(None)


if __name__ == "__main__":
    main(float(sys.argv[1]), float(sys.argv[2]), sys.argv[3] == "1")
    os._exit(0)  # Link's own threads are not waited for
