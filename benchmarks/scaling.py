"""How training scales over workers on the loopback: ``python -m benchmarks.scaling CORPUS [--workers 1 2 4]``.

Each cluster trains on the same corpus with the same global batch, one thread a worker, until so many steps are made;
tokens a second are taken from the chief's metrics, after the first steps. The clusters take turns for some rounds.
How much of the encoded corpus a worker has read is told by the pages of its file that are in its memory (Linux; only
where the corpus is large enough to lie in a file: 32 MiB, 2 million tokens).
``--paper`` needs no corpus: it prints what a step exchanges for real networks, and what is left of the workers' speed.
"""

from __future__ import annotations

import argparse
import csv
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from musicrnn.bench.machine import machine
from tests.trainer.cluster import started

WARM_UP = 20
TABLE_ROWS = 370  # rows of the factor tables of a vocabulary of 236 tokens
EMBEDDING = 64
RATES = (10_000, 100_000, 1_000_000)  # two cores, a small GPU, a large one
TOKENS = (2_048, 8_192, 32_768)
NETWORKS = ((2, 256), (2, 512), (3, 512), (3, 1024))
LINKS = {"1 Gbit/s": 1e9 / 8, "10 Gbit/s": 10e9 / 8, "100 Gbit/s": 100e9 / 8}
USABLE = 0.9


def parameters(layers: int, units: int) -> int:
    """Return about how many numbers an LSTM of this size learns, its tables included."""
    inputs = [EMBEDDING] + [units] * (layers - 1)
    return sum(4 * units * (size + units + 1) for size in inputs) + TABLE_ROWS * (units + EMBEDDING)


def exchanged(count: int, workers: int) -> float:
    """Return the bytes that each worker sends a step, and receives."""
    return 2 * (workers - 1) / workers * 4 * count


def share(workers: int, tokens: int, rate: float, bandwidth: float) -> float:
    """Return which part of its time a worker learns, with so many tokens of its own a step.

    ``rate`` is what it makes a second by itself with 2 x 512. With the parameters the arithmetic of a step grows as
    the bytes of the exchange do, so that the part is about the same for all sizes.
    """
    learning = tokens / rate
    return learning / (learning + exchanged(parameters(2, 512), workers) / (USABLE * bandwidth))


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    ruler = "|---" + "|---:" * (len(head) - 1) + "|"
    return [f"| {' | '.join(head)} |", ruler, *(f"| {' | '.join(row)} |" for row in rows)]


def paper(workers: int) -> list[str]:
    """Return the estimates as lines of Markdown: what a step exchanges, and what is left of the workers' speed."""
    sizes = []
    for layers, units in NETWORKS:
        count = parameters(layers, units)
        size = exchanged(count, workers)
        times = [f"{size / (USABLE * bandwidth) * 1000:,.1f}" for bandwidth in LINKS.values()]
        sizes.append([f"{layers} x {units}", f"{count / 1e6:.1f} M", f"{size / 1e6:.0f}", *times])
    shares = [
        [f"{rate:,}", f"{tokens:,}", *(f"{share(workers, tokens, rate, link):.0%}" for link in LINKS.values())]
        for rate in RATES
        for tokens in TOKENS
    ]
    first = _table(["network", "parameters", "MB a step", *(f"ms at {name}" for name in LINKS)], sizes)
    return [*first, "", *_table(["tokens/s of one worker, 2 x 512", "tokens a step and worker", *LINKS], shares)]


def _rows(run: Path) -> list[tuple[int, float, int]]:
    """Return step, seconds and tokens of the steps that the chief has written so far."""
    path = run / "metrics.csv"
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["rate"] and row["seconds_a_step"]]
    return [(int(row["step"]), float(row["seconds"]), int(row["tokens"])) for row in rows]


def _until(run: Path, steps: int, workers: Sequence[subprocess.Popen[str]]) -> None:
    pause = threading.Event()
    while not (rows := _rows(run)) or rows[-1][0] < steps:
        if any(worker.poll() is not None for worker in workers):
            sys.exit(f"a worker ended before {steps} steps: {workers[0].communicate()}")
        pause.wait(0.5)


