"""On JACK every note of the daemon is at its own frame, whatever the period."""

from __future__ import annotations

import contextlib
import json
import sys
from dataclasses import dataclass
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
HOG = "while True: pass"
TICKS = [8 * note for note in range(2 * BARS)]  # and a note on every eighth tick


MOST_STILL_SECONDS = 0.005
TRIES = 3


@dataclass(frozen=True, slots=True)
class Heard:
    """The frame of each note-on of the first part, the xruns, and how long the server's own clock stood still."""

    places: list[int]
    xruns: int
    still_seconds: float


@pytest.mark.parametrize("busy", [False, True], ids=["idle", "busy"])
@pytest.mark.parametrize("period", [256, 1024])
def test_every_note_is_within_a_frame_of_its_place(tmp_path: Path, period: int, busy: bool) -> None:
    """Sixteen bars: none is lost, and none is off the grid by more than one frame, with or without a busy core."""
    for run in range(times(1, 10)):
        heard = heard_in(tmp_path / str(run), period, busy)
        assert len(heard.places) == len(TICKS)
        errors = [place - tick * TICK_FRAMES for place, tick in zip(heard.places, TICKS, strict=True)]
        middle = (min(errors) + max(errors)) / 2
        worst = max(abs(error - middle) for error in errors)
        what = f"16 bars at a period of {period}{', a core busy' if busy else ''}, {heard.xruns} xruns"
        report_frames(what, len(errors), worst)
        assert worst <= 1.0, f"{errors} ({heard})"


def heard_in(folder: Path, period: int, busy: bool) -> Heard:
    """Play until a run has no hole in it: where the machine stops the server, its frames have no grid."""
    for attempt in range(TRIES):
        (folder / str(attempt)).mkdir(parents=True)
        with Program([sys.executable, "-c", HOG]) if busy else contextlib.nullcontext():
            heard = recorded(folder / str(attempt), period)
        if heard.still_seconds <= MOST_STILL_SECONDS:
            return heard
        print(f"the server stood still for {heard.still_seconds * 1000:.1f} ms: played again")
    raise AssertionError(f"the server must run through one of {TRIES} runs, and this machine stopped it in each")


def recorded(folder: Path, period: int) -> Heard:
    """Play once, to an independent recorder."""
    with JackServer(period) as server:
        stage = Stage(folder, server)
        recorder = Program([sys.executable, "-m", "tests.peers.jack_recorder", folder / "heard"], stage.environment)
        with recorder:
            recorder.wait_for_line("RECORDING")
            play(stage)
            recorder.stop()
            recorder.wait_for_line("WROTE")
    heard = json.loads((folder / "heard.json").read_text())
    places = [event["frame"] for event in heard["events"] if event["hex"].startswith("90")]
    starts = [seconds - frame / SAMPLE_RATE for frame, seconds in heard["clock"]]
    return Heard(places, heard["xruns"], max(starts) - min(starts))


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
