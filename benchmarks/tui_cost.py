"""What the terminal UI costs: the share of a core that its process takes, in a pseudo-terminal, beside a real daemon.

    .venv/bin/python -m benchmarks.tui_cost --seconds 30

The daemon plays the chorales at 120 bpm without a MIDI port. In each round every size and rate has its turn:
`musicrnn-tui` runs in a pseudo-terminal of that size whose output is read and thrown away, and once it draws, the
processor time of its process is taken.
"""

from __future__ import annotations

import argparse
import io
import os
import platform
import re
import signal
import statistics
import subprocess
import sys
import threading
import time

from benchmarks.ui_in_a_terminal import Ui

SETTLE_SECONDS = 4.0
SIZES = ((80, 24), (160, 48))
RATES = (10, 20)
HEAD = "| size | updates a second | share of a core (lowest to highest) | kB drawn a second |\n|---|---|---|---|"


def main() -> int:
    """Print a table: size and rate, share of a core (median, lowest to highest), bytes drawn a second."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    print(f"{platform.platform()}, Python {platform.python_version()}, load {os.getloadavg()[0]:.1f}\n")
    with subprocess.Popen(_daemon(), stdout=subprocess.PIPE, text=True) as daemon:
        try:
            rounds = _rounds(_port_of(daemon), given.seconds, given.rounds)
        finally:
            daemon.send_signal(signal.SIGTERM)
    print(HEAD)
    for (size, rate), found in rounds.items():
        print(_row(size, rate, found))
    return 0


def _rounds(port: int, seconds: float, rounds: int) -> dict[tuple[tuple[int, int], int], list[tuple[float, float]]]:
    """Return what each size and rate took, round by round; each takes its turn in every round."""
    cases = [(size, rate) for size in SIZES for rate in RATES]
    found: dict[tuple[tuple[int, int], int], list[tuple[float, float]]] = {case: [] for case in cases}
    for number in range(rounds):
        for size, rate in cases:
            found[size, rate].append(measured(size, rate, port, seconds))
            words = f"round {number + 1}: {size[0]} by {size[1]}, {rate} a second: {found[size, rate][-1][0]:.1%}"
            print(words, file=sys.stderr, flush=True)
    return found


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
    with Ui(port, size, rate) as ui:
        time.sleep(SETTLE_SECONDS)
        before, drawn_before, began = ui.processor_seconds(), ui.drawn, time.monotonic()
        time.sleep(seconds)
        took = time.monotonic() - began
        return (ui.processor_seconds() - before) / took, (ui.drawn - drawn_before) / took


def _row(size: tuple[int, int], rate: int, rounds: list[tuple[float, float]]) -> str:
    shares = [share for share, _ in rounds]
    drawn = statistics.median(bytes_drawn for _, bytes_drawn in rounds) / 1000
    spread = f"{statistics.median(shares):.1%} ({min(shares):.1%} to {max(shares):.1%})"
    return f"| {size[0]} by {size[1]} | {rate} | {spread} | {drawn:.0f} |"


if __name__ == "__main__":
    sys.exit(main())
