"""Models good and bad that take over while the daemon plays to a real JACK server: nothing hangs, nothing breaks off.

MUSICRNN_LONG=1 in the environment makes it a hundred of them.
"""

from __future__ import annotations

import itertools
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from musicrnn.daemon.osc_packets import message_bytes, messages
from tests.daemon.test_program import Stage, still_down
from tests.models.model_files import SMALL, SMALL_INT8
from tests.models.wrong_models import wrong_contents
from tests.peers.jack_recorder import PORT
from tests.peers.jackd import JackServer
from tests.peers.program import Program, wait_until
from tests.reliability.stage import LONG, report_changes

pytestmark = pytest.mark.jack
SWAPS = 100 if LONG else 5
SECONDS = 120.0
GOOD = {"small": SMALL, "eighths": SMALL_INT8}


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """Give a folder with models, good and wrong, and a JACK server of the test's own."""
    models = tmp_path / "musicrnn" / "models"
    models.mkdir(parents=True)
    for name, path in GOOD.items():
        (models / f"{name}.onnx").write_bytes(path.read_bytes())
    for number, content in enumerate(wrong_contents().values()):
        (models / f"wrong-{number}.onnx").write_bytes(content)
    with JackServer() as server:
        yield Stage(tmp_path, server)


def send(port: str, *words: str) -> None:
    """Send an OSC message by another program."""
    with Program(["oscsend", "127.0.0.1", port, *words]) as sender:
        assert sender.wait(10) == 0


def swapped(stage: Stage) -> list[object]:
    """Return the names of the models that took over so far."""
    return [entry["name"] for entry in stage.log() if entry["do"] == "model"]


def musicrnn(stage: Stage, *words: str | Path) -> Program:
    """Return the program itself, in the stage's own folders."""
    return Program([sys.executable, "-m", "musicrnn", *words], stage.environment)


def test_models_take_over_and_wrong_ones_do_not(stage: Stage) -> None:
    """The receiver hears each note end, and the log of it all makes the very same MIDI file again."""
    good, wrong = itertools.cycle(GOOD), itertools.cycle(range(len(wrong_contents())))
    wanted: list[object] = []
    with stage.recorder() as recorder:
        recorder.wait_for_line("RECORDING")
        words = ["--midi-api", "jack", "--osc-port", "0", "--model", "small", "--no-autostart", "--tempo", "400"]
        with musicrnn(stage, "daemon", *words) as playing:
            port = playing.wait_for_line("OSC").split()[-1]
            stage.server.connect(stage.server.wait_for_port("MusicRNN:"), PORT)
            send(port, "/musicrnn/start")
            for number in range(SWAPS):
                if number % 2:
                    send(port, "/musicrnn/model", "s", f"wrong-{next(wrong)}")
                wanted.append(next(good))
                send(port, "/musicrnn/model", "s", str(wanted[-1]))
                wait_until(lambda: swapped(stage) == wanted, SECONDS, f"{wanted[-1]} to play")
            playing.send_signal(signal.SIGTERM)
            assert playing.wait(20) == 0
        recorder.stop()
        recorder.wait_for_line("WROTE")
    left_out = sum(int(str(entry["to"])) - int(str(entry["tick"])) for entry in stage.log() if entry["do"] == "skip")
    report_changes(len(wanted), SWAPS // 2, left_out)
    assert left_out == 0 or not LONG, "on a machine that does nothing else no tick must be left out"
    assert still_down(stage.heard()) == set()
    assert any(message[0] & 0xF0 == 0x90 for message in stage.heard())
    (recording,) = stage.folder.glob("musicrnn/**/*.mid")
    again = stage.folder / "again.mid"
    with musicrnn(stage, "sample", "--replay", recording.with_suffix(".jsonl"), "--output", again) as replaying:
        assert replaying.wait(SECONDS) == 0, replaying.printed
    assert again.read_bytes() == recording.read_bytes()


def test_wrong_models_leave_the_old_one_playing(stage: Stage) -> None:
    """One after the other, each with its refusal; the status says why."""
    count = len(wrong_contents()) if SWAPS > 5 else 3
    with musicrnn(stage, "daemon", "--midi-api", "jack", "--osc-port", "0", "--model", "small") as playing:
        port = playing.wait_for_line("OSC").split()[-1]
        playing.wait_for_line("Ctrl-C")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(SECONDS)
            for number in range(count):
                client.sendto(message_bytes("/musicrnn/model", f"wrong-{number}"), ("127.0.0.1", int(port)))
                (refusal,) = messages(client.recv(65536), 65536)
                assert refusal.address == "/musicrnn/error"
                assert str(refusal.values[0]).startswith(f"model wrong-{number}: ")
        playing.send_signal(signal.SIGTERM)
        assert playing.wait(20) == 0
    assert swapped(stage) == []
    assert stage.log()[-1]["do"] == "end"
