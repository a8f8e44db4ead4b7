"""One daemon a port."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from musicrnn.daemon.instance import Instance, runtime_folder
from musicrnn.errors import PortError


def test_a_name_is_taken_once_and_given_back(tmp_path: Path) -> None:
    """The second is told who has it."""
    first = Instance("MusicRNN", tmp_path)
    with pytest.raises(PortError, match=rf"process {os.getpid()}\)"):
        Instance("MusicRNN", tmp_path)
    first.release()
    Instance("MusicRNN", tmp_path).release()


def test_the_second_is_told_who_has_it_on_windows_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """There a byte beyond the number is locked, and looked for first."""
    (tmp_path / "musicrnn-musicrnn.lock").write_text("4711\n", encoding="ascii")

    def refuse(*_: int) -> None:
        raise PermissionError

    monkeypatch.setitem(sys.modules, "msvcrt", SimpleNamespace(locking=refuse, LK_NBLCK=2))
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(PortError, match=r"process 4711\)"):
        Instance("MusicRNN", tmp_path)


def test_other_names_are_free(tmp_path: Path) -> None:
    """Whatever characters they have."""
    names = ("MusicRNN", "Second", "../../etc/passwd", "Größe")
    held = [Instance(name, tmp_path) for name in names]
    assert all(one.path.parent == tmp_path for one in held)
    for one in held:
        one.release()


def test_a_lock_of_a_program_that_crashed_is_no_lock(tmp_path: Path) -> None:
    """The file is left behind, the lock is not."""
    first = Instance("MusicRNN", tmp_path)
    first.path.with_suffix(".copy").write_bytes(first.path.read_bytes())
    first.release()
    second = Instance("MusicRNN", tmp_path)
    assert second.path.read_text() == f"{os.getpid()}\n"
    second.release()


def test_a_folder_that_is_not_there_is_made(tmp_path: Path) -> None:
    """As on a machine without a session manager."""
    folder = tmp_path / "deep" / "er"
    first = Instance("MusicRNN", folder)
    assert first.path.parent == folder
    assert first.path.is_file()
    first.release()


def test_the_folder_is_the_sessions(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Or a folder of the user's own in the system's temporary one."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    assert runtime_folder() == tmp_path
    monkeypatch.setenv("XDG_RUNTIME_DIR", "relative")
    assert "musicrnn-" in runtime_folder().name
