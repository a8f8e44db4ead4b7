"""On JACK every note of the daemon is at its own frame, whatever the period."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.peers.jack_recorder import PORT
from tests.peers.jackd import SAMPLE_RATE, JackServer
from tests.peers.program import Program
from tests.reliability.stage import LONG, Stage, report_frames, times

pytestmark = [pytest.mark.jack, pytest.mark.skipif(not LONG, reason="frames are measured by make test-reliability")]
BARS = 16
TEMPO = 300
TICK_FRAMES = 60 * SAMPLE_RATE // (TEMPO * 4)  # the script has four ticks a beat
TICKS = [8 * note for note in range(2 * BARS)]  # and a note on every eighth tick


@pytest.mark.parametrize("period", [256, 1024])
def test_every_note_is_within_a_frame_of_its_place(tmp_path: Path, period: int) -> None:
    """Sixteen bars: none is lost, and none is off the grid by more than one frame."""
    for run in range(times(1, 10)):
        folder = tmp_path / str(run)
        folder.mkdir()
        places, xruns = onsets(folder, period)
        assert len(places) == len(TICKS)
        errors = [place - tick * TICK_FRAMES for place, tick in zip(places, TICKS, strict=True)]
        middle = (min(errors) + max(errors)) / 2
        worst = max(abs(error - middle) for error in errors)
        report_frames(f"16 bars at a period of {period}, {xruns} xruns", len(errors), worst)
        assert worst <= 1.0, f"{errors} ({xruns} xruns)"


def onsets(folder: Path, period: int) -> tuple[list[int], int]:
    """Return the frame of each note-on of the first part, as an independent recorder stamped it, and the xruns."""
    with JackServer(period) as server:
        stage = Stage(folder, server)
        recorder = Program([sys.executable, "-m", "tests.peers.jack_recorder", folder / "heard"], stage.environment)
        with recorder:
            recorder.wait_for_line("RECORDING")
            play(stage)
            recorder.stop()
            recorder.wait_for_line("WROTE")
    heard = json.loads((folder / "heard.json").read_text())
    return [event["frame"] for event in heard["events"] if event["hex"].startswith("90")], heard["xruns"]


def play(stage: Stage) -> None:
    """Let a daemon that waits for a start play to the recorder, to its end."""
    with stage.daemon(
        "--osc", "--osc-port", "0", "--no-autostart", "--tempo", str(TEMPO), "--bars", str(BARS)
    ) as daemon:
        port = daemon.wait_for_line("OSC").split()[-1]
        stage.connect(PORT)
        with Program(["oscsend", "127.0.0.1", port, "/musicrnn/start"]) as sender:
            assert sender.wait(10) == 0
        assert daemon.wait(60) == 0
