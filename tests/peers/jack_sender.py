"""A client on JACK that sends bytes as MIDI events, whole messages or not.

``python -m tests.peers.jack_sender SINK HEX…`` connects to the port SINK, writes one event a cycle, and leaves.
"""

from __future__ import annotations

import sys
import threading
from collections import deque


def main(sink: str, events: list[bytes]) -> None:
    """Send, and wait until some cycles have gone by after the last."""
    import jack

    client = jack.Client("sender", no_start_server=True)
    port = client.midi_outports.register("out")
    waiting, rest, done = deque(events), iter(range(8)), threading.Event()

    @client.set_process_callback  # type: ignore[untyped-decorator]
    def process(frames: int) -> None:
        del frames
        port.clear_buffer()
        if not port.number_of_connections:
            return
        if waiting:
            port.write_midi_event(0, waiting.popleft())
        elif next(rest, None) is None:
            done.set()

    with client:
        client.connect(port, sink)
        done.wait(10)


if __name__ == "__main__":
    main(sys.argv[1], [bytes.fromhex(word) for word in sys.argv[2:]])
