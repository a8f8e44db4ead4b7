"""A real ALSA sequencer, in a virtual machine, carries what a port plays to arecordmidi."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.peers.alsa_vm import run_in_guest
from tests.peers.notes import compare, notes_of
from tests.peers.stand_in_sender import write_test_music


@pytest.mark.alsa
def test_arecordmidi_records_each_note_of_the_sender(tmp_path: Path) -> None:
    """What arecordmidi wrote equals what was sent; its times mean nothing on an emulated processor."""
    sent = tmp_path / "sent.mid"
    write_test_music(sent)
    player: list[str | Path] = [sys.executable, "-m", "tests.peers.stand_in_sender", "alsa", sent]
    heard = run_in_guest(tmp_path, "sender", player)
    comparison = compare(notes_of(sent), notes_of(heard))
    print(comparison)
    assert comparison.differences == ()
