"""Whose commit a card names."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from musicrnn.trainer.commit import commit_of

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not there")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Return the folder of a repository with one commit."""
    who = ("-c", "user.name=a", "-c", "user.email=a@b.example")
    for words in (["init"], [*who, "commit", "--allow-empty", "-m", "first"]):
        subprocess.run(["git", *words], cwd=tmp_path, check=True, capture_output=True)
    return tmp_path


def _made(*names: str | Path) -> Path:
    folder = Path(*names)
    folder.mkdir(parents=True)
    return folder


def test_the_source_trees_commit_is_named(repository: Path) -> None:
    """Ten digits of it, or as many as tell it from others."""
    folder = _made(repository, "src", "musicrnn", "trainer")
    assert len(commit_of(folder)) >= 10
    (folder / "new.py").touch()
    subprocess.run(["git", "add", "."], cwd=repository, check=True, capture_output=True)
    assert commit_of(folder).endswith("-dirty")


@pytest.mark.parametrize("place", [".venv/lib/python3/site-packages", "vendored/src"])
def test_the_commit_of_whoever_installed_it_is_not(repository: Path, place: str) -> None:
    """As in an environment that lies in the repository of one's own music."""
    assert commit_of(_made(repository, place, "musicrnn", "trainer")) == ""


def test_where_there_is_no_repository_there_is_no_commit(tmp_path: Path) -> None:
    """As in most installations."""
    assert commit_of(tmp_path) == ""
