"""Saves for which there is no room: ``python -m tests.trainer.full_disks FOLDER`` prints how many were refused."""

from __future__ import annotations

import resource
import sys
from pathlib import Path

from musicrnn.trainer import checkpoint
from tests.trainer.killed_saves import NEW, OLD


def refused(folder: Path, room: int) -> bool:
    """Save where no file may be longer than ``room``; AssertionError unless the checkpoint before is all there is."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, resource.RLIM_INFINITY))
    try:
        checkpoint.write(folder, "step-2", NEW)
    except OSError:
        (left,) = folder.iterdir()
        if checkpoint.read(left).description != OLD.description:
            raise AssertionError(f"{left}") from None
        return True
    return False


def main(folder: Path) -> None:
    """Try 50 lengths from nothing to a byte too few, then just enough."""
    size = len(checkpoint.packed(NEW))
    checkpoint.write(folder, "step-1", OLD)
    rooms = [(size - 1) * i // 49 for i in range(50)]
    done = sum(refused(folder, room) for room in rooms)
    print(f"{done} refused, {1 - refused(folder, size)} written")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
