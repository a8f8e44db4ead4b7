"""A run folder keeps a second trainer out, and is in order again after a kill."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from musicrnn.errors import RunFolderError
from musicrnn.trainer.run_folder import METRICS, RunFolder


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no flock")
def test_a_second_trainer_in_one_folder_is_refused(tmp_path: Path) -> None:
    """New or resumed, until the first has let go of it."""
    first, second = RunFolder(tmp_path / "run"), RunFolder(tmp_path / "run")
    first.create(overwrite=False)
    with pytest.raises(RunFolderError, match="another trainer works in this folder"):
        second.reopen()
    with pytest.raises(RunFolderError, match="another trainer works in this folder"):
        second.create(overwrite=True)
    second.close()
    first.close()
    second.reopen()
    second.close()


def test_what_a_killed_writer_left_is_deleted_when_it_goes_on(tmp_path: Path) -> None:
    """Half files in the folder and in those of checkpoints and auditions; all else stays."""
    run = RunFolder(tmp_path / "run")
    run.create(overwrite=False)
    run.close()
    halves = [folder / ".a.npz.x.tmp" for folder in (run.path, run.checkpoints, run.auditions)]
    for path in (*halves, run.path / "notes.tmp"):
        path.write_bytes(b"half")
    run.reopen()
    run.close()
    assert [path.name for path in run.path.rglob("*.tmp")] == ["notes.tmp"]


def test_a_row_of_metrics_that_was_not_written_whole_is_passed_over(tmp_path: Path) -> None:
    """The disk was full in the middle of it."""
    run = RunFolder(tmp_path)
    run.rewrite_metrics([dict.fromkeys(METRICS, "") | {"step": 10, "epoch": 1}])
    with run.metrics.open("a", encoding="utf-8") as file:
        file.write("20,1,3")
    assert [row["step"] for row in run.read_metrics()] == ["10"]


def test_a_folder_that_cannot_be_made_is_told_plainly(tmp_path: Path) -> None:
    """It is named, with what the system says."""
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(RunFolderError, match="run: the run folder cannot be made: Not a directory"):
        RunFolder(tmp_path / "file" / "run").create(overwrite=False)
