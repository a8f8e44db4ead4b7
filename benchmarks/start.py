"""How the daemon starts, what memory it keeps and what it costs at rest: ``python -m benchmarks.start [--runs 10]``.

A private JACK server and an independent receiver on it (`tests/peers/jack_listener.py`) are started first. Then, all
from the moment of exec:

- the start to the first note-on at that receiver, and beside it, in turn, peers that only begin: Python alone, Python
  with the packages without which nothing plays, and those with the same model and one step of it. *Warm* is the page
  cache as the run before left it; *cold* is after each file that a start reads was put out of it;
- the memory of engine and player: resident, how much of that is the JACK server's own, which every client of it maps,
  and proportional (shared pages divided among those who share them); and the share of a core that each takes, over
  --seconds of playing at 8 ticks a second, and of waiting for a start.

Run it in the repository's root. It needs jackd, and Linux's /proc. Tables are Markdown, with the machine that they
were measured on.
"""

from __future__ import annotations

import argparse
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from musicrnn.bench.machine import machine
from tests.peers.jack_listener import PORT, Listener, is_on
from tests.peers.jackd import JackServer
from tests.peers.program import Program, wait_until

MODEL = "chorales"
SEED = 1  # its first tick begins with a note
TEMPO = 120  # with the model's 4 ticks a beat: 8 ticks a second
READY = "READY"
SETTLE_SECONDS = 5.0
PEERS = {
    "Python alone": "pass",
    "Python, NumPy, ONNX Runtime": "import numpy, onnxruntime",
    "the same, the model loaded, one step": (
        "from musicrnn.models.onnx_step import load_model; from musicrnn.models.timing import Position; "
        f"m = load_model({MODEL!r}); m.step(0, Position(0, 0, 4), m.initial_state())"
    ),
    "Python, mido, python-rtmidi, a port on JACK": (
        "import mido, rtmidi; o = rtmidi.MidiOut(rtapi=rtmidi.API_UNIX_JACK, name='peer'); o.open_virtual_port('out')"
    ),
}
AIM = "start to first note"
FILES_OF = """
import sys
import musicrnn.cli, musicrnn.commands.daemon, musicrnn.daemon.run, musicrnn.models.onnx_step, musicrnn.models.catalogue
import musicrnn.daemon.player.program, musicrnn.daemon.player.jack_output
import jack, mido, rtmidi
paths = {getattr(module, name, None) for module in list(sys.modules.values()) for name in ("__file__", "__cached__")}
paths |= {line.split()[-1] for line in open("/proc/self/maps") if "/" in line}
paths |= {str(path) for path in musicrnn.models.catalogue.bundled().values()}
print("\\n".join(sorted(path for path in paths if path and path.startswith("/"))))
"""


@dataclass
class Start:
    """Something that is started, and how many seconds it took each time, with a warm and with a cold cache."""

    name: str
    run: Callable[[], float]
    warm: list[float] = field(default_factory=list)
    cold: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Cost:
    """What a process keeps, in bytes: resident, the JACK server's among them, proportional; and its share of a core."""

    resident: int
    servers: int
    proportional: int
    share: float


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=10, help="starts of each kind (default 10)")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long memory and CPU are watched (default 60)")
    parser.add_argument("--period", type=int, default=1024, help="frames of a period of JACK (default 1024)")
    words = parser.parse_args()
    print(f"{time.strftime('%Y-%m-%d')}: {machine().words()}")
    print(f"JACK with the dummy driver, 48 kHz, {words.period} frames a period; model {MODEL}\n")
    with JackServer(words.period) as server, Listener(server.environment) as listener, own_folders() as folders:
        environment = {**os.environ, **server.environment, **folders}
        starts(listener, environment, words.runs)
        costs(listener, environment, words.seconds)


def starts(listener: Listener, environment: Mapping[str, str], runs: int) -> None:
    """Measure the starts, in turn, and print the table."""
    rows = [Start(name, lambda code=code: begin(code, environment)) for name, code in PEERS.items()]
    rows.append(Start(f"musicrnn-daemon: {AIM}", lambda: first_note(listener, environment)))
    files = files_of_a_start(environment)
    for row in rows:
        row.run()  # what was never read before, and .pyc files that are not there yet
    for _ in range(runs):
        for row in rows:
            row.warm.append(row.run())
    for _ in range(runs):
        for row in rows:
            put_out(files)
            row.cold.append(row.run())
    megabytes = sum(path.stat().st_size for path in files) / 1e6
    read = f"{len(files)} files, {megabytes:.0f} MB, put out of the page cache before each start"
    print(f"seconds from exec, median (lowest to highest) of {runs}; cold: {read}\n")
    print("| start | warm | cold |\n|---|---:|---:|")
    for row in rows:
        print(f"| {row.name} | {middle(row.warm)} | {middle(row.cold)} |", flush=True)
    print()


