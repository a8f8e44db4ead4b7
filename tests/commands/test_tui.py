"""The terminal UI is refused where there is no terminal, before anything plays, and where no daemon can be."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from musicrnn import cli


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


@pytest.mark.parametrize(
    ("words", "file", "label"),
    [(["--osc-port", "0"], "", "--osc-port"), ([], "[osc]\nport = 0\n", "own.toml: osc.port")],
)
def test_a_port_that_no_daemon_can_have_is_refused(
    words: list[str], file: str, label: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """0 lets a daemon take a free one, and is nowhere to look for it."""
    own = tmp_path / "own.toml"
    own.write_text(file, encoding="utf-8")
    assert cli.main(["tui", "--config", str(own), *words]) == 78
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith(f"{label} must be in 1..65535, the port that the daemon says it has, got 0")