def corpus_pages(pid: int) -> tuple[int, int]:
    """Return how large the files without a name are that a process has mapped, and how much of them it has in memory.

    Both in bytes, 0 where the system does not tell.
    """
    maps = Path(f"/proc/{pid}/smaps")
    size = resident = 0
    counts = False
    for words in (line.split() for line in (maps.read_text().splitlines() if maps.exists() else ())):
        if not words[0].endswith(":"):
            counts = words[-1] == "(deleted)" and not words[-2].startswith(("/memfd", "/dev"))
        elif counts and words[0] == "Size:":
            size += int(words[1]) * 1024
        elif counts and words[0] == "Rss:":
            resident += int(words[1]) * 1024
    return size, resident


def trained(workers: int, options: argparse.Namespace) -> tuple[float, list[tuple[int, int]]]:
    """Train with a cluster until all its steps are made.

    Return the chief's tokens a second, and for each worker the size of the corpus and what it has of it in memory.
    """
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        command = [
            "train", str(options.corpus), "--run-folder", str(run), "--units", str(options.units), "--layers", "2",
            "--lanes", str(options.lanes), "--window", str(options.window), "--threads=1", "--epochs=100000",
            "--save-every=0", "--audition-bars=0", "--patience=0",
        ]  # fmt: skip
        with started([command] * workers) as processes:
            _until(run, options.steps, processes)
            rows = [row for row in _rows(run) if row[0] >= WARM_UP]
            pages = [corpus_pages(process.pid) for process in processes]
            processes[0].send_signal(signal.SIGINT)
            for process in processes:
                process.communicate()
    return (rows[-1][2] - rows[0][2]) / (rows[-1][1] - rows[0][1]), pages


def measured(options: argparse.Namespace) -> list[str]:
    """Return the measurement as lines of Markdown."""
    found: dict[int, list[float]] = {count: [] for count in options.workers}
    pages: dict[int, str] = {}
    for _ in range(options.rounds):
        for count, rates in found.items():
            rate, read = trained(count, options)
            rates.append(rate)
            pages[count] = f"{statistics.mean(some for _, some in read) / 1e6:.0f} of {read[0][0] / 1e6:.0f}"
            print(f"{count} workers: {rates[-1]:,.0f} tokens/s", file=sys.stderr)
    first = statistics.median(found[options.workers[0]])
    lines = [
        "| workers | tokens a second | of the first | MB a step and worker | MB of the corpus that a worker has read |",
        "|---:|---:|---:|---:|---:|",
    ]
    for count, rates in found.items():
        middle, size = statistics.median(rates), exchanged(parameters(2, options.units), count) / 1e6
        spread = f"{middle:,.0f} ({min(rates):,.0f} to {max(rates):,.0f})"
        lines.append(f"| {count} | {spread} | {middle / first:.2f} | {size:.1f} | {pages[count]} |")
    return lines


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path, nargs="?", help="folder of MIDI files, large enough for no epoch to end")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=100, help="a multiple of 10, over 30")
    parser.add_argument("--lanes", type=int, default=64)
    parser.add_argument("--window", type=int, default=128)
    parser.add_argument("--units", type=int, default=256)
    parser.add_argument("--paper", action="store_true", help="the estimate for real networks, with four workers")
    options = parser.parse_args()
    if options.paper:
        print("\n".join(paper(4)))
        return
    if options.corpus is None:
        parser.error("a corpus is needed, or --paper")
    shape = f"2 x {options.units}, {options.lanes} lanes of {options.window}"
    what = f"{shape}, {options.steps} steps, {options.rounds} rounds"
    print(f"{datetime.now(UTC):%Y-%m-%d}, {machine().words()}; {what}")
    print("\n".join(measured(options)))


if __name__ == "__main__":
    main()
