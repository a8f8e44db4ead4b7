"""`musicrnn evaluate`, as it is typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from musicrnn import cli

QUICK = ["evaluate", "untrained", "--pieces", "2", "--most-bars", "1"]


def test_without_a_corpus_tables_are_printed_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    """No progress where no terminal is."""
    assert cli.main(QUICK) == 0
    output = capsys.readouterr()
    assert output.out.startswith("untrained: 2 pieces at mu 1, sigma 0, seed 1 and on")
    assert "notes a beat" in output.out
    assert output.err == ""


def test_json_is_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    """With the choice that was asked for."""
    assert cli.main([*QUICK, "--json", "--mu", "1.5", "--seed", "3"]) == 0
    values = json.loads(capsys.readouterr().out)
    assert (values["model"], values["choice"]["mu"], values["choice"]["seed"]) == ("untrained", 1.5, 3)


def test_the_span_of_a_draw_is_told_where_it_is_not_a_tick(capsys: pytest.CaptureFixture[str]) -> None:
    """As density and memory are."""
    assert cli.main([*QUICK, "--exponent-span", "run", "--density", "1"]) == 0
    assert "at mu 1, sigma 0, a draw a run, density 1, seed 1 and on" in capsys.readouterr().out


def test_folders_are_named_bare_or_as_a_corpus(capsys: pytest.CaptureFixture[str]) -> None:
    """Both come together, in this order."""
    assert cli.main(["evaluate", "untrained", "a", "--corpus", "b", "--corpus", "c", "--show-config"]) == 0
    assert 'folders = ["a", "b", "c"]' in capsys.readouterr().out


def test_a_folder_hides_no_model_of_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither the one that is played by that name nor, by settings of its own, how it is measured."""
    (tmp_path / "untrained").mkdir()
    (tmp_path / "untrained" / "settings.toml").write_text('[corpus]\nfolders = ["music"]\n', encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert cli.main(QUICK) == 0
    assert capsys.readouterr().out.startswith("untrained: 2 pieces at mu 1, sigma 0, seed 1 and on, beside nothing")
    assert cli.main(["evaluate", "./untrained", "--show-config"]) == 0
    assert 'folders = ["music"]' in capsys.readouterr().out


@pytest.mark.parametrize("verb", ["evaluate", "card"])
def test_a_run_folder_brings_its_own_settings(verb: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The corpus is known, and how it was read."""
    (tmp_path / "settings.toml").write_text('[corpus]\nfolders = ["music"]\nticks_per_beat = 4\n', encoding="utf-8")
    assert cli.main([verb, str(tmp_path), "--show-config"]) == 0
    text = capsys.readouterr().out
    assert 'folders = ["music"]' in text
    assert "ticks_per_beat = 4" in text


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (["no-such-model"], 65, "a model must be one of"),
        (["untrained", "--corpus", "no-such-folder"], 65, "no-such-folder"),
        ([""], 78, "MODEL must be a bundled model, a model file or a run's folder, got ''"),
        (["untrained", "--corpus", ""], 78, "folders[0] must be a path, got ''"),
        (["untrained", "--pieces", "1"], 78, "--pieces must be a whole number in 2..10000 pieces, got 1"),
        (["untrained", "--sweep", "x.png"], 78, "corpus.folders must name the folders that the model learnt from"),
        (["untrained", "--page", "none/page"], 78, "evaluate.page must go into a folder that is there"),
        (
            ["untrained", "a", "--sweep", "x.png", "--page", "y"],
            78,
            "evaluate.sweep, which is made instead, must not be given with evaluate.page, got y beside x.png",
        ),
        (["untrained", "a", "--sweep", "x.png", "--json"], 78, "must not be given with --json, got both"),
        (["untrained", "--sweep-mu", "1"], 78, "--sweep-mu must be given with --sweep, got none"),
        (["untrained", "--sweep-sigma", "1", "--page", "y"], 78, "--sweep-sigma must be given with --sweep"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    words: list[str], status: int, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """On standard error, with a status that says whose mistake it is."""
    monkeypatch.chdir(tmp_path)
    assert cli.main(["evaluate", *words]) == status
    error = capsys.readouterr().err
    assert error.startswith("musicrnn: error: ")
    assert message in error
    assert error.count("\n") == 1
