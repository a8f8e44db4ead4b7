"""Saves, each killed before another of its calls: ``python -m tests.trainer.killed_saves FOLDER`` prints the calls."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np

from musicrnn.files import clear_halves
from musicrnn.trainer import checkpoint
from musicrnn.trainer.checkpoint import Checkpoint

OLD = Checkpoint({"a": np.zeros(2000, np.float32)}, {"step": 1})
NEW = Checkpoint({"a": np.ones(2000, np.float32)}, {"step": 2})
CALLS = {"open", "write", "flush", "fsync", "chmod", "replace", "rename", "unlink", "close", "lstat", "fdopen"}


class KillAt:
    """Ends this process before its n-th call to the system's files; says through a pipe which it was."""

    def __init__(self, number: int, pipe: int) -> None:
        self.left, self.pipe = number, pipe

    def __call__(self, _: FrameType, event: str, function: Any) -> None:
        """Look at a call of a function that is not written in Python."""
        if event != "c_call" or function.__name__ not in CALLS:
            return
        if self.left == 0:
            sys.setprofile(None)
            os.write(self.pipe, function.__name__.encode())
            os.kill(os.getpid(), signal.SIGKILL)
        self.left -= 1


def save(folder: Path) -> None:
    """Write the second checkpoint, and delete all but the newest."""
    checkpoint.write(folder, "step-2", NEW)
    checkpoint.prune(folder, "step-", 1)


def killed(folder: Path, number: int, act: Callable[[Path], None] = save) -> str:
    """Save, or do another thing, in another process that is killed at its n-th call.

    Returns the call, empty where it came to its end.
    """
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        sys.setprofile(KillAt(number, write))
        act(folder)
        os._exit(0)
    os.close(write)
    _, status = os.waitpid(pid, 0)
    call = os.read(read, 100).decode()
    os.close(read)
    if os.WIFSIGNALED(status) != bool(call):
        raise RuntimeError(f"the process ended otherwise, with {status}")
    return call


def judge(folder: Path, warnings: list[str]) -> None:
    """AssertionError unless the newest checkpoint is one of the two, and no half file is left."""
    clear_halves(folder)
    found = checkpoint.newest(folder, "step-", warnings.append)
    if found is None or warnings or found[1].description["step"] not in (1, 2):
        raise AssertionError(f"{list(folder.iterdir())}: {warnings}")
    wanted = OLD if found[1].description["step"] == 1 else NEW
    if (found[1].arrays["a"] != wanted.arrays["a"]).any() or any(path.suffix != ".npz" for path in folder.iterdir()):
        raise AssertionError(f"{list(folder.iterdir())}")


def main(parent: Path) -> None:
    """Kill it at the first call, the second, and so on, until it is not killed any more."""
    number, call = 0, "none"
    while call:
        folder = parent / str(number)
        folder.mkdir()
        checkpoint.write(folder, "step-1", OLD)
        call = killed(folder, number)
        judge(folder, [])
        print(call)
        number += 1


if __name__ == "__main__":
    main(Path(sys.argv[1]))
