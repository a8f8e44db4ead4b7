"""The daemon as a program of its own, started, told to play, and left to end by itself."""

from __future__ import annotations

import socket
import sys
from dataclasses import dataclass
from pathlib import Path

BARS = 16
TEMPO = 240
SEED = 7


def program(name: str) -> Path:
    """Return the path of a program that was installed beside this interpreter."""
    return Path(sys.executable).parent / name


def free_udp_port() -> int:
    """Return a UDP port that nobody on this machine listens on."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True, slots=True)
class Daemon:
    """What to start, where it records, and how to make it play once somebody listens."""

    command: tuple[str | Path, ...]
    environment: dict[str, str]
    recording: Path
    start: tuple[str, ...]


def daemon(folder: Path, model: str | Path, api: str) -> Daemon:
    """Return a daemon that plays ``BARS`` bars when it is told to, and keeps all it writes in ``folder``."""
    recording, port = folder / "session.mid", str(free_udp_port())
    command = [program("musicrnn-daemon"), "--model", model, "--midi-api", api, "--bars", BARS, "--tempo", TEMPO]
    command += ["--seed", SEED, "--record", recording, "--osc-port", port, "--no-autostart"]
    (folder / "runtime").mkdir()
    own = {f"XDG_{kind}_HOME": str(folder / kind.lower()) for kind in ("CONFIG", "DATA", "CACHE", "STATE")}
    own["XDG_RUNTIME_DIR"] = str(folder / "runtime")
    start = ("oscsend", "127.0.0.1", port, "/musicrnn/start")
    return Daemon(tuple(word if isinstance(word, Path) else str(word) for word in command), own, recording, start)
