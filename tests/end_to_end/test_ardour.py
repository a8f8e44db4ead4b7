"""A real DAW records the daemon."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.end_to_end.daemon import daemon
from tests.peers.ardour import Ardour
from tests.peers.notes import compare, notes_of
from tests.peers.pipewire import PipeWire
from tests.peers.program import Program, run_to_its_end


@pytest.mark.daw
def test_ardour_records_each_note_of_the_daemon(trained_model: Path, tmp_path: Path) -> None:
    """The take on Ardour's own disk equals the daemon's recording, note for note."""
    playing = daemon(tmp_path, trained_model, "jack")
    with PipeWire() as pipewire, Program(playing.command, {**playing.environment, **pipewire.preloading}) as program:
        source = pipewire.wait_for_port("MusicRNN:")
        with Ardour(tmp_path, source, pipewire.environment) as ardour:
            run_to_its_end(program, playing.start, 120)
            take = ardour.finish()
    comparison = compare(notes_of(playing.recording), notes_of(take))
    print("Ardour:", comparison)
    assert comparison.notes > 16
    assert comparison.differences == ()
    assert comparison.start_error_worst <= 2 * pipewire.period_seconds
