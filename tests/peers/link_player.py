"""Somebody else in an Ableton Link session: a program of its own, which keeps what the session was, moment by moment.

``python -m tests.peers.link_player OUT BPM`` joins with a tempo, shares starts and stops, and says ``OTHERS n``,
``TEMPO x`` and ``PLAYING 0`` or ``1`` when they change. Told ``tempo X``, ``play`` or ``stop`` on standard input it
does so; told ``leave``, it writes OUT and ends: seconds of the monotonic clock, beat, tempo and whether it plays, a
hundred times a second.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from pathlib import Path
from typing import Any

POLL_SECONDS = 0.01
QUANTUM = 4.0
READINGS = 5


def moment(clock: Any) -> tuple[float, int]:
    """Return the same moment in seconds of the monotonic clock and in Link's microseconds."""
    readings = []
    for _ in range(READINGS):
        before = time.monotonic()
        micros = clock.micros()
        readings.append((time.monotonic() - before, (before + time.monotonic()) / 2, micros))
    return min(readings)[1:]


def obey(session: Any, words: list[str]) -> None:
    """Change the session."""
    state, now = session.captureSessionState(), session.clock().micros()
    if words[0] == "tempo":
        state.setTempo(float(words[1]), now)
    else:
        state.setIsPlaying(words[0] == "play", now)
    session.commitSessionState(state)


def main(out: Path, bpm: float) -> None:
    """Take part until told to leave."""
    import link

    session = link.Link(bpm)
    session.startStopSyncEnabled = True
    session.enabled = True
    ended = threading.Event()

    def listen() -> None:
        for line in sys.stdin:
            if line.strip() == "leave":
                break
            obey(session, line.split())
        ended.set()

    threading.Thread(target=listen, daemon=True).start()
    said: dict[str, str] = {}
    samples = []
    while not ended.wait(POLL_SECONDS):
        seconds, micros = moment(session.clock())
        state = session.captureSessionState()
        samples.append([seconds, state.beatAtTime(micros, QUANTUM), state.tempo(), state.isPlaying()])
        others, playing = f"{session.numPeers()}", f"{state.isPlaying():d}"
        saying = {"OTHERS": others, "TEMPO": f"{state.tempo():.3f}", "PLAYING": playing}
        for word, value in saying.items():
            if said.get(word) != value:
                print(word, value, flush=True)
        said = saying
    out.write_text(json.dumps(samples))
    print("WROTE", flush=True)
    session.enabled = False


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]))
