"""The terminal UI for real: in tmux, against a real daemon, driven by keys."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import socket
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
AS_ON_WINDOWS = """
import signal
import subprocess
import sys
from musicrnn.cli import main

send = subprocess.Popen.send_signal

def send_signal(process, number):
    if number not in (signal.CTRL_BREAK_EVENT, signal.SIGTERM):
        raise ValueError(f"Unsupported signal: {number}")
    send(process, signal.SIGINT if number == signal.CTRL_BREAK_EVENT else number)

sys.modules["termios"] = None
signal.CTRL_BREAK_EVENT = 1
subprocess.Popen.send_signal = send_signal
sys.exit(main())
"""
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


@pytest.mark.parametrize("program", [("-m", "musicrnn"), ("-c", AS_ON_WINDOWS)], ids=["here", "as on Windows"])
def test_quitting_the_ui_ends_the_music_that_was_started_with_it(tmp_path: Path, program: tuple[str, str]) -> None:
    """After it was asked; what the daemon said is there to be read. Windows has no termios and no SIGINT to be sent."""
    environment = surroundings(tmp_path)
    command = [sys.executable, *program, "daemon", "--tui", *MUSIC, "--record", str(tmp_path / "kept.mid")]
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


def test_a_ui_goes_when_the_music_is_killed(tmp_path: Path) -> None:
    """It was told nothing; what happened is said, and is the status."""
    environment = surroundings(tmp_path)
    command = [sys.executable, "-m", "musicrnn", "daemon", "--tui", *MUSIC, "--no-recording"]
    with Tmux(command, tmp_path, (80, 24), environment) as terminal:
        terminal.wait_for("soprano:")
        ((both, _),) = children(terminal.pid)
        (daemon,) = [pid for pid, words in children(both) if "daemon" in words]
        os.kill(daemon, signal.SIGKILL)
        terminal.wait_for("The music has ended: its process was ended by signal 9")
        assert terminal.status() == 128 + 9


@pytest.mark.parametrize("how", ["killed", "terminal closed"])
def test_music_and_ui_end_with_what_they_were_started_from(tmp_path: Path, how: str) -> None:
    """The process that looks after both is killed under a shell that goes on, or all lose their terminal."""
    environment = surroundings(tmp_path)
    command = [sys.executable, "-m", "musicrnn", "daemon", "--tui", *MUSIC, "--record", str(tmp_path / "kept.mid")]
    with Tmux(["sh", "-c", '"$@"; exec cat', "sh", *command], tmp_path, (80, 24), environment) as terminal:
        terminal.wait_for("soprano:")
        ((shell, _),) = children(terminal.pid)
        ((both, _),) = children(shell)
        two = [pid for pid, _ in children(both)]
        assert len(two) == 2
        if how == "killed":
            os.kill(both, signal.SIGKILL)
            terminal.wait_for("the music ends with it")
        else:
            terminal.close()
        wait_until(lambda: not any(runs(pid) for pid in two), 30, "the end of the music and the UI")
    assert (tmp_path / "kept.mid").read_bytes().startswith(b"MThd")


@pytest.mark.parametrize(
    ("flags", "status", "words"),
    [
        (["--no-osc"], 69, ["--tui must have OSC to reach the music by, got osc.enabled = false"]),
        (["nosuch", "--osc-port", "0"], 65, ["a model must be one of ", ", got 'nosuch'"]),
        (["--scale", "nosuch"], 78, ["--scale must be one of ", "got 'nosuch'"]),
    ],
)
def test_what_cannot_begin_is_said_once_with_its_own_status(
    tmp_path: Path, flags: list[str], status: int, words: list[str]
) -> None:
    """Whether the daemon or this process finds it, and however fast the daemon ends."""
    answer, lines = in_a_terminal([*flags, "--midi-api", "none", "--no-recording"], tmp_path)
    assert answer == status
    assert len(lines) == 1
    assert all(word in lines[0] for word in words)


def test_a_port_of_osc_that_is_taken_is_what_is_said(tmp_path: Path) -> None:
    """Also the one that nobody asked for: without it there would be music and no UI."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        with contextlib.suppress(OSError):  # somebody else has it already
            other.bind(("127.0.0.1", 9000))
        status, lines = in_a_terminal(["--midi-api", "none", "--no-recording"], tmp_path)
    assert status == 69
    why = "OSC must be able to listen on 127.0.0.1 port 9000, got: Address already in use"
    assert lines == [f"musicrnn: error: {why}; --osc-port 0 takes a free one"]


def in_a_terminal(flags: list[str], folder: Path) -> tuple[int, list[str]]:
    """Run `musicrnn-daemon --tui` to its end; return its status and what it said."""
    ours, theirs = os.openpty()
    command = [sys.executable, "-m", "musicrnn", "daemon", "--tui", *flags]
    environment = surroundings(folder)
    done = subprocess.run(command, env=environment, stdin=theirs, stdout=theirs, stderr=theirs, check=False, timeout=60)
    said = os.read(ours, 65_536).decode()
    os.close(theirs)
    os.close(ours)
    return done.returncode, said.splitlines()


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


def runs(pid: int) -> bool:
    """Tell whether a process runs that may be waited for by nobody."""
    try:
        return (Path("/proc") / str(pid) / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
