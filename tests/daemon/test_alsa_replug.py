"""A device on a real ALSA sequencer is unplugged while it is played to, and plugged in again."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.peers.alsa_vm import BOOT
from tests.peers.program import Program


@pytest.mark.alsa
def test_a_device_that_is_unplugged_is_found_again_by_its_name(tmp_path: Path) -> None:
    """The daemon notices, goes on, opens the port again, and leaves no note sounding."""
    command: list[str | Path] = ["sh", BOOT, tmp_path, sys.executable, "-m", "tests.daemon.alsa_replug", tmp_path]
    with Program(command) as machine:
        status = machine.wait(600)
    printed = "\n".join(machine.printed)
    assert status == 0, printed
    assert "NOTICED" in printed
    assert "REPLUGGED" in printed
