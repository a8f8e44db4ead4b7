"""A run folder keeps a second trainer out, and is in order again after a kill."""

from __future__ import annotations

import ctypes
import json
import subprocess
import sys
from pathlib import Path

import pytest

from musicrnn.errors import RunFolderError
from musicrnn.trainer.run_folder import METRICS, RunFolder, curves

DROP_FROM_BOUNDS, MAY_WRITE_ANYWHERE = 24, 1  # PR_CAPBSET_DROP, CAP_DAC_OVERRIDE


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


def test_the_names_of_a_corpus_need_not_be_utf8(tmp_path: Path) -> None:
    """Old collections have Latin-1 names; they come back as they were."""
    run = RunFolder(tmp_path / "run")
    run.create(overwrite=False)
    run.write_manifest({"pieces": ["caf\udce9.mid"]})
    run.close()
    content = (run.path / "corpus.json").read_bytes()
    assert json.loads(content.decode("utf-8")) == {"pieces": ["caf\udce9.mid"]}


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


def test_the_plot_tells_training_validation_and_what_is_known_of_the_training_apart() -> None:
    """Each has the points of its own rows, and one without any is not drawn."""
    step = dict.fromkeys(METRICS, "") | {"step": "10", "epoch": "1", "train_nats_a_token": "3.5"}
    end = dict.fromkeys(METRICS, "") | {"step": "12", "epoch": "1"}
    assert curves([step, end | {"valid_nats_a_token": "3.25"}]) == {"training": [(10, 3.5)], "validation": [(12, 3.25)]}
    assert curves([step, end | {"trained_nats_a_token": "3.0"}]) == {"training": [(10, 3.5)], "trained": [(12, 3.0)]}


@pytest.mark.parametrize("name", ["model.onnx", "checkpoints/mine.npz", ".hidden", "checkpoints", "folder/"])
def test_a_folder_with_anything_in_it_is_no_new_one(tmp_path: Path, name: str) -> None:
    """It is refused, with what stands in the way, and nothing in it is touched unless that is allowed."""
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.mkdir() if name.endswith("/") else path.write_bytes(b"mine")
    before, (first,) = sorted(tmp_path.rglob("*")), tmp_path.iterdir()
    with pytest.raises(RunFolderError, match=rf"must be new, got one with {first.name} in it; choose another"):
        RunFolder(tmp_path).create(overwrite=False)
    assert sorted(tmp_path.rglob("*")) == before
    if name == "model.onnx":
        run = RunFolder(tmp_path)
        run.create(overwrite=True)
        run.close()


def test_a_run_takes_the_place_of_another_when_it_begins_and_not_before(tmp_path: Path) -> None:
    """Its settings, corpus and the lines of its diary are held until then, and its room is reckoned without the old."""
    run = RunFolder(tmp_path)
    run.create(overwrite=False)
    run.begin()
    run.write_settings("old")
    run.log("old")
    run.rewrite_metrics([])
    old = run.checkpoints / "step-00000001-0123456789abcdef.npz"
    old.write_bytes(b"old")
    run.close()
    new = RunFolder(tmp_path)
    new.create(overwrite=True)
    new.stage("new", {"pieces": []})
    new.log("new")
    assert ((tmp_path / "settings.toml").read_text(), new.metrics.exists(), old.exists()) == ("old", True, True)
    assert "new" not in (tmp_path / "train.log").read_text()
    new.begin()
    assert ((tmp_path / "settings.toml").read_text(), new.metrics.exists(), old.exists()) == ("new", False, False)
    assert json.loads((tmp_path / "corpus.json").read_text()) == {"pieces": []}
    assert "new" in (tmp_path / "train.log").read_text()
    new.close()


@pytest.mark.skipif(sys.platform != "linux", reason="processes are forked as Linux does it")
def test_a_run_killed_while_it_takes_the_place_of_another_is_of_one_of_them(tmp_path: Path) -> None:
    """SIGKILL before each call to the system's files: no checkpoint stands beside the settings of another run."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.trainer.killed_begins", str(tmp_path)], capture_output=True, text=True, check=True
    )
    names = done.stdout.split()
    assert {"unlink", "replace", "fsync"} <= set(names)
    assert len(names) >= 20


MADE = (
    "checkpoints/step-00000074-0123456789abcdef.npz", "checkpoints/epoch-0002-valid-3.5084-0123456789abcdef.npz",
    "checkpoints/best-epoch-0002-valid-3.5084-0123456789abcdef.npz", "bad-batch-0123456789abcdef.npz", "metrics.csv",
    "loss.png", "model.onnx", "model-int8.onnx", "auditions/epoch-0002.mid", "auditions/epoch-12345.txt",
    "tensorboard/events.out.tfevents.1.host.1.0.v2", "tensorboard/plugins/profile/1/host.xplane.pb",
)  # fmt: skip
THEIRS = (
    "notes.txt", "card.md", "mine.onnx", "checkpoints/mine.npz", "checkpoints/model.onnx", "auditions/best.mid",
    "auditions/epoch-mine.mid", "auditions/epoch-0001.mid/x", "loss.png.bak", "tensorboard/mine.txt",
)  # fmt: skip


def test_all_that_a_run_before_made_is_deleted_and_nothing_else(tmp_path: Path) -> None:
    """No model, plot, audition or diary of it passes for the new one's; what people put there stays."""
    for name in (*MADE, *THEIRS, "train.log"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"old")
    run = RunFolder(tmp_path)
    run.create(overwrite=True)
    run.stage("new", {})
    run.log("new")
    run.begin()
    run.close()
    left = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert left == {*THEIRS, ".lock", "settings.toml", "corpus.json", "train.log"}
    assert "old" not in (tmp_path / "train.log").read_text(encoding="utf-8")


