"""A listener on JACK that notes when clicks begin; a program of its own, which knows nothing of who clicks.

``python -m tests.peers.jack_clicks OUT`` opens the audio port ``clicks:in``, says so, and at SIGTERM writes OUT: the
frame at which each click begins, as a JSON list.
"""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path

import numpy as np

PORT = "clicks:in"
LOUD = 0.001
PAUSE_SECONDS = 0.05


def main(out: Path) -> None:
    """Listen until SIGTERM."""
    import jack

    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})  # before JACK starts threads that inherit it
    client = jack.Client("clicks", no_start_server=True)
    port = client.inports.register("in")
    onsets: list[int] = []
    last = -client.samplerate

    @client.set_process_callback  # type: ignore[untyped-decorator]
    def process(frames: int) -> None:
        nonlocal last
        loud = np.flatnonzero(np.abs(port.get_array()) > LOUD) + client.last_frame_time
        for frame in loud.tolist():
            if frame - last > PAUSE_SECONDS * client.samplerate:
                onsets.append(frame)
            last = frame

    with client:
        print("LISTENING", PORT, flush=True)
        signal.sigwait({signal.SIGTERM})
    out.write_text(json.dumps(onsets))
    print("WROTE", len(onsets), "clicks", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
