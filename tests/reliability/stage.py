"""A daemon that plays to an independent listener on a real JACK server, ended and hindered in every way there is."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from tests.peers.jack_listener import PORT, Listener
from tests.peers.jackd import JackServer
from tests.peers.program import Program, wait_until

LONG = bool(os.environ.get("MUSICRNN_LONG"))
TABLE = os.environ.get("MUSICRNN_RELIABILITY_TABLE", "")
NAME = "Reliable"
PLAYER = "musicrnn.daemon.player"


def times(few: int, many: int) -> int:
    """Return how often a fault is tried: few times, or many with MUSICRNN_LONG in the environment."""
    return many if LONG else few


def report(fault: str, seconds: list[float], limit: float) -> None:
    """Print a row of the table, and add it to the file that MUSICRNN_RELIABILITY_TABLE names."""
    worst, middle = max(seconds) * 1000, median(seconds) * 1000
    _add(f"| {fault} | {len(seconds)} | {middle:.0f} | {worst:.0f} | {limit * 1000:.0f} |")


def report_frames(what: str, notes: int, worst: float) -> None:
    """Print how far the worst of so many notes was from its place in frames, and add it to the same file."""
    _add(f"| {what} (frames) | {notes} | | {worst:g} | 1 |")


def report_changes(changes: int, refused: int, left_out: int) -> None:
    """Print how many models took over and were refused while it played, and the ticks left out; add it to the file."""
    what = f"models changed while playing, {refused} wrong ones refused (ticks left out)"
    _add(f"| {what} | {changes} | | {left_out} | 0 |")


def report_changes_to_big(changes: int, worst: float, limit: float) -> None:
    """Print by how many frames notes were off whole ticks at worst while big models took over; add it to the file."""
    _add(f"| models of 13 and 51 MB taking over while playing (frames) | {changes} | | {worst:g} | {limit:g} |")


def report_kills(kills: int, hit: int, steps: int, differing: int) -> None:
    """Print how often a training was killed, how often in a write, and what differs at the end; add it to the file."""
    what = f"SIGKILL of a training, {hit} inside a write, over {steps} steps (arrays that differ at the end)"
    _add(f"| {what} | {kills} | | {differing} | 0 |")


def _add(row: str) -> None:
    print(row)
    if TABLE:
        with Path(TABLE).open("a", encoding="utf-8") as table:
            table.write(f"{row}\n")


@dataclass
class Stage:
    """A folder for all that a daemon writes, a server, and a name of its own for the port."""

    folder: Path
    server: JackServer
    flags: list[str] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        """The daemon's environment."""
        kinds = ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR")
        return {**{kind: str(self.folder) for kind in kinds}, **self.server.environment}

    def daemon(self, *flags: str) -> Program:
        """Return a daemon that plays two long notes a bar, and drums."""
        command = [sys.executable, "-m", "tests.daemon.play_scripted", "--midi-api", "jack", "--no-osc"]
        return Program([*command, "--no-recording", "--virtual-port", NAME, *flags], self.environment)

    def listener(self) -> Listener:
        """Return a listener."""
        return Listener(self.environment)

    def connect(self, port: str = PORT) -> None:
        """Connect the daemon's port to the listener's, or to another."""
        self.server.connect(self.server.wait_for_port(f"{NAME}:out"), port)

    def wait_for_connection(self, seconds: float = 10.0) -> None:
        """Wait until the daemon's port and the listener are connected."""
        wait_until(lambda: PORT in self.server.connections(f"{NAME}:out"), seconds, "the connection to the listener")

    def players(self) -> list[int]:
        """Return the process numbers of this stage's players."""
        numbers = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
        return [pid for pid in numbers if self._is_player(pid)]

    def player(self) -> int:
        """Return the process number of the one player."""
        (pid,) = self.players()
        return pid

    def wait_until_none_plays(self) -> None:
        """Wait until the last player has left."""
        wait_until(lambda: not self.players(), 10, "the player's end")

    def _is_player(self, pid: int) -> bool:
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            folder = f"XDG_DATA_HOME={self.folder}".encode()
            return PLAYER.encode() in words and folder in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        except OSError:
            return False
