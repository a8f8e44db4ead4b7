"""In the virtual machine: ``python -m tests.daemon.alsa_leaving`` closes ports into which clocks pour.

First one whose listener is at work whenever it is closed, then a whole player's. Prints LEFT when both have been left;
a port that waits for its listener waits for ever.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

import rtmidi

from musicrnn.daemon.player.program import Orders
from musicrnn.daemon.player.rtmidi_port import open_port
from musicrnn.daemon.player.wire import Close, Heard, Opened, Record, Records, packed

SLOW = 60.0  # seconds
HEARING = 0.01  # seconds
CLOCK = [0xF8]
ENOUGH = 50


@contextmanager
def clocks_into(client: str) -> Iterator[None]:
    """Send MIDI clocks, as fast as they go, to the first port of a client."""
    out = rtmidi.MidiOut(rtapi=rtmidi.API_LINUX_ALSA, name="Host")
    out.open_port(next(number for number, name in enumerate(out.get_ports()) if name.startswith(client)))
    over = threading.Event()

    def send() -> None:
        while not over.is_set():
            out.send_message(CLOCK)

    sender = threading.Thread(target=send)
    sender.start()
    try:
        yield
    finally:
        over.set()
        sender.join()


def records_of(source: IO[bytes]) -> Iterator[Record]:
    """Yield what a player says."""
    records = Records()
    while data := os.read(source.fileno(), 65_536):
        yield from records.feed(data)


def status_after_clocks(player: subprocess.Popen[bytes]) -> int:
    """Pour clocks into a player, let it leave, and return its exit status."""
    assert player.stdin is not None
    assert player.stdout is not None
    said = records_of(player.stdout)
    next(record for record in said if isinstance(record, Opened))
    with clocks_into("MusicRNN"):
        for _ in range(ENOUGH):
            next(record for record in said if isinstance(record, Heard))
        print("CLOCKS", flush=True)
        player.stdin.write(packed(Close()))
        threading.Thread(target=list, args=(said,), daemon=True).start()
        return player.wait(SLOW)


def leave_while_it_hears() -> None:
    """Close a port while a message is being heard, and end as a player does."""
    enough = threading.Semaphore(0)

    def hear(_: bytes) -> None:
        enough.release()
        time.sleep(HEARING)  # another message has come before this ends

    port = open_port("alsa", "MusicRNN", "", hear)
    with clocks_into("MusicRNN"):
        for _ in range(ENOUGH):
            enough.acquire()
        port.close()
        os._exit(0)


def close_while_it_hears() -> None:
    """See a process end that closes such a port."""
    command = [sys.executable, "-c", f"from {__spec__.name} import leave_while_it_hears as leave; leave()"]
    subprocess.run(command, check=True, timeout=SLOW)
    print("CLOSED", flush=True)


def main() -> None:
    """Close a port that hears; then start a player, pour clocks into it, and let it leave."""
    close_while_it_hears()
    command = [sys.executable, "-m", "musicrnn.daemon.player", Orders("alsa", "MusicRNN").as_word()]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as player:
        try:
            status = status_after_clocks(player)
        finally:
            player.kill()
    assert status == 0
    print("LEFT", flush=True)


if __name__ == "__main__":
    main()
