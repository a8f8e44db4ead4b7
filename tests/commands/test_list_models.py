"""`--list-models`: one file that cannot be used does not hide the others."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from musicrnn import cli
from musicrnn.commands.list_models import row
from musicrnn.models.model_file import read_info
from tests.commands.test_doctor import SMALL


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder of own models, with a good one in it."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    folder = tmp_path / "musicrnn" / "models"
    folder.mkdir(parents=True)
    shutil.copy(SMALL, folder / "mine.onnx")
    return folder


def listed(capsys: pytest.CaptureFixture[str]) -> tuple[set[str], list[str]]:
    """Return the names that are listed, and the lines on standard error; the listing works whatever lies there."""
    assert cli.main(["sample", "--list-models"]) == 0
    said = capsys.readouterr()
    return {line.split()[0] for line in said.out.splitlines() if line.strip()}, said.err.splitlines()


def test_a_file_that_is_no_model_is_named_with_its_reason(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each on its own line, and the good ones are listed."""
    (folder / "bad.onnx").write_bytes(b"bad")
    (folder / "cut.onnx").write_bytes(SMALL.read_bytes()[:-1])
    names, told = listed(capsys)
    assert {"chorales", "songs", "drums", "mine", "untrained"} <= names
    assert not {"bad", "cut"} & names
    assert (
        told[0]
        == f"musicrnn: not listed: {folder}/bad.onnx: a model must end with MusicRNN's seal, got 3 bytes without"
    )
    assert told[1].startswith(f"musicrnn: not listed: {folder}/cut.onnx: ")
    assert len(told) == 2


def test_a_name_that_no_message_can_have_is_not_listed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As `/musicrnn/models` leaves it out; here the reason is told."""
    shutil.copy(SMALL, folder / "my own.onnx")
    names, told = listed(capsys)
    assert "my" not in names
    rule = "a model's name must be 1 to 64 letters, digits, - and _, got 'my own'"
    assert told == [f"musicrnn: not listed: {folder}/my own.onnx: {rule}"]


@pytest.mark.parametrize("name", ["chorales", "untrained"])
def test_a_name_that_is_taken_is_told(name: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The model that comes with MusicRNN is the one that plays."""
    shutil.copy(SMALL, folder / f"{name}.onnx")
    _, told = listed(capsys)
    rule = f"a model's name must not be that of a model that comes with MusicRNN, got {name}"
    assert told == [f"musicrnn: not listed: {folder}/{name}.onnx: {rule}"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
def test_a_pipe_is_not_waited_for(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody ever writes to it."""
    os.mkfifo(folder / "pipe.onnx")
    names, told = listed(capsys)
    assert "mine" in names
    assert told == [
        f"musicrnn: not listed: {folder}/pipe.onnx: the model must be a file that can be read, and it is none"
    ]


@pytest.mark.parametrize(
    ("figures", "shown"),
    [
        ({"test_nats_a_tick": 1.234, "valid_nats_a_tick": 2.0}, "1.23"),
        ({"valid_nats_a_tick": 2.0}, "2.00 (validation)"),
        ({"train_nats_a_token": 2.0}, "-"),
    ],
)
def test_a_figure_of_validation_is_called_one(figures: dict[str, float], shown: str) -> None:
    """It is no match for another model's figure of the test."""
    assert row(replace(read_info(SMALL), figures=figures), 0)[-1] == shown
