"""A JACK timebase master whose tempo ramps: a program of its own, which tells the others bars, beats and tempo.

``python -m tests.peers.jack_tempo START END AFTER SECONDS`` goes evenly from START to END bpm, beginning AFTER seconds
of the transport, within SECONDS; it says so, and runs until SIGTERM.
"""

from __future__ import annotations

import signal
import sys
from dataclasses import dataclass
from typing import Any

BEATS_PER_BAR = 4
TICKS_PER_BEAT = 1920
BARS_BEATS_TICKS = 0x10  # JackPositionBBT of jack/types.h


@dataclass(frozen=True, slots=True)
class TempoRamp:
    """Tempo and beats at any second of the transport."""

    start: float
    end: float
    after: float
    seconds: float

    def bpm(self, at: float) -> float:
        """Return the tempo at a moment."""
        part = min(max((at - self.after) / self.seconds, 0.0), 1.0)
        return self.start + part * (self.end - self.start)

    def beats(self, at: float) -> float:
        """Return the beats up to a moment: the tempo summed up."""
        inside = min(max(at - self.after, 0.0), self.seconds)
        whole = self.start * min(at, self.after) + inside * (self.start + self.bpm(at)) / 2
        return (whole + max(at - self.after - self.seconds, 0.0) * self.end) / 60.0


def main(ramp: TempoRamp) -> None:
    """Lead until SIGTERM."""
    import jack

    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    client = jack.Client("tempo", no_start_server=True)

    def timebase(state: int, frames: int, position: Any, is_new: bool) -> None:
        del state, frames, is_new
        at = position.frame / position.frame_rate
        beats = ramp.beats(at)
        bar, in_bar = divmod(beats, BEATS_PER_BAR)
        position.valid = BARS_BEATS_TICKS
        position.bar, position.beat = int(bar) + 1, int(in_bar) + 1
        position.tick = int((in_bar % 1) * TICKS_PER_BEAT)
        position.bar_start_tick = bar * BEATS_PER_BAR * TICKS_PER_BEAT
        position.beats_per_bar, position.beat_type = BEATS_PER_BAR, 4
        position.ticks_per_beat, position.beats_per_minute = TICKS_PER_BEAT, ramp.bpm(at)

    client.set_timebase_callback(timebase)
    with client:
        print("LEADING", flush=True)
        signal.sigwait({signal.SIGTERM})


if __name__ == "__main__":
    main(TempoRamp(*map(float, sys.argv[1:5])))
