"""The commit of MusicRNN's own source, for what a card was made with."""

from __future__ import annotations

import subprocess
from pathlib import Path

_OWN = Path("src", "musicrnn", "trainer")


def commit_of(folder: Path) -> str:
    """Return the commit of the source tree whose `trainer` package a folder is, and whether it was changed.

    Empty where there is none: a package that is installed inside another's repository is no part of that.
    """
    top = _git(folder, "rev-parse", "--show-toplevel")
    if not top or (Path(top) / _OWN).resolve() != folder.resolve():
        return ""
    return _git(folder, "describe", "--always", "--dirty", "--abbrev=10", "--exclude=*")


def _git(folder: Path, *words: str) -> str:
    """Return what git says, empty where it says nothing or is not there."""
    try:
        done = subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
