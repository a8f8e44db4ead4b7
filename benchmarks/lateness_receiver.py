"""Stamps what comes in: ``python -m benchmarks.lateness_receiver SOCKET OUT``; a process of its own.

It takes one connection on a Unix socket that keeps messages apart, and stamps each with the monotonic clock when it
has it, at a higher priority than any sender where the system grants one. At the end of the connection it writes the
moments and the messages in hexadecimal to OUT as JSON.
"""

from __future__ import annotations

import json
import socket
import sys
import time
from pathlib import Path

from musicrnn.daemon.player.urgency import real_time

FIFO = 60
MOST_BYTES = 64


def main(path: str, out: Path) -> None:
    """Stamp all messages of one connection."""
    real_time(FIFO)
    heard: list[tuple[float, bytes]] = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as server:
        server.bind(path)
        server.listen()
        print("RECORDING", flush=True)
        line, _ = server.accept()
        with line:
            while data := line.recv(MOST_BYTES):
                heard.append((time.monotonic(), data))
    out.write_text(json.dumps([(moment, data.hex()) for moment, data in heard]))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
