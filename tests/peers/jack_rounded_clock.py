"""A MIDI clock on JACK by a program that knows no frames: each clock goes out at the beginning of the next period.

``python -m tests.peers.jack_rounded_clock BPM`` opens the port ``rounded:out``, sends a start with its first clock once
somebody listens, and clocks until SIGTERM.
"""

from __future__ import annotations

import math
import signal
import sys

PORT = "rounded:out"
CLOCKS_PER_BEAT = 24
WAIT_SECONDS = 1.0


def main(bpm: float) -> None:
    """Send until SIGTERM."""
    import jack

    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})  # before JACK starts threads that inherit it
    client = jack.Client("rounded", no_start_server=True)
    port = client.midi_outports.register("out")
    length = 60.0 / bpm / CLOCKS_PER_BEAT * client.samplerate
    first, sent = math.inf, 0

    @client.set_process_callback  # type: ignore[untyped-decorator]
    def process(frames: int) -> None:
        nonlocal first, sent
        del frames
        port.clear_buffer()
        now = client.last_frame_time
        if first == math.inf and port.number_of_connections:
            first = now + WAIT_SECONDS * client.samplerate
        while first + sent * length <= now:
            if not sent:
                port.write_midi_event(0, b"\xfa")
            port.write_midi_event(0, b"\xf8")
            sent += 1

    with client:
        print("SENDING", PORT, flush=True)
        signal.sigwait({signal.SIGTERM})


if __name__ == "__main__":
    main(float(sys.argv[1]))
