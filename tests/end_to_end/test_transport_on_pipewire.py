"""The daemon on the JACK transport of PipeWire, which is what most desktops have in JACK's place."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from pathlib import Path

import pytest

from tests.end_to_end.test_clock import command
from tests.end_to_end.test_jack_transport import MOST_FRAMES, Take, check, conduct
from tests.peers import jack_recorder
from tests.peers.jack_tempo import TempoRamp
from tests.peers.jackd import SAMPLE_RATE
from tests.peers.pipewire import PipeWire
from tests.peers.program import Program

pytestmark = pytest.mark.daw


def test_every_note_is_on_the_beat_of_pipewires_transport(tmp_path: Path) -> None:
    """At our own tempo of 90 bpm; stopped, moved while it stands and while it rolls."""
    words, own, _ = command(tmp_path, "--clock", "jack", "--tempo", 90)
    heard = tmp_path / "heard.mid"
    with PipeWire(1024) as server, contextlib.ExitStack() as stack:
        environment = {**own, **server.environment}

        def start(*words: str | Path) -> Program:
            return stack.enter_context(Program(words, environment))

        recorder = start(sys.executable, "-m", "tests.peers.jack_recorder", heard)
        recorder.wait_for_line("RECORDING")
        daemon = start(*words)
        daemon.wait_for_line("Ctrl-C stops")
        connecting = ["jack_connect", "MusicRNN:out", jack_recorder.PORT]
        subprocess.run(["env", *(f"{name}={value}" for name, value in environment.items()), *connecting], check=True)
        orders = [("play", 5.0), ("stop", 0.5), (f"locate {5 * SAMPLE_RATE // 2}", 0.5), ("play", 5.0)]
        conduct(start("jack_transport"), [*orders, ("locate 0", 4.0)])
        daemon.stop()
        recorder.stop()
        recorder.wait_for_line("WROTE")
    take = Take.read(heard)
    check(take, TempoRamp(90, 90, 0, 1))
    assert len(take.rolls()) == 3
    assert abs(take.notes[0][0] - take.rolls()[0][0]["start"]) <= MOST_FRAMES
