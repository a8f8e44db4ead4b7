"""Has the system stamp what comes in: ``python -m benchmarks.lateness_receiver OUT``; a process of its own.

It says at which UDP port of the loop-back interface it listens. The kernel stamps a datagram within the call that
sends it, so how late this process wakes up does not matter. Its stamps are of the system's clock, of which the
monotonic one's distance is taken when the first datagram comes and when it is told to end, by a line on standard
input; both must be alike. Then it writes the moments and the messages in hexadecimal to OUT as JSON.
"""

from __future__ import annotations

import json
import select
import socket
import struct
import sys
import time
from pathlib import Path

MOST_BYTES = 64
NANOSECONDS = 10**9
STAMPS = 35  # SO_TIMESTAMPNS, and what its stamps come as
STAMP = struct.Struct("qq")
MOST_STEP_SECONDS = 1e-4
TRIES = 9


def distance() -> float:
    """Return by how many seconds the system's clock is ahead of the monotonic one, as well as can be told."""
    tries = []
    for _ in range(TRIES):
        before, now, after = time.monotonic(), time.time(), time.monotonic()
        tries.append((after - before, now - (before + after) / 2))
    return min(tries)[1]


def stamp(told: list[tuple[int, int, bytes]]) -> float:
    """Return the moment that the kernel gave a datagram, in seconds of the system's clock."""
    for level, kind, data in told:
        if (level, kind) == (socket.SOL_SOCKET, STAMPS):
            seconds, nanoseconds = STAMP.unpack(data[: STAMP.size])
            return float(seconds + nanoseconds / NANOSECONDS)
    raise ValueError("each datagram must have the kernel's stamp, got one without")


def main(out: Path) -> None:
    """Have all datagrams stamped until a line comes in on standard input."""
    heard: list[tuple[float, bytes]] = []
    distances = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.setsockopt(socket.SOL_SOCKET, STAMPS, 1)
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2**20)
        line.bind(("127.0.0.1", 0))
        print(f"RECORDING {line.getsockname()[1]}", flush=True)
        while sys.stdin not in (ready := select.select([line, sys.stdin], [], [])[0]) or line in ready:
            data, told, _, _ = line.recvmsg(MOST_BYTES, socket.CMSG_SPACE(STAMP.size))
            if not heard:
                distances.append(distance())
            heard.append((stamp(told), data))
    distances.append(distance())
    if abs(distances[-1] - distances[0]) > MOST_STEP_SECONDS:
        raise SystemExit(
            f"the system's clock must not be set meanwhile, got a step of {distances[-1] - distances[0]} s"
        )
    out.write_text(json.dumps([(moment - distances[0], data.hex()) for moment, data in heard]))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
