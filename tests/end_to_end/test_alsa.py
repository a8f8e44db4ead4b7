"""arecordmidi records the daemon on a real ALSA sequencer."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.end_to_end.daemon import daemon
from tests.peers.alsa_vm import run_in_guest
from tests.peers.notes import compare, notes_of


@pytest.mark.alsa
def test_arecordmidi_records_each_note_of_the_daemon(trained_model: Path, tmp_path: Path) -> None:
    """What arecordmidi wrote equals the daemon's recording; its times mean nothing on an emulated processor."""
    playing = daemon(tmp_path, trained_model, "alsa")
    settings = [f"{name}={value}" for name, value in playing.environment.items()]
    heard = run_in_guest(tmp_path, "MusicRNN", ["env", *settings, *playing.command], " ".join(playing.start))
    comparison = compare(notes_of(playing.recording), notes_of(heard))
    print("arecordmidi:", comparison)
    assert comparison.notes > 16
    assert comparison.differences == ()
