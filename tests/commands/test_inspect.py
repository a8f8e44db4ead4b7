"""`musicrnn inspect` and the lists of what can be named."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from musicrnn.cli import main
from musicrnn.models.catalogue import find_model
from musicrnn.models.model_file import load_checked


def test_what_is_in_a_model_file_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """Its network, its language, its parts and where it comes from, as the file itself says."""
    file = load_checked(find_model("chorales"))
    assert main(["inspect", str(find_model("chorales"))]) == 0
    shown = capsys.readouterr().out
    assert f"SHA-256      {hashlib.sha256(file.content).hexdigest()}" in shown  # as sha256sum prints
    assert f"seal         {file.content[-64:].decode()}" in shown
    assert f"LSTM, {file.info.layers} x {file.info.units} units, int8" in shown
    assert all(f"{part.name}: " in shown for part in file.info.vocabulary.parts)
    assert f"learnt from  source: {file.info.corpus['source']}" in shown
    assert len([line for line in shown.splitlines() if line.startswith("figure ")]) == len(file.info.figures)


def test_what_nobody_gave_has_no_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A licence and a source that are empty."""
    file = load_checked(find_model("chorales"))
    bare = replace(file, info=replace(file.info, licence="", corpus={"licence": "", "source": "", "pieces": 3}))
    monkeypatch.setattr("musicrnn.commands.inspect.load_checked", lambda _: bare)
    assert main(["inspect", "chorales"]) == 0
    shown = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["licence", "not", "given"] in shown
    assert [line for line in shown if line[0] == "learnt"] == [["learnt", "from", "pieces:", "3"]]


def test_it_is_shown_to_programs_as_a_line_of_json_a_model(capsys: pytest.CaptureFixture[str]) -> None:
    """The untrained one has no file."""
    assert main(["inspect", "--json", "drums", "untrained"]) == 0
    drums, untrained = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert drums["size"] == find_model("drums").stat().st_size
    assert drums["sha256"] == hashlib.sha256(find_model("drums").read_bytes()).hexdigest()
    assert drums["seal"].encode() == find_model("drums").read_bytes()[-64:]
    assert [part["name"] for part in drums["model"]["vocabulary"]["parts"]] == ["drums"]
    assert (untrained["file"], untrained["model"]["name"]) == ("", "untrained")


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_a_file_whose_name_is_no_text_is_shown(tmp_path: Path) -> None:
    """Also where standard output takes nothing but UTF-8, as in most languages' settings."""
    path = tmp_path / "m\udcff.onnx"
    shutil.copyfile(find_model("drums"), path)
    done = subprocess.run(
        [sys.executable, "-m", "musicrnn", "inspect", str(path)],
        capture_output=True, timeout=300, check=False, env=os.environ | {"PYTHONIOENCODING": "utf-8:strict"},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"m\\udcff.onnx (" in done.stdout


def test_what_is_no_model_is_refused_by_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With the exit status of a wrong model."""
    wrong = tmp_path / "wrong.onnx"
    wrong.write_bytes(b"no model")
    assert main(["inspect", str(wrong)]) == 65
    assert "wrong.onnx: a model must end with MusicRNN's seal" in capsys.readouterr().err


def test_ports_are_listed_and_where_there_are_none_it_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    """The list is for --port; without a MIDI system it is empty, and the status tells."""
    assert main(["daemon", "--list-ports", "--midi-api", "none"]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "midi.api is none" in printed.err
