"""A small virtual machine with a real ALSA sequencer, and arecordmidi in it as the recorder.

The host calls ``run_in_guest``. In the guest, ``python -m tests.peers.alsa_vm FOLDER CLIENT START PLAYER...`` starts
the player, waits for the port of CLIENT, lets ``arecordmidi`` record it into FOLDER/heard.mid, makes it play (START is
a shell command, or empty for a line on the player's standard input), and ends when the player has ended.
"""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.peers.program import Program, wait_until

BOOT = Path(__file__).parents[2] / "scripts/alsa_vm/boot.sh"
BPM = 120
TICKS_PER_QUARTER = 480
SLOW = 180.0  # seconds: an emulated processor starts Python slowly


def run_in_guest(folder: Path, client: str, player: Sequence[str | Path], start: str = "") -> Path:
    """Boot the machine, have arecordmidi record what ``player`` plays, and return the file that it wrote.

    The player opens a virtual port of ``client``, plays after ``start`` (see above), and ends by itself.
    """
    guest: list[str | Path] = [sys.executable, "-m", "tests.peers.alsa_vm", folder, client, start, *player]
    with Program(["sh", BOOT, folder, *guest]) as machine:
        status = machine.wait(600)
        print(*(line for line in machine.printed if not line.startswith("\x1b")), sep="\n")
    assert status == 0, f"the guest's command ended with status {status}"
    return folder / "heard.mid"


def ports() -> dict[str, str]:
    """Return the sequencer's readable ports as client name -> address."""
    listed = subprocess.run(["arecordmidi", "-l"], capture_output=True, text=True, check=True).stdout
    found = re.findall(r"^ *(\d+:\d+) +(.+?)  +", listed, re.MULTILINE)
    return {client: address for address, client in found}


def record(folder: Path, client: str, start: str, player: Sequence[str]) -> None:
    """Record what the player plays on the port of ``client``."""
    with Program(player) as playing:
        wait_until(lambda: client in ports(), SLOW, f"an ALSA port of {client}")
        address = ports()[client]
        print("RECORDING", client, address, flush=True)
        time = ["-t", str(TICKS_PER_QUARTER), "-b", str(BPM)]
        recorder = ["arecordmidi", "-p", address, *time, str(folder / "heard.mid")]
        with Program(recorder, stop_signal=signal.SIGINT) as recording:
            wait_until(lambda: _is_connected(address), SLOW, "arecordmidi's connection")
            if start:
                subprocess.run(["sh", "-c", start], check=True)
            else:
                playing.send_line("go")
            status = playing.wait(SLOW)
            recording.stop()
        print(*playing.printed, sep="\n", flush=True)
        assert status == 0, f"the player ended with status {status}"


def _is_connected(address: str) -> bool:
    """Say whether anybody is subscribed to a port, as ``aconnect -l`` lists it."""
    client, port = address.split(":")
    listed = subprocess.run(["aconnect", "-l"], capture_output=True, text=True, check=True).stdout
    block = re.search(rf"^client {client}:.*?(?=^client |\Z)", listed, re.MULTILINE | re.DOTALL)
    return block is not None and re.search(rf"^ +{port} .*\n\s+Connecting To:", block[0], re.MULTILINE) is not None


if __name__ == "__main__":
    record(Path(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4:])
