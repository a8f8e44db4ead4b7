"""A real DAW records what a port plays, under PipeWire."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.peers.ardour import Ardour
from tests.peers.notes import compare, notes_of
from tests.peers.pipewire import PipeWire
from tests.peers.program import Program
from tests.peers.stand_in_sender import write_test_music


@pytest.mark.daw
def test_ardour_records_each_note_of_the_sender(tmp_path: Path) -> None:
    """The DAW's own take equals what was sent."""
    sent = tmp_path / "sent.mid"
    write_test_music(sent)
    with PipeWire() as pipewire:
        command: list[str | Path] = [sys.executable, "-m", "tests.peers.stand_in_sender", "jack", sent]
        with Program(command, pipewire.preloading) as sender:
            sender.wait_for_line("PORT")
            source = pipewire.wait_for_port("sender:out")
            with Ardour(tmp_path, source, pipewire.environment) as ardour:
                sender.send_line("go")
                sender.wait_for_line("PLAYED", 60)
                take = ardour.finish()
                comparison = compare(notes_of(sent), notes_of(take))
    print(comparison)
    assert comparison.differences == ()
    assert comparison.start_error_worst <= 2 * pipewire.period_seconds
