"""From an OSC datagram to the first note made under it: ``python -m benchmarks.control_to_sound [--trials 1000]``.

The daemon plays a model that strikes a note on each tick or none, as /musicrnn/density says (`every_tick.py`), 24 ticks
a beat at 120 bpm, to an independent recorder on a private JACK server. Silence; then at a random moment a datagram asks
for notes. The note that comes first stands on a tick, and the ticks' moments are those of the first notes' frames, less
the two periods that every note takes. Printed is how often that was the very next tick, by how long before it the
datagram was sent, and the whole way from datagram to sound. Run it in the repository's root.
"""

from __future__ import annotations

import argparse
import random
import socket
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from benchmarks.grid import Floats, Recorded, read
from benchmarks.output_timing import (
    BAR_TICKS,
    CONDITIONS,
    DAEMON,
    START_SECONDS,
    Stage,
    condition_of,
    here,
    send_osc,
)
from benchmarks.timing_senders import PORT, TICK_SECONDS
from musicrnn.daemon.osc_packets import message_bytes
from musicrnn.daemon.priority import punctual
from tests.peers import jack_recorder
from tests.peers.jackd import SAMPLE_RATE, JackServer
from tests.peers.program import Program

PERIODS_LATE = 2
NOTES, NOTHING = 10.0, -10.0
QUIET_SECONDS, SOUNDING_SECONDS = 0.15, 0.15
EDGES = (0.0, 0.001, 0.002, 0.003, 0.005, 0.010, TICK_SECONDS)
BARS = 1_000_000
FIRST_NOTES = 24


def ask(port: int, density: float) -> float:
    """Ask for a density, and return the moment before the datagram went."""
    packet = message_bytes("/musicrnn/density", density)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        moment = time.monotonic()
        line.sendto(packet, ("127.0.0.1", port))
    return moment


def trial(port: int, chance: random.Random) -> float:
    """Let it be silent, ask for notes at a random moment, and return that."""
    ask(port, NOTHING)
    time.sleep(QUIET_SECONDS + chance.uniform(0.0, 2 * TICK_SECONDS))
    asked = ask(port, NOTES)
    time.sleep(SOUNDING_SECONDS)
    return asked


def run(stage: Stage, trials: int, condition: str) -> tuple[Floats, Recorded]:
    """Return the moments at which notes were asked for, and what was recorded."""
    heard = stage.folder / "heard"
    recorder = Program([sys.executable, "-m", "tests.peers.jack_recorder", heard], stage.environment)
    daemon = Program(stage.command(DAEMON, BARS * BAR_TICKS), {**stage.environment, "UNDECIDED": "1"})
    chance = random.Random(1)
    with recorder, daemon, condition_of(condition, stage.osc_port):
        recorder.wait_for_line("RECORDING")
        daemon.wait_for_line("Ctrl-C", START_SECONDS)
        stage.server.connect(stage.server.wait_for_port(PORT), jack_recorder.PORT)
        send_osc(stage.osc_port, "/musicrnn/start")
        with punctual():
            asked = [trial(stage.osc_port, chance) for _ in range(trials)]
        recorder.stop(30.0)
        recorder.wait_for_line("WROTE")
    return np.array(asked), read(heard.with_suffix(".json"))


@dataclass(frozen=True, slots=True)
class Answers:
    """Of each trial: how long before the next tick it was, how many ticks after that a note came, and the whole way.

    In seconds and ticks, float64[trials].
    """

    before: Floats
    ticks_later: Floats
    whole_way: Floats


def answers(asked: Floats, recorded: Recorded, period: int) -> Answers:
    """Find the first note of each trial, and its tick."""
    sounded = recorded.seconds_at(recorded.frames)
    first = np.searchsorted(sounded, asked)
    asked, first = asked[first < len(sounded)], first[first < len(sounded)]
    late = (tick_moments(sounded - PERIODS_LATE * period / SAMPLE_RATE)[first] - asked) / TICK_SECONDS
    later = np.floor(late)
    return Answers((late - later) * TICK_SECONDS, later, sounded[first] - asked)


def tick_moments(moments: Floats) -> Floats:
    """Return the moments of the ticks that notes belong to: those of the grid on which the first notes are.

    Where a server has stood still, notes keep their places among its frames and come later by the clock on the wall.
    """
    beginning = moments[:FIRST_NOTES] - moments[0]
    phase = moments[0] + np.median(beginning - np.round(beginning / TICK_SECONDS) * TICK_SECONDS)
    return np.asarray(phase + np.round((moments - phase) / TICK_SECONDS) * TICK_SECONDS)


def table(found: Answers, period: int, condition: str) -> str:
    """Return the rows of one run."""
    rows = []
    for low, high in pairwise(EDGES):
        within = found.ticks_later[(found.before >= low) & (found.before < high)]
        if len(within):
            when = f"{1000 * low:.0f} to {1000 * high:.0f} ms before"
            rows.append(f"| {period} | {condition} | {when} | {len(within)} | {100 * np.mean(within == 0):.1f} % |")
    p50, p99, most = 1000 * np.quantile(found.whole_way, [0.5, 0.99, 1.0])
    whole = f"p50 {p50:.1f}, p99 {p99:.1f}, max {most:.1f} ms"
    rows.append(f"| {period} | {condition} | datagram to sound | {len(found.before)} | {whole} |")
    return "\n".join(rows)


def main(words: Sequence[str] | None = None) -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--periods", type=int, nargs="+", default=[256, 1024])
    parser.add_argument("--conditions", nargs="+", choices=CONDITIONS, default=("idle", "busy"))
    chosen = parser.parse_args(words)
    print(f"{here()}\n\n| period | machine | asked | trials | heard at the very next tick |\n|---|---|---|---|---|")
    for period in chosen.periods:
        for condition in chosen.conditions:
            with tempfile.TemporaryDirectory() as folder, JackServer(period) as server:
                asked, recorded = run(Stage(Path(folder), server, ""), chosen.trials, condition)
            print(table(answers(asked, recorded, period), period, condition), flush=True)
            print(f"| {period} | {condition} | the server stood still | | {1000 * recorded.still_seconds:.1f} ms |")


if __name__ == "__main__":
    main()
