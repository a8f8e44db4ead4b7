"""Ways to send a note on every tick into a socket: ``python -m benchmarks.lateness_senders WAY PORT NOTES PRIORITY``.

``player`` is MusicRNN's own player, a process that is fed as the daemon feeds it: each message with its moment, 5 ms
before it. Its sender is the one for the systems behind python-rtmidi; only the last call, `send_message`, goes to the
socket instead. ``watching`` is a loop that sends at the very moment, so its lateness is that of the measurement.
The others are those of `timing_senders`. PRIORITY is ``fifo`` (SCHED_FIFO for all of them) or
``ordinary`` (what a user gets who may not have it).
"""

from __future__ import annotations

import contextlib
import os
import resource
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from benchmarks.timing_senders import TICK_SECONDS, mido_file, off, on, sequencing, sleeping, wait_for_start
from musicrnn.daemon.player.core import Core
from musicrnn.daemon.player.outputs import Output
from musicrnn.daemon.player.program import Orders
from musicrnn.daemon.player.program import main as play
from musicrnn.daemon.player.rtmidi_output import RtMidiOutput
from musicrnn.daemon.player.rtmidi_port import RtMidiPort
from musicrnn.daemon.player.urgency import real_time
from musicrnn.daemon.player.wire import Play, packed
from musicrnn.daemon.player_port import LEAD_SECONDS
from musicrnn.daemon.priority import FIFO, punctual

NOBODY = 65_534
HEAD_START_SECONDS = 1.0
WATCHED_SECONDS = 0.002
WAYS: dict[str, Callable[[int, Any], None]] = {"sleep": sleeping, "sequencer": sequencing, "mido": mido_file}


class SocketPort:
    """A port as python-rtmidi has them, and as mido has them, that ends in a UDP port of the loop-back interface."""

    def __init__(self, port: str) -> None:
        self._line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._line.connect(("127.0.0.1", int(port)))

    def send_message(self, data: bytes | list[int]) -> None:
        """Send bytes."""
        self._line.send(bytes(data))

    def send(self, message: Any) -> None:
        """Send one of mido's messages."""
        self._line.send(message.bin())

    def close_port(self) -> None:
        """Close it."""
        self._line.close()

    def delete(self) -> None:
        """Let go of it."""


def watching(notes: int, port: Any) -> None:
    """Look at the time for the last 2 ms before each moment, as nothing that plays should: what is late is the way."""
    wait_for_start()
    start = time.monotonic() + HEAD_START_SECONDS
    for tick in range(notes):
        moment = start + tick * TICK_SECONDS
        time.sleep(max(moment - WATCHED_SECONDS - time.monotonic(), 0.0))
        while time.monotonic() < moment:
            pass
        port.send_message(on(tick))
    print(f"START {start!r}", flush=True)


WAYS["watching"] = watching


def be(priority: str) -> None:
    """Take or give up real-time scheduling; SystemExit where it is wanted and not granted."""
    if priority == "fifo":
        if not real_time(FIFO):
            raise SystemExit("SCHED_FIFO must be granted for priority fifo")
    elif os.geteuid() == 0:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
    else:
        resource.setrlimit(resource.RLIMIT_RTPRIO, (0, 0))


def as_player(number: str, priority: str) -> None:
    """Be the player."""
    port = SocketPort(number)

    def opens(_: str, name: str, __: str, core: Core, ___: object, ____: object, *, transport: bool) -> Output:
        del transport
        return RtMidiOutput(RtMidiPort(name, port, None, {}, None), core, deque())

    be(priority)
    play([Orders("socket", "lateness").as_word()], opens)


def feeding(number: str, notes: int, priority: str) -> None:
    """Start the player and feed it; say which moment the first note has."""
    command = [sys.executable, "-m", __spec__.name, "as-player", number, "0", priority]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as player:
        if player.stdin is None or player.stdout is None:
            raise SystemExit("the player must have pipes")
        player.stdout.read(1)  # it says that its port is open
        be(priority)
        wait_for_start()
        with punctual():
            start = time.monotonic() + HEAD_START_SECONDS
            for tick in range(notes):
                moment = start + tick * TICK_SECONDS
                time.sleep(max(moment - LEAD_SECONDS - time.monotonic(), 0.0))
                record = packed(Play(moment, bytes(on(tick)))) + packed(
                    Play(moment + TICK_SECONDS / 2, bytes(off(tick)))
                )
                player.stdin.write(record)
            time.sleep(HEAD_START_SECONDS)
        with contextlib.suppress(OSError):
            player.stdin.close()
        print(f"START {start!r}", flush=True)


def main(way: str, number: str, notes: int, priority: str) -> None:
    """Send so many notes."""
    if way == "player":
        feeding(number, notes, priority)
    elif way == "as-player":
        as_player(number, priority)
    else:
        port = SocketPort(number)
        if priority == "fifo":
            be(priority)
        WAYS[way](notes, port)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4])
