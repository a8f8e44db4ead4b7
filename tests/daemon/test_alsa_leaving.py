"""A player on a real ALSA sequencer leaves while messages come in."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.peers.alsa_vm import BOOT
from tests.peers.program import Program


@pytest.mark.alsa
def test_a_player_leaves_although_clocks_pour_in(tmp_path: Path) -> None:
    """It ends by itself when it is told to, with nobody who kills it."""
    command: list[str | Path] = ["sh", BOOT, tmp_path, sys.executable, "-m", "tests.daemon.alsa_leaving"]
    with Program(command) as machine:
        status = machine.wait(600)
    printed = "\n".join(machine.printed)
    assert status == 0, printed
    assert "LEFT" in printed
