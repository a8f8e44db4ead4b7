"""`musicrnn bench` on a real ALSA sequencer."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from tests.peers.alsa_vm import BOOT
from tests.peers.program import Program

BENCH = ("-m", "musicrnn", "bench", "untrained", "--seconds", "5", "--no-sizes", "--json")


@pytest.mark.alsa
def test_through_alsa_every_note_is_heard(tmp_path: Path) -> None:
    """The system is found by itself; how late it is means nothing on an emulated processor."""
    own = {"XDG_CONFIG_HOME": str(tmp_path), "PYTHONPATH": os.environ.get("PYTHONPATH", "")}
    guest = ["env", *(f"{name}={value}" for name, value in own.items()), sys.executable, *BENCH]
    with Program(["sh", BOOT, tmp_path, *guest]) as machine:
        status = machine.wait(600)
    assert status == 0, "\n".join(machine.printed[-20:])
    console = "".join(machine.printed)
    values = json.loads(console[console.index("{") : console.rindex("}") + 1])
    assert values["output"]["system"] == "alsa"
    assert values["output"]["messages"] > 0
    assert values["output"]["lost"] == 0
    assert values["output"]["lateness_ms"]["count"] == values["output"]["messages"]
