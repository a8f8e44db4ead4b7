"""How punctual the daemon is: ``python benchmarks/daemon_timing.py [MODEL] [SECONDS] [--osc-flood]``.

Runs the daemon's own loop with a model at 120 bpm into a port that notes how late each message leaves, and prints the
lateness and the share of the processor. With --osc-flood another process sends it OSC as fast as it can.
"""

from __future__ import annotations

import argparse
import dataclasses
import resource
import subprocess
import sys
import time
from collections.abc import Sequence

import numpy as np

from musicrnn.config.play import PlaySettings
from musicrnn.control import Quit, Start, Status
from musicrnn.daemon.clock import MonotonicClock
from musicrnn.daemon.engine import Engine
from musicrnn.daemon.inbox import Inbox, Request
from musicrnn.daemon.osc_server import OscServer
from musicrnn.daemon.priority import punctual
from musicrnn.daemon.protocols import TimedMessage
from musicrnn.daemon.runtime import NoKeeper, Runtime
from musicrnn.daemon.session import Entry
from musicrnn.models.generator import Generator
from musicrnn.models.onnx_step import load_model

FLOOD = """
import socket, sys
line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
while True:
    line.sendto(b"/musicrnn/mu\\0\\0\\0\\0,f\\0\\0?\\x80\\0\\0", ("127.0.0.1", int(sys.argv[1])))
"""


class LatenessPort:
    """Notes how late each message leaves, in seconds."""

    name = "benchmark"

    def __init__(self) -> None:
        self.late: list[float] = []

    def send(self, message: TimedMessage) -> None:
        """Note it."""
        if message.data[0] & 0xF0 == 0x90:
            self.late.append(time.monotonic() - message.seconds)

    def close(self) -> None:
        """Do nothing."""


class Until(MonotonicClock):
    """A clock that ends the session at its time."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.inbox: Inbox | None = None
        self._end = time.monotonic() + seconds

    def wait_until(self, seconds: float) -> None:
        """Wait, and quit at the end."""
        if self.inbox is not None and time.monotonic() > self._end:
            self.inbox.put(Request(Quit()))
        super().wait_until(seconds)


def no_log(entries: Sequence[Entry]) -> None:
    """Keep no log."""
    del entries


def measure(model: str, seconds: float, flood: bool) -> None:
    """Run once and print."""
    generator = Generator(load_model(model))
    play = dataclasses.replace(PlaySettings(), seed=1, tempo=120.0)
    clock, port = Until(seconds), LatenessPort()
    inbox = clock.inbox = Inbox(clock.wake)
    runtime = Runtime(Engine(generator, play), clock, port, inbox, log=no_log, keeper=NoKeeper())
    osc = OscServer("127.0.0.1", 0, inbox, lambda: runtime.status)
    osc.start()
    flooder = None
    if flood:
        flooder = subprocess.Popen([sys.executable, "-c", FLOOD, str(osc.address[1])])
    before = resource.getrusage(resource.RUSAGE_SELF)
    start = time.monotonic()
    with punctual() as real_time:
        runtime.run([Start()])
    if flooder is not None:
        flooder.kill()
        flooder.wait()
    report(port, runtime.status, real_time, before, time.monotonic() - start)
    print(f"OSC: {osc.desk.counts}")
    osc.close()


def report(port: LatenessPort, status: Status, real_time: bool, before: resource.struct_rusage, seconds: float) -> None:
    """Print what was measured."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    cpu = used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime
    late = np.array(port.late) * 1e3
    p50, p99 = np.percentile(late, [50, 99])
    print(f"{status.model}: {len(late)} notes in {seconds:.0f} s, {'real time' if real_time else 'normal'} priority")
    print(
        f"late by p50 {p50:.2f} ms, p99 {p99:.2f} ms, worst {late.max():.2f} ms; skipped {status.skipped_ticks} ticks"
    )
    print(f"processor {100 * cpu / seconds:.1f} % of one core; memory at most {used.ru_maxrss / 1024:.0f} MiB")


def main() -> None:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", nargs="?", default="untrained")
    parser.add_argument("seconds", nargs="?", type=float, default=30.0)
    parser.add_argument("--osc-flood", action="store_true")
    words = parser.parse_args()
    measure(words.model, words.seconds, words.osc_flood)


if __name__ == "__main__":
    main()
