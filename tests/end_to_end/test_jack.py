"""What the daemon plays on a JACK port is what it says it played, as a recorder of another make heard it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.end_to_end.daemon import Daemon, daemon
from tests.peers.jack_recorder import PORT
from tests.peers.jackd import JackServer
from tests.peers.notes import compare, notes_of
from tests.peers.program import Program, run_to_its_end

pytestmark = pytest.mark.jack
TAKES = 3


def record(playing: Daemon, heard: Path, server: JackServer) -> None:
    """Record all that the daemon plays into ``heard``."""
    environment = {**playing.environment, **server.environment}
    with Program([sys.executable, "-m", "tests.peers.jack_recorder", heard], environment) as recorder:
        recorder.wait_for_line("RECORDING")
        with Program(playing.command, environment) as program:
            server.connect(server.wait_for_port("MusicRNN:"), PORT)
            run_to_its_end(program, playing.start, 120)
        recorder.stop()
        recorder.wait_for_line("WROTE")


def check_note_for_note(model: str | Path, folder: Path) -> None:
    """Play a model through JACK and compare the recorder's file with the daemon's.

    A server that loses time loses messages: a take in which it did, and notes are missing, is made again.
    """
    for number in range(TAKES):
        (folder / str(number)).mkdir()
        playing, heard = daemon(folder / str(number), model, "jack"), folder / str(number) / "heard.mid"
        with JackServer() as server:
            record(playing, heard, server)
        comparison = compare(notes_of(playing.recording), notes_of(heard))
        xruns = json.loads(heard.with_suffix(".json").read_text())["xruns"]
        print(comparison, xruns, "xruns")
        if not (comparison.differences and xruns):
            break
    assert comparison.notes > 16
    assert comparison.differences == ()
    assert comparison.start_error_worst <= server.period_seconds


@pytest.mark.train
def test_a_model_trained_here_plays_what_it_records_note_for_note(trained_model: Path, tmp_path: Path) -> None:
    """MIDI files are trained on, exported, played, and heard by another program within one period."""
    check_note_for_note(trained_model, tmp_path)


def test_the_bundled_model_plays_what_it_records_note_for_note(tmp_path: Path) -> None:
    """The same without anything of training installed."""
    check_note_for_note("chorales", tmp_path)