def test_a_new_folder_is_deleted_with_a_run_that_was_refused_and_not_with_one_that_has_begun(tmp_path: Path) -> None:
    """From there on it may hold something."""
    refused, begun = RunFolder(tmp_path / "refused"), RunFolder(tmp_path / "begun")
    for run in (refused, begun):
        run.create(overwrite=False)
    begun.begin()
    for run in (refused, begun):
        run.discard()
    assert [path.name for path in tmp_path.iterdir()] == ["begun"]


def test_an_empty_folder_is_as_good_as_a_new_one(tmp_path: Path) -> None:
    """So is one in which a run was refused, or killed before its first checkpoint, as supervisors begin it again."""
    for _ in range(2):
        run = RunFolder(tmp_path)
        run.create(overwrite=False)
        run.discard()
        for name in (
            "settings.toml",
            "corpus.json",
            "train.log",
            "checkpoints/.step.npz.x.tmp",
            "tensorboard/events.1",
        ):
            (run.path / name).touch()
    (run.checkpoints / "step-00000000-0123456789abcdef.npz").touch()
    with pytest.raises(RunFolderError, match="must be new, got one with step-00000000-"):
        run.create(overwrite=False)


def test_a_folder_that_cannot_be_made_is_told_plainly(tmp_path: Path) -> None:
    """It is named, with what the system says."""
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(RunFolderError, match="run: the run folder cannot be made: Not a directory"):
        RunFolder(tmp_path / "file" / "run").create(overwrite=False)
    with pytest.raises(RunFolderError, match="aaa: the run folder cannot be made: "):
        RunFolder(tmp_path / ("a" * 300)).create(overwrite=False)
    with pytest.raises(RunFolderError, match="aaa: the folder to resume must be that of a run"):
        RunFolder(tmp_path / ("a" * 300)).reopen()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has /dev/full")
def test_figures_that_find_no_room_are_told_once_and_do_not_spoil_those_after(tmp_path: Path) -> None:
    """Two rows on a full disk, a half one, and a row when there is room again."""
    run, warnings = RunFolder(tmp_path), list[str]()
    run.spare.warn = warnings.append
    run.metrics.symlink_to("/dev/full")
    for step in (10, 20):
        run.add_metrics({"step": step, "epoch": 1})
    assert warnings == [f"{run.metrics}: it cannot be written: No space left on device; training goes on"]
    run.metrics.unlink()
    run.rewrite_metrics([])
    with run.metrics.open("a", encoding="utf-8") as file:
        file.write("2")
    for step in (30, 40):
        run.add_metrics({"step": step, "epoch": 1})
    assert [row["step"] for row in run.read_metrics()] == ["30", "40"]


@pytest.mark.train
@pytest.mark.parametrize("closed", ["", "checkpoints"])
@pytest.mark.skipif(sys.platform != "linux", reason="a process gives up a right as Linux does it")
def test_a_run_folder_that_is_read_only_is_not_resumed(tmp_path: Path, closed: str) -> None:
    """Nor one whose checkpoints are, though its lock can be taken; in one line. Root gives up its right to do it."""
    run = RunFolder(tmp_path / "run")
    run.create(overwrite=False)
    run.close()
    run.write_settings("")
    (run.path / closed).chmod(0o555)
    done = subprocess.run(
        [sys.executable, "-m", "musicrnn", "train", "--resume", str(run.path)],
        capture_output=True, text=True, timeout=120, check=False,
        preexec_fn=lambda: ctypes.CDLL(None).prctl(DROP_FROM_BOUNDS, MAY_WRITE_ANYWHERE, 0, 0, 0),
    )  # fmt: skip
    assert (done.returncode, done.stderr.count("\n")) == (66, 1), done.stderr
    assert "the run folder cannot be written to: Permission denied" in done.stderr
