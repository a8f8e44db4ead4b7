"""The terminal UI for real: in tmux, against a real daemon, driven by keys."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import NOTHING_MAY_BE_MISSING
from tests.peers.program import Program, wait_until
from tests.tui.terminal import Tmux

pytestmark = pytest.mark.skipif(
    shutil.which("tmux") is None and not NOTHING_MAY_BE_MISSING, reason="tmux is not installed"
)
KINDS = ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR")
MUSIC = ["--midi-api", "none", "--osc-port", "0", "--no-osc-query", "--seed", "1", "--lookahead", "8"]


def surroundings(folder: Path) -> dict[str, str]:
    """Return the environment of a program that finds no settings and leaves nothing behind."""
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH", "LANG") if name in os.environ}
    return {"LANG": "C.UTF-8", **kept, **{kind: str(folder) for kind in KINDS}}


def test_the_ui_is_watched_and_steered_in_a_terminal(tmp_path: Path) -> None:
    """It shows the music, obeys keys, and when it goes the daemon plays on."""
    environment = surroundings(tmp_path)
    with Program([sys.executable, "-m", "musicrnn", "daemon", *MUSIC, "--no-recording"], environment) as daemon:
        found = re.search(r"port (\d+)", daemon.wait_for_line("OSC "))
        assert found is not None
        command = [sys.executable, "-m", "musicrnn", "tui", "--osc-port", found[1]]
        with Tmux(command, tmp_path, (100, 30), environment) as terminal:
            terminal.wait_for("playing")
            terminal.wait_for("soprano:")
            terminal.press("Right")
            terminal.wait_for("1.05")
            terminal.press("u")
            terminal.wait_for("taken back: mu")
            terminal.press("Down", "0", ".", "5", "Enter")
            terminal.wait_for("sigma 0.5")
            terminal.press("m")
            terminal.wait_for("soprano[M]")
            terminal.press("p")
            terminal.wait_for("everything is silenced")
            terminal.press("Space")
            terminal.wait_for("■ stopped")
            terminal.press("Space")
            terminal.wait_for("▶ playing")
            terminal.press("?")
            terminal.wait_for("MusicRNN: keys")
            terminal.press("q")  # closes the help; escape and a letter at once would be alt and that letter
            wait_until(lambda: "MusicRNN: keys" not in terminal.screen(), 30, "the end of the help")
            terminal.press("q")
            assert terminal.status() == 0
        assert daemon.running


def test_the_music_outlives_its_ui_which_is_killed(tmp_path: Path) -> None:
    """`musicrnn-daemon --tui`: the UI gone, Ctrl-C ends the music with its recording."""
    environment = surroundings(tmp_path)
    command = [sys.executable, "-m", "musicrnn", "daemon", "--tui", *MUSIC, "--record", str(tmp_path / "kept.mid")]
    with Tmux(command, tmp_path, (80, 24), environment) as terminal:
        terminal.wait_for("soprano:")
        ((both, _),) = children(terminal.pid)
        (ui,) = [pid for pid, words in children(both) if "--asks" in words]
        os.kill(ui, signal.SIGKILL)
        terminal.wait_for("The music goes on")
        assert [words for _, words in children(both) if "daemon" in words]
        terminal.press("C-c")
        terminal.wait_for("Recorded")
        assert terminal.status() == 0
    assert (tmp_path / "kept.mid").read_bytes().startswith(b"MThd")


def test_quitting_the_ui_ends_the_music_that_was_started_with_it(tmp_path: Path) -> None:
    """After it was asked; what the daemon said is there to be read."""
    environment = surroundings(tmp_path)
    command = [sys.executable, "-m", "musicrnn", "daemon", "--tui", *MUSIC, "--record", str(tmp_path / "kept.mid")]
    with Tmux(command, tmp_path, (80, 24), environment) as terminal:
        terminal.wait_for("soprano:")
        terminal.press("q")
        terminal.wait_for("end the music")
        terminal.press("Enter")
        terminal.wait_for("Recorded")
        assert terminal.status() == 0
    assert (tmp_path / "kept.mid").read_bytes().startswith(b"MThd")


def test_a_ui_goes_when_the_music_that_was_started_with_it_ends(tmp_path: Path) -> None:
    """After the bars that were asked for."""
    environment = surroundings(tmp_path)
    flags = [*MUSIC, "--no-recording", "--bars", "16", "--tempo", "240"]
    command = [sys.executable, "-m", "musicrnn", "daemon", "--tui", *flags]
    with Tmux(command, tmp_path, (80, 24), environment) as terminal:
        terminal.wait_for("soprano")
        assert terminal.status() == 0


def test_without_osc_there_is_no_ui_and_the_reason_is_said(tmp_path: Path) -> None:
    """The daemon ends again."""
    environment = surroundings(tmp_path)
    flags = ["--midi-api", "none", "--no-osc", "--no-recording"]
    command = [sys.executable, "-m", "musicrnn", "daemon", "--tui", *flags]
    ours, theirs = os.openpty()
    answer = subprocess.run(command, env=environment, stdin=theirs, stderr=theirs, check=False, timeout=60)
    os.close(theirs)
    printed = os.read(ours, 65_536).decode()
    os.close(ours)
    assert answer.returncode == 69
    assert "--tui must have OSC" in printed


def children(pid: int) -> list[tuple[int, list[str]]]:
    """Return the processes that a process has started, with their words."""
    wait_until(Path(f"/proc/{pid}").exists, 5, "the process")
    found = []
    for entry in Path("/proc").iterdir():
        try:
            parent = int((entry / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1])
            words = (entry / "cmdline").read_text(encoding="utf-8").split("\0")
        except (OSError, ValueError):
            continue
        if parent == pid:
            found.append((int(entry.name), words))
    return found
