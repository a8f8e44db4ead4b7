"""A MIDI clock on JACK by a program that knows no frames: each clock goes out at the beginning of the next period.

``python -m tests.peers.jack_rounded_clock BPM OUT`` opens the port ``rounded:out``, sends a start with its first clock
once somebody listens, and clocks until SIGTERM. Then it writes OUT, a list of the frame of each clock: a server that
loses time loses clocks too, and who only listens cannot know how many.
"""

from __future__ import annotations

import json
import math
import signal
import sys
from pathlib import Path

PORT = "rounded:out"
CLOCKS_PER_BEAT = 24
WAIT_SECONDS = 1.0


def main(bpm: float, out: Path) -> None:
    """Send until SIGTERM."""
    import jack

    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})  # before JACK starts threads that inherit it
    client = jack.Client("rounded", no_start_server=True)
    port = client.midi_outports.register("out")
    length = 60.0 / bpm / CLOCKS_PER_BEAT * client.samplerate
    first = math.inf
    sent: list[int] = []

    @client.set_process_callback  # type: ignore[untyped-decorator]
    def process(frames: int) -> None:
        nonlocal first
        del frames
        port.clear_buffer()
        now = client.last_frame_time
        if first == math.inf and port.number_of_connections:
            first = now + WAIT_SECONDS * client.samplerate
        while first + len(sent) * length <= now:
            if not sent:
                port.write_midi_event(0, b"\xfa")
            port.write_midi_event(0, b"\xf8")
            sent.append(now)

    with client:
        print("SENDING", PORT, flush=True)
        signal.sigwait({signal.SIGTERM})
    out.write_text(json.dumps(sent))
    print("WROTE", len(sent), "clocks", flush=True)


if __name__ == "__main__":
    main(float(sys.argv[1]), Path(sys.argv[2]))
