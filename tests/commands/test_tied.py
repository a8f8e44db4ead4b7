"""A daemon that ends with whoever started it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_a_daemon_whose_input_ends_leaves_as_when_its_terminal_is_closed(tmp_path: Path) -> None:
    """It plays to the end of what sounds, writes its recording, and its status is 0."""
    recording = tmp_path / "kept.mid"
    flags = ["--ends-with-input", "--midi-api", "none", "--no-osc", "--tempo", "600", "--record", str(recording)]
    command = [sys.executable, "-m", "musicrnn", "daemon", *flags]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.STDOUT, text=True) as daemon:
        assert daemon.stdin is not None
        assert daemon.stdout is not None
        while not daemon.stdout.readline().startswith("Ctrl-C stops."):
            assert daemon.poll() is None
        daemon.stdin.close()
        said = daemon.stdout.read()
        assert daemon.wait(30) == 0
    assert said in (f"Recorded  {recording}\n", "Nothing was played, so nothing was recorded.\n")
