"""Models of 13 and 51 MB that take over while the daemon plays to a real JACK server make no note late."""

from __future__ import annotations

import itertools
import json
import socket
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from musicrnn.daemon.osc_packets import message_bytes, messages
from musicrnn.models.metadata import ModelInfo
from musicrnn.models.step_file import step_file
from musicrnn.models.untrained import random_weights
from tests.models.model_files import SMALL, info_of
from tests.peers.jack_recorder import PORT
from tests.peers.jackd import SAMPLE_RATE, JackServer
from tests.peers.program import Program, wait_until
from tests.reliability.stage import LONG, Stage, report_changes_to_big, times

pytestmark = [pytest.mark.jack, pytest.mark.skipif(not LONG, reason="lateness is measured by make test-reliability")]
UNITS = {"wide": 512, "huge": 1024}
LAYERS, EMBEDDING = 2, 64
TEMPO = 60
SECONDS = 120.0
MOST_FRAMES = SAMPLE_RATE // 1000
MOST_STOOD_SECONDS, SETTLED_FRAMES = 0.0005, SAMPLE_RATE


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """Give a folder with a small model, one of 13 and one of 51 MB of random weights, and a server."""
    models = tmp_path / "musicrnn" / "models"
    models.mkdir(parents=True)
    (models / "small.onnx").write_bytes(SMALL.read_bytes())
    vocabulary = info_of().vocabulary
    for name, units in UNITS.items():
        weights = random_weights(vocabulary, LAYERS, units, EMBEDDING)
        content = step_file(weights, ModelInfo(name, vocabulary, LAYERS, units), "float32")
        (models / f"{name}.onnx").write_bytes(content)
    with JackServer(256) as server:
        yield Stage(tmp_path, server)


class Desk:
    """The daemon's OSC port, from outside."""

    def __init__(self, port: int) -> None:
        self._address = ("127.0.0.1", port)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.settimeout(10.0)

    def send(self, address: str, *values: str) -> None:
        """Send a message."""
        self._socket.sendto(message_bytes(address, *values), self._address)

    def status(self, name: str) -> tuple[object, ...]:
        """Return what the status says of one thing; a refusal that came before it fails the test."""
        self.send("/musicrnn/status")
        answers = {answer.address: answer.values for answer in messages(self._socket.recv(65536), 65536)}
        assert "/musicrnn/error" not in answers, answers
        return tuple(answers[f"/musicrnn/status/{name}"])

    def close(self) -> None:
        """Close it."""
        self._socket.close()


def test_big_models_make_no_note_late(stage: Stage) -> None:
    """From the small one to a big one and back, again and again: none is left out, and none is a millisecond off."""
    changes = times(2, 20)
    recorder = Program([sys.executable, "-m", "tests.peers.jack_recorder", stage.folder / "heard"], stage.environment)
    with recorder:
        recorder.wait_for_line("RECORDING")
        late, left = played(stage, changes)
        recorder.stop()
        recorder.wait_for_line("WROTE")
    worst = worst_step(stage.folder / "heard.json")
    report_changes_to_big(changes, worst, MOST_FRAMES)
    what = f"late, left out, failed {late}; messages late, dropped {left}; {worst:g} frames"
    assert late == (0, 0, 0), what
    assert left == (0, 0), what
    assert worst <= MOST_FRAMES, what


def played(stage: Stage, changes: int) -> tuple[tuple[object, ...], tuple[object, ...]]:
    """Play through the changes; return the ticks late, left out and failed, and the messages late and dropped."""
    words = ["--midi-api", "jack", "--osc-port", "0", "--model", "small", "--no-autostart", "--tempo", str(TEMPO)]
    with Program([sys.executable, "-m", "musicrnn", "daemon", *words], stage.environment) as playing:
        desk = Desk(int(playing.wait_for_line("OSC").split()[-1]))
        stage.server.connect(stage.server.wait_for_port("MusicRNN:"), PORT)
        desk.send("/musicrnn/start")
        wanted: list[object] = []
        for name in itertools.islice(itertools.cycle(("wide", "small", "huge", "small")), changes):
            wanted.append(name)
            desk.send("/musicrnn/model", name)
            wait_until(lambda: swapped(stage.folder) == wanted, SECONDS, f"{name} to play")
        found = desk.status("late"), desk.status("output")
        desk.close()
    return found


def swapped(folder: Path) -> list[object]:
    """Return the names of the models that took over so far, as the session's log has them."""
    lines = [line for path in folder.glob("**/*.jsonl") for line in path.read_text().splitlines()[1:]]
    entries = [json.loads(line) for line in lines if line.endswith("}")]
    return [entry["name"] for entry in entries if entry["do"] == "model"]


def worst_step(path: Path) -> float:
    """Return by how many frames the distance of two moments at which notes begin is, at worst, off whole ticks.

    Frames tell the time where the server counts them all: a distance in which, or just before which, it stood is none.
    Most must be distances.
    """
    heard = json.loads(path.read_text())
    moments = sorted({event["frame"] for event in heard["events"] if event["hex"].startswith("9")})
    tick = 60 * SAMPLE_RATE // (TEMPO * info_of().vocabulary.ticks_per_beat)
    pairs = list(pairwise(moments))
    starts = np.array([cycle["start"] for cycle in heard["cycles"]])
    late = np.array([cycle["seconds"] for cycle in heard["cycles"]]) - starts / SAMPLE_RATE
    soonest = np.minimum.accumulate(late[::-1])[::-1]  # of the cycles from each on: it goes up where the server stands

    def stood(since: int, until: int) -> float:
        first, last = np.searchsorted(starts, [since - SETTLED_FRAMES, until]).clip(0, len(starts) - 1)
        return float(soonest[last] - soonest[first])

    steps = [after - before for before, after in pairs if stood(before, after) < MOST_STOOD_SECONDS]
    print(f"the server stood in {len(pairs) - len(steps)} of {len(pairs)} steps, {heard['xruns']} xruns")
    assert len(steps) > max(20, len(pairs) / 2), "notes must have been played, and the server must have run"
    return float(max(min(step % tick, -step % tick) for step in steps))
