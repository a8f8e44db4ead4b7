"""What the terminal UI costs: the share of a core that its process takes, in a pseudo-terminal, beside a real daemon.

    .venv/bin/python -m benchmarks.tui_cost --seconds 30

The daemon plays the chorales at 120 bpm without a MIDI port. Each round runs `musicrnn-tui` in a pseudo-terminal of
that size whose output is read and thrown away, waits until it draws, and takes the processor time of its process.
"""

from __future__ import annotations

import argparse
import fcntl
import io
import os
import platform
import pty
import re
import signal
import statistics
import struct
import subprocess
import sys
import termios
import threading
import time
from pathlib import Path

SETTLE_SECONDS = 4.0
CLOCK = os.sysconf("SC_CLK_TCK")


def main() -> int:
    """Print a table: size and rate, share of a core (median and spread), bytes drawn a second."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    print(f"{platform.platform()}, Python {platform.python_version()}, load {os.getloadavg()[0]:.1f}\n")
    print("| size | updates a second | share of a core, median | least to most | kB drawn a second |")
    print("|---|---|---|---|---|")
    with subprocess.Popen(_daemon(), stdout=subprocess.PIPE, text=True) as daemon:
        try:
            port = _port_of(daemon)
            for size in ((80, 24), (160, 48)):
                for rate in (10, 20):
                    rounds = [measured(size, rate, port, given.seconds) for _ in range(given.rounds)]
                    print(_row(size, rate, rounds), flush=True)
        finally:
            daemon.send_signal(signal.SIGTERM)
    return 0


def _daemon() -> list[str]:
    flags = ["--midi-api", "none", "--no-recording", "--osc-port", "0", "--tempo", "120", "--seed", "1"]
    return [sys.executable, "-m", "musicrnn", "daemon", *flags]


def _port_of(daemon: subprocess.Popen[str]) -> int:
    output = daemon.stdout or io.StringIO()
    for line in output:
        found = re.match(r"OSC +\S+ port (\d+)", line)
        if found:
            threading.Thread(target=output.read, daemon=True).start()
            return int(found[1])
    raise SystemExit("the daemon ended before it listened")


def measured(size: tuple[int, int], rate: int, port: int, seconds: float) -> tuple[float, float]:
    """Return the share of a core in 0..1 and the bytes drawn a second, of one run."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
    command = [sys.executable, "-m", "musicrnn", "tui", "--osc-port", str(port), "--rate", str(rate)]
    environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
    drawn = [0]
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment)
    os.close(theirs)
    threading.Thread(target=_swallow, args=(ours, drawn), daemon=True).start()
    try:
        time.sleep(SETTLE_SECONDS)
        before, drawn_before, began = _processor_seconds(process.pid), drawn[0], time.monotonic()
        time.sleep(seconds)
        took = time.monotonic() - began
        share = (_processor_seconds(process.pid) - before) / took
        return share, (drawn[0] - drawn_before) / took
    finally:
        os.write(ours, b"q")
        process.wait(10)


def _swallow(terminal: int, drawn: list[int]) -> None:
    """Read what is drawn until the terminal closes."""
    try:
        while data := os.read(terminal, 65536):
            drawn[0] += len(data)
    except OSError:
        os.close(terminal)


def _processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / CLOCK


def _row(size: tuple[int, int], rate: int, rounds: list[tuple[float, float]]) -> str:
    shares = [share for share, _ in rounds]
    drawn = statistics.median(bytes_drawn for _, bytes_drawn in rounds) / 1000
    spread = f"{min(shares):.1%} to {max(shares):.1%}"
    return f"| {size[0]} by {size[1]} | {rate} | {statistics.median(shares):.1%} | {spread} | {drawn:.0f} |"


if __name__ == "__main__":
    sys.exit(main())
