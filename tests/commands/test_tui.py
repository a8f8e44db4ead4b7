"""The terminal UI is refused where there is no terminal, before anything plays."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize("words", [["tui"], ["daemon", "--tui", "--midi-api", "none"]])
def test_without_a_terminal_it_is_refused_in_a_line(words: list[str]) -> None:
    """Nothing is drawn into a pipe, and no music starts."""
    pipe = subprocess.PIPE
    done = subprocess.run(
        [sys.executable, "-m", "musicrnn", *words],
        stdin=pipe,
        stdout=pipe,
        stderr=pipe,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 69
    assert done.stdout == ""
    assert done.stderr == "musicrnn: error: the terminal UI must be started in a terminal, and standard input is none\n"
