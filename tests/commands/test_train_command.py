"""`musicrnn train`: what is refused before anything is loaded."""

from __future__ import annotations

from pathlib import Path

import pytest

from musicrnn.cli import run_verb


def train(*words: str) -> int:
    """Run the command."""
    return run_verb("train", words, "musicrnn-train")


def test_an_empty_path_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """It would be the folder of whoever calls."""
    assert train("") == 78
    assert capsys.readouterr().err == "musicrnn: error: folders[0] must be a path, got ''\n"


def test_a_name_that_no_run_may_have_is_refused_where_it_stands(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With file and line, as every other key; a flag with its own name."""
    file = tmp_path / "mine.toml"
    file.write_text('[training]\nepochs = 1\nname = "100% mine"\n', encoding="utf-8")
    rule = "must be 1 to 64 letters, digits, spaces, '.', '-' and '_', and begin with a letter or digit, got"
    assert train("music", "--config", str(file)) == 78
    assert capsys.readouterr().err == f"musicrnn: error: {file}:3: training.name {rule} '100% mine'\n"
    assert train("music", "--config", str(file), "--name", "a/b") == 78
    assert capsys.readouterr().err == f"musicrnn: error: --name {rule} 'a/b'\n"


def test_the_settings_shown_of_a_run_that_goes_on_are_its_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """But for what is asked for anew, with where each is from."""
    file = tmp_path / "settings.toml"
    file.write_text('[corpus]\nfolders = ["music"]\n[training]\nlanes = 7\nepochs = 4\n', encoding="utf-8")
    assert train("--resume", str(tmp_path), "--epochs", "9", "--show-config") == 0
    shown = capsys.readouterr().out.splitlines()
    assert f'folders = ["music"]  # {file}' in shown
    assert f"lanes = 7  # {file}" in shown
    assert "epochs = 9  # --epochs" in shown


def test_what_cannot_go_on_is_refused_where_settings_are_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As it will be without."""
    assert train("--resume", str(tmp_path), "--show-config") == 66
    assert "must be that of a run, with settings.toml in it" in capsys.readouterr().err
