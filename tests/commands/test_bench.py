"""`musicrnn bench`, as it is typed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from musicrnn import cli
from musicrnn.bench.progress import CLEAR

QUICK = ["bench", "untrained", "--seconds", "1", "--no-sizes"]


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the test no settings file and no JACK server."""
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setenv("JACK_DEFAULT_SERVER", "no-such-server")


def test_without_a_midi_system_it_measures_what_leaves_the_engine(capsys: pytest.CaptureFixture[str]) -> None:
    """A table on standard output, and nothing beside it where no terminal is."""
    assert cli.main([*QUICK, "--midi-api", "none"]) == 0
    output = capsys.readouterr()
    assert "one step, every 20 ms" in output.out
    assert "a note late, as it leaves the engine" in output.out
    assert "none was wanted (midi.api is none)" in output.out
    assert output.err == ""


def test_json_is_one_object_with_the_tempo_that_was_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    """480 bpm and 12 ticks a beat."""
    assert cli.main([*QUICK, "--midi-api", "none", "--tempo", "480", "--json"]) == 0
    values = json.loads(capsys.readouterr().out)
    assert values["model"]["name"] == "untrained"
    assert (values["tempo"], values["tick_ms"]) == (480.0, pytest.approx(10.4167))
    assert values["output"]["system"] is None
    assert values["output"]["lateness_ms"]["count"] == values["output"]["messages"] > 0
    assert values["sizes"] == []


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (["--seconds", "0"], 78, "--seconds must be a number in 1..3600 s, got 0.0"),
        (["--seconds", "soon"], 78, "--seconds must be a number in 1..3600 s, got 'soon'"),
        (["--tempo", "5"], 78, "--tempo must be"),
        (["--midi-api", "osx"], 78, "--midi-api must be"),
        (["--midi-api", "jack"], 69, "no MIDI port could be opened"),
        (["no-such-model"], 65, "a model must be one of"),
        (["no-such-file.onnx"], 65, "there is none"),
    ],
)
def test_what_cannot_be_is_refused_in_a_line(
    words: list[str], status: int, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the field, the rule and the value."""
    assert cli.main(["bench", *words]) == status
    output = capsys.readouterr()
    assert message in output.err
    assert output.err.count("\n") == 1
    assert output.out == ""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no pseudo-terminals")
def test_a_terminal_is_told_what_is_measured_and_ctrl_c_ends_it() -> None:
    """The line is taken away again, and the status is a shell's for an interrupt."""
    terminal, end = os.openpty()
    command = [sys.executable, "-m", "musicrnn", "bench", "untrained", "--midi-api", "none", "--seconds", "600"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=end) as bench:
        os.close(end)
        told = b""
        while b"playing untrained for 600 s" not in told:
            told += os.read(terminal, 1024)
        bench.send_signal(signal.SIGINT)
        printed, _ = bench.communicate(timeout=30)
        told += os.read(terminal, 1024)
    os.close(terminal)
    assert (bench.returncode, printed) == (cli.INTERRUPTED, b"")
    assert told == f"{CLEAR}playing untrained for 600 s …{CLEAR}".encode()
