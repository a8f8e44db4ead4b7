"""How exactly notes come, by who sends them: ``python -m benchmarks.output_timing [--seconds 600] [--isobar PYTHON]``.

A note on every tick, 24 ticks a beat at 120 bpm, to a recorder on a private JACK server that stamps each with its
frame (`tests/peers/jack_recorder.py`, a process of its own). Senders take turns on the same server: the real daemon and
its player (its notes are a script's, its network the bundled model's), a loop of sleeps, mido's ``MidiFile.play``, the
way of python-rtmidi's sequencer example, and isobar's timeline. Each is also measured while the other core is busy, and
while OSC floods the daemon's port (for the others: a port that nobody reads); stderr is told how many packets a second
that were, and what became of them. What terminal UIs do to the notes is measured with ``--conditions idle ui ui-20 uis
--senders daemon``: none, one of 160 by 48 that draws 10 times a second, one that does so 20 times, and both; they are
attached while it plays.

isobar's wheel installs a package named ``tests``, so it needs an environment of its own: --isobar names its Python, in
which mido and python-rtmidi must be too. Without it, isobar is left out. Run it in the repository's root.
"""

from __future__ import annotations

import argparse
import contextlib
import socket
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.flood import Flood
from benchmarks.grid import Errors, Recorded, errors, read, ticks_of
from benchmarks.timing_senders import BPM, PORT, TICK_SECONDS, TICKS_A_BEAT
from benchmarks.ui_in_a_terminal import Ui
from musicrnn.bench.machine import machine
from tests.peers import jack_recorder
from tests.peers.jackd import SAMPLE_RATE, JackServer
from tests.peers.program import Program

DAEMON = "daemon"
SENDERS = (DAEMON, "sleep", "mido", "sequencer", "isobar")
CONDITIONS = ("idle", "busy", "flood")
UI_RATES = {"ui": (10,), "ui-20": (20,), "uis": (10, 20)}
UI_SIZE = (160, 48)
LEAST_DRAWN = 50_000  # bytes; a UI that saw no music draws less
TICK_FRAMES = TICK_SECONDS * SAMPLE_RATE
BAR_TICKS = 4 * TICKS_A_BEAT
START_SECONDS = 60.0
SWITCH_SECONDS = 0.6
BUSY = "while True: pass"


@dataclass(frozen=True, slots=True)
class Run:
    """One sender under one condition, and where its notes came."""

    sender: str
    condition: str
    period: int
    lost: int
    errors: Errors
    xruns: int
    still_seconds: float

    def row(self) -> str:
        """Return a row of the table."""
        found = [self.errors.at(share) for share in (0.5, 0.99, 0.999, 1.0)]
        cells = [f"{frames:.0f} ({1000 * frames / SAMPLE_RATE:.2f})" for frames in found]
        cells += [f"{1e6 * self.errors.drift:+.1f}", str(self.lost), str(self.errors.left_out)]
        cells += [f"{1000 * self.still_seconds:.0f}", str(self.xruns)]
        return f"| {self.period} | {self.condition} | {self.sender} | {len(self.errors.frames)} | " + (
            " | ".join(cells) + " |"
        )


HEAD = (
    "| period | machine | sender | notes | p50 frames (ms) | p99 | p99.9 | max | drift ppm | lost | left out |"
    " server still ms | xruns |\n" + "|---" * 13 + "|"
)


