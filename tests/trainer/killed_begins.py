"""Runs that take the place of others, each killed before another of its calls.

``python -m tests.trainer.killed_begins FOLDER`` prints the calls.
"""

from __future__ import annotations

import sys
from pathlib import Path

from musicrnn.trainer import checkpoint
from musicrnn.trainer.run_folder import RunFolder
from tests.trainer.killed_saves import NEW, OLD, killed


def old_run(path: Path) -> None:
    """Make a run of two checkpoints, with all that must be of the same run."""
    run = RunFolder(path)
    run.create(overwrite=False)
    run.stage("old", {"of": "old"})
    run.begin()
    for step in (1, 2):
        checkpoint.write(run.checkpoints, f"step-{step}", OLD)
    run.rewrite_metrics([])
    run.close()


def begin(path: Path) -> None:
    """Put another in its place, and save its first checkpoint."""
    run = RunFolder(path)
    run.create(overwrite=True)
    run.stage("new", {"of": "new"})
    run.begin()
    checkpoint.write(run.checkpoints, "step-0", NEW)


def judge(path: Path) -> None:
    """AssertionError where there are checkpoints of one run with the settings or the corpus of the other."""
    steps = [checkpoint.read(one).description["step"] for one in checkpoint.stored(path / "checkpoints", "step-")]
    if not steps:
        return
    owner = "old" if steps[-1] == OLD.description["step"] else "new"
    texts = (path / "settings.toml").read_text(encoding="utf-8"), (path / "corpus.json").read_text(encoding="utf-8")
    if len(set(steps)) > 1 or texts[0] != owner or owner not in texts[1]:
        raise AssertionError(f"{steps} with {texts}")


def main(parent: Path) -> None:
    """Kill it at the first call, the second, and so on, until it is not killed any more."""
    number, call = 0, "none"
    while call:
        old_run(parent / str(number))
        call = killed(parent / str(number), number, begin)
        judge(parent / str(number))
        print(call)
        number += 1


if __name__ == "__main__":
    main(Path(sys.argv[1]))
