"""The user's folders are where the system keeps such things."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from musicrnn.config import folders


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="these systems have habits of their own")
def test_folders_lie_in_the_home_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    """The defaults of the XDG specification."""
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", "/home/ada")
    assert folders.user_settings_file() == Path("/home/ada/.config/musicrnn/musicrnn.toml")
    assert folders.recordings_folder() == Path("/home/ada/.local/share/musicrnn/recordings")
    assert folders.models_folder() == Path("/home/ada/.local/share/musicrnn/models")
    assert folders.cache_folder() == Path("/home/ada/.cache/musicrnn")


def test_the_environment_can_place_them_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On every system, so that tests and containers can."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert folders.data_folder() == tmp_path / "musicrnn"


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="these systems have habits of their own")
def test_a_relative_place_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the specification asks."""
    monkeypatch.setenv("XDG_CACHE_HOME", "here")
    monkeypatch.setenv("HOME", "/home/ada")
    assert folders.cache_folder() == Path("/home/ada/.cache/musicrnn")
