"""What a model may be called, and what is said where there is none of that name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from musicrnn.errors import ModelError, RunFolderError
from musicrnn.models import catalogue
from musicrnn.models.catalogue import FILE_IN_RUN, find_model, near_run
from musicrnn.trainer.run_folder import RunFolder


def test_a_run_that_is_named_without_its_date_is_asked_after(tmp_path: Path) -> None:
    """The newest of that name which has a model; not one of another name, and not one that was not finished."""
    for name in ("mine-20260101-120000", "mine-20260301-120000", "mine-20260401-120000", "other-20260501-120000"):
        (tmp_path / name).mkdir()
    for name in ("mine-20260101-120000", "mine-20260301-120000", "other-20260501-120000"):
        (tmp_path / name / FILE_IN_RUN).touch()
    with pytest.raises(ModelError, match=re.escape(f"none; did you mean {tmp_path}/mine-20260301-120000?")):
        find_model(str(tmp_path / "mine"))
    with pytest.raises(ModelError, match=r"there is none$"):
        find_model(str(tmp_path / "nothing"))


@pytest.mark.parametrize(("name", "meant"), [("DRUMS", "drums"), ("Chorale", "chorales"), ("mysongs", "MySongs")])
def test_a_model_is_asked_after_whatever_the_case(
    name: str, meant: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its name as it is written."""
    (tmp_path / "MySongs.onnx").touch()
    monkeypatch.setattr(catalogue, "models_folder", lambda: tmp_path)
    with pytest.raises(ModelError, match=f"did you mean .*{meant}"):
        find_model(name)


def test_a_run_is_asked_after_by_its_bare_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the folder where trainings leave them; to go on with one it need not be finished."""
    monkeypatch.chdir(tmp_path)
    for name in ("mine-20260101-120000", "mine-20260301-120000"):
        Path("runs", name, "checkpoints").mkdir(parents=True)
    Path("runs", "mine-20260101-120000", FILE_IN_RUN).touch()
    with pytest.raises(ModelError, match=r"got 'mine'; did you mean runs/mine-20260101-120000\?$"):
        find_model("mine")
    with pytest.raises(RunFolderError, match=r"^mine: .*; did you mean runs/mine-20260301-120000\?$"):
        RunFolder(Path("mine")).reopen()


def test_beside_a_path_that_cannot_be_looked_at_there_is_no_run() -> None:
    """The name of its folder is longer than any can be."""
    assert near_run(Path("a" * 300, "drums")) == ""


@pytest.mark.parametrize("name", ["*/[a", "none/**/x.onnx", "runs/" + "a" * 300])
def test_a_name_is_no_pattern(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is looked for as it stands."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelError, match=r"there is none$"):
        find_model(name)