class Stage:
    """A folder, a server, and a port number for OSC that nobody else has."""

    def __init__(self, folder: Path, server: JackServer, isobar: str) -> None:
        self.folder = folder
        self.server = server
        self._isobar = isobar
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
            taken.bind(("127.0.0.1", 0))
            self.osc_port = int(taken.getsockname()[1])

    @property
    def environment(self) -> dict[str, str]:
        """What all programs get: folders of their own, and the server."""
        kinds = ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR")
        return {**{kind: str(self.folder) for kind in kinds}, **self.server.environment}

    def command(self, sender: str, notes: int) -> list[str]:
        """Return the command of a sender of so many notes; the daemon plays whole bars."""
        if sender != DAEMON:
            python = self._isobar if sender == "isobar" else sys.executable
            return [python, "-m", "benchmarks.timing_senders", sender, str(notes)]
        flags = ["--virtual-port", PORT, "--midi-api", "jack", "--no-recording", "--no-autostart"]
        flags += ["--tempo", str(BPM), "--bars", str(notes // BAR_TICKS), "--osc-port", str(self.osc_port)]
        return [sys.executable, "-m", "benchmarks.every_tick", *flags]

    def play(self, sender: str, notes: int, condition: str) -> None:
        """Let a sender play to the recorder, to its end; the condition begins with the first note."""
        with Program(self.command(sender, notes), self.environment) as program:
            program.wait_for_line("Ctrl-C" if sender == DAEMON else "READY", START_SECONDS)
            self.server.connect(self.server.wait_for_port(PORT), jack_recorder.PORT)
            time.sleep(SWITCH_SECONDS)  # so long a server may take to switch to a new connection
            if sender == DAEMON:
                send_osc(self.osc_port, "/musicrnn/start")
            else:
                program.send_line("")
            with condition_of(condition, self.osc_port):
                status = program.wait(1.5 * notes * TICK_SECONDS + START_SECONDS)
            if status:
                raise SystemExit("\n".join([f"{sender} must end well, got status {status}", *program.printed]))


def send_osc(port: int, address: str) -> None:
    """Send an OSC message without arguments."""
    padded = address.encode() + b"\0" * (4 - len(address) % 4) + b",\0\0\0"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.sendto(padded, ("127.0.0.1", port))


@contextlib.contextmanager
def condition_of(name: str, osc_port: int) -> Iterator[None]:
    """Keep the machine as a condition says; of a flood, stderr is told how large it was."""
    if name in UI_RATES:
        with uis(osc_port, UI_RATES[name]):
            yield
        return
    if name == "flood":
        with Flood(osc_port) as flood:
            yield
            print(f"flood: {flood.words()}", file=sys.stderr, flush=True)
        return
    with Program([sys.executable, "-c", BUSY]) if name == "busy" else contextlib.nullcontext():
        yield


@contextlib.contextmanager
def uis(osc_port: int, rates: Sequence[int]) -> Iterator[None]:
    """Let a terminal UI for each rate look on, each in a pseudo-terminal. SystemExit where one drew nothing."""
    with contextlib.ExitStack() as stack:
        looking = [stack.enter_context(Ui(osc_port, UI_SIZE, rate)) for rate in rates]
        yield
        for ui, rate in zip(looking, rates, strict=True):
            if ui.drawn < LEAST_DRAWN:
                raise SystemExit(f"the UI of {rate} a second must draw the music, got {ui.drawn} bytes")


def record(stage: Stage, sender: str, condition: str, notes: int) -> Recorded:
    """Let a sender play so many notes, and return what the recorder heard."""
    heard = stage.folder / f"{sender}-{condition}"
    recorder = Program([sys.executable, "-m", "tests.peers.jack_recorder", heard], stage.environment)
    with recorder:
        recorder.wait_for_line("RECORDING")
        stage.play(sender, notes, condition)
        recorder.stop(30.0)
        recorder.wait_for_line("WROTE")
    return read(heard.with_suffix(".json"))


def measured(stage: Stage, sender: str, condition: str, seconds: float) -> Run:
    """Run a sender once and measure it."""
    notes = max(1, round(seconds / TICK_SECONDS / BAR_TICKS)) * BAR_TICKS
    recorded = record(stage, sender, condition, notes)
    found = errors(recorded, ticks_of(recorded.pitches), TICK_FRAMES)
    lost = notes - len(recorded.pitches)
    return Run(sender, condition, stage.server.period, lost, found, recorded.xruns, recorded.still_seconds)


def here() -> str:
    """Return the date and this machine, for the head of a table."""
    return f"{time.strftime('%Y-%m-%d')}: {machine().words()}"


def main(words: Sequence[str] | None = None) -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--periods", type=int, nargs="+", default=[256, 1024])
    parser.add_argument("--conditions", nargs="+", choices=(*CONDITIONS, *UI_RATES), default=CONDITIONS)
    parser.add_argument("--senders", nargs="+", choices=SENDERS, default=SENDERS)
    parser.add_argument("--isobar", default="", metavar="PYTHON")
    chosen = parser.parse_args(words)
    senders = [sender for sender in chosen.senders if chosen.isobar or sender != "isobar"]
    print(f"{here()}; {chosen.seconds:g} s a run\n\n{HEAD}", flush=True)
    for period in chosen.periods:
        for _ in range(chosen.rounds):
            for condition in chosen.conditions:
                with tempfile.TemporaryDirectory() as folder, JackServer(period) as server:
                    stage = Stage(Path(folder), server, chosen.isobar)
                    for sender in senders:
                        print(measured(stage, sender, condition, chosen.seconds).row(), flush=True)


if __name__ == "__main__":
    main()