def begin(code: str, environment: Mapping[str, str]) -> float:
    """Return the seconds from exec until a program of Python has done its work and says so."""
    began = time.monotonic()
    command = [sys.executable, "-c", f"{code}\nprint({READY!r}, flush=True)"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        line = process.stdout.readline() if process.stdout is not None else b""
        seconds = time.monotonic() - began
    if line.strip() != READY.encode():
        raise SystemExit(f"{code}: it must say {READY}, got {line!r}")
    return seconds


def first_note(listener: Listener, environment: Mapping[str, str]) -> float:
    """Return the seconds from exec of the daemon until its first note-on comes at the receiver."""
    began = time.monotonic()
    with daemon(environment):
        ons: list[float] = []

        def heard() -> bool:
            ons[:] = [seconds for seconds, _, data in listener.events(began) if is_on(data)]
            return bool(ons)

        wait_until(heard, 60, "the first note")
    return ons[0] - began


@contextmanager
def daemon(environment: Mapping[str, str], *more: str) -> Iterator[int]:
    """Run the daemon within, connected to the receiver; yield its process number."""
    command = [sys.executable, "-m", "musicrnn", "daemon", "--model", MODEL, "--seed", SEED, "--tempo", TEMPO]
    command += ["--midi-api", "jack", "--port", PORT, "--osc-port", 0, "--no-recording", *more]
    with Program([str(word) for word in command], environment, stop_signal=signal.SIGTERM) as program:
        yield program.pid


def costs(listener: Listener, environment: Mapping[str, str], seconds: float) -> None:
    """Measure memory and CPU while the daemon plays, and while it waits, and print the table."""
    print(f"over {seconds:g} s, from {SETTLE_SECONDS:g} s after the first note (or the start)\n")
    print("| | process | resident MiB | of it JACK's | proportional MiB | CPU % of a core |")
    print("|---|---|---:|---:|---:|---:|")
    began = time.monotonic()
    with daemon(environment) as pid:
        wait_until(lambda: any(is_on(data) for _, _, data in listener.events(began)), 60, "the first note")
        rows("playing, 8 ticks a second", pid, seconds)
    with daemon(environment, "--no-autostart") as pid:
        wait_until(lambda: len(children(pid)) == 1, 60, "the player")
        rows("waiting for a start", pid, seconds)


def rows(what: str, engine: int, seconds: float) -> None:
    """Watch an engine and its player, and print a row for each."""
    time.sleep(SETTLE_SECONDS)
    (player,) = children(engine)
    for name, cost in zip(("engine", "player"), watched((engine, player), seconds), strict=True):
        sizes = " | ".join(f"{size / 2**20:.0f}" for size in (cost.resident, cost.servers, cost.proportional))
        print(f"| {what} | {name} | {sizes} | {100 * cost.share:.2f} |", flush=True)


def watched(pids: Sequence[int], seconds: float) -> list[Cost]:
    """Return what each process keeps at the end, and took in between."""
    before, began = [cpu_seconds(pid) for pid in pids], time.monotonic()
    time.sleep(seconds)
    after, took = [cpu_seconds(pid) for pid in pids], time.monotonic() - began
    return [
        Cost(memory(pid)["Rss"], servers_memory(pid), memory(pid)["Pss"], (late - early) / took)
        for pid, early, late in zip(pids, before, after, strict=True)
    ]


def cpu_seconds(pid: int) -> float:
    """Return the processor time of all threads of a process, in user and system mode."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory(pid: int) -> dict[str, int]:
    """Return the memory of a process by the names of /proc/PID/smaps_rollup, in bytes."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    return {line.partition(":")[0]: int(line.split()[1]) * 1024 for line in lines}


def servers_memory(pid: int) -> int:
    """Return how many resident bytes of a process are the JACK server's, which it shares with all its clients."""
    total, mine = 0, False
    for line in Path(f"/proc/{pid}/smaps").read_text().splitlines():
        first = line.split()[0]
        if not first.endswith(":"):
            mine = "/dev/shm/jack" in line  # noqa: S108 - a name to look for, not a file to write
        elif first == "Rss:" and mine:
            total += int(line.split()[1]) * 1024
    return total


def children(pid: int) -> list[int]:
    """Return the process numbers of what a process has started."""
    lists = [path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/children")]
    return [int(number) for line in lists for number in line.split()]


def files_of_a_start(environment: Mapping[str, str]) -> list[Path]:
    """Return the files that the daemon, its player and the peers read at their start."""
    answer = subprocess.run(
        [sys.executable, "-c", FILES_OF], env=environment, capture_output=True, text=True, check=True
    )
    return [path for line in answer.stdout.splitlines() if (path := Path(line)).is_file()]


def put_out(files: Sequence[Path]) -> None:
    """Put files out of the page cache, as far as nobody has them mapped: this Python's own are."""
    os.sync()
    for path in files:
        descriptor = os.open(path, os.O_RDONLY)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(descriptor)


@contextmanager
def own_folders() -> Iterator[dict[str, str]]:
    """Yield what keeps a user's own settings and files out of it."""
    with tempfile.TemporaryDirectory(prefix="musicrnn-") as folder:
        yield {f"XDG_{kind}": folder for kind in ("CONFIG_HOME", "DATA_HOME", "CACHE_HOME", "RUNTIME_DIR")}


def middle(values: Sequence[float]) -> str:
    """Return the median of some seconds, with the lowest and the highest."""
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


if __name__ == "__main__":
    main()
