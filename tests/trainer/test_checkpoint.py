"""Checkpoints are whole, verified, and never taken for another network's."""

from __future__ import annotations

import hashlib
import io
import os
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from musicrnn.errors import TrainingError
from musicrnn.trainer import checkpoint
from musicrnn.trainer.checkpoint import Checkpoint

SOME = Checkpoint({"a": np.arange(6, dtype=np.float32).reshape(2, 3)}, {"step": 3})


class Variable:
    """A variable as the trainer's networks have them."""

    def __init__(self, value: np.ndarray) -> None:
        self.value = value
        self.shape = value.shape

    def assign(self, value: np.ndarray) -> None:
        """Take a new value."""
        self.value = value


def test_a_checkpoint_comes_back(tmp_path: Path) -> None:
    """What was written is what is read."""
    back = checkpoint.read(checkpoint.write(tmp_path, "step-1", SOME))
    assert (back.arrays["a"] == SOME.arrays["a"]).all()
    assert back.description == {"step": 3}


@pytest.mark.parametrize("bit", [3, 700, 2500])
def test_every_flipped_bit_is_noticed(tmp_path: Path, bit: int) -> None:
    """One bit turned over anywhere makes the checkpoint refused."""
    path = checkpoint.write(tmp_path, "step-1", SOME)
    content = bytearray(path.read_bytes())
    content[bit // 8] ^= 1 << bit % 8
    path.write_bytes(content)
    with pytest.raises(TrainingError, match="damaged"):
        checkpoint.read(path)


def test_a_damaged_checkpoint_is_passed_over_loudly(tmp_path: Path) -> None:
    """The one before it is taken, and a warning says so."""
    checkpoint.write(tmp_path, "step-00000001", SOME)
    newer = checkpoint.write(tmp_path, "step-00000002", SOME)
    newer.write_bytes(newer.read_bytes()[:-10])
    warnings: list[str] = []
    found = checkpoint.newest(tmp_path, "step-", warnings.append)
    assert found is not None
    assert found[0].name.startswith("step-00000001")
    assert "the one before it is taken" in warnings[0]


def test_pruning_keeps_the_newest(tmp_path: Path) -> None:
    """Only the last ones stay, and only of the kind that is pruned."""
    for step in range(5):
        checkpoint.write(tmp_path, f"step-{step}", SOME)
    checkpoint.write(tmp_path, "best-1", SOME)
    checkpoint.prune(tmp_path, "step-", 2)
    assert [path.name[:6] for path in checkpoint.stored(tmp_path, "")] == ["best-1", "step-3", "step-4"]


@pytest.mark.parametrize(
    ("stem", "older", "newer"),
    [
        ("best-", "best-epoch-9999-valid-1.0000", "best-epoch-10000-valid-0.9999"),
        ("epoch-", "epoch-9999-valid-1.0000", "epoch-10000-valid-1.0001"),
        ("step-", "step-99999999", "step-100000000"),
    ],
)
def test_what_is_newest_is_told_by_its_number_however_long(tmp_path: Path, stem: str, older: str, newer: str) -> None:
    """The 10,000th epoch comes after the 9,999th, and so its weights stay when one is kept."""
    paths = [checkpoint.write(tmp_path, name, SOME) for name in (newer, older)]
    assert checkpoint.stored(tmp_path, stem) == paths[::-1]
    checkpoint.prune(tmp_path, stem, 1)
    assert checkpoint.stored(tmp_path, stem) == paths[:1]


def test_weights_of_another_shape_change_nothing(tmp_path: Path) -> None:
    """A wrong shape is refused before any variable is touched, and the message shows both shapes."""
    first, second = Variable(np.zeros((1,))), Variable(np.zeros((2, 2)))
    arrays = {"x": np.ones((1,)), "y": np.ones((3, 2))}
    with pytest.raises(TrainingError, match=r"y must have shape \(2, 2\), got \(3, 2\)"):
        checkpoint.assign({"x": first, "y": second}, arrays, "file")
    assert first.value[0] == 0


def test_a_write_without_room_leaves_nothing(tmp_path: Path) -> None:
    """A folder that cannot be written to raises OSError and holds no half file."""
    missing = tmp_path / "gone"
    with pytest.raises(OSError, match="gone"):
        checkpoint.write(missing, "step-1", SOME)
    assert list(tmp_path.iterdir()) == []


def test_a_thousand_flipped_bits_are_all_noticed_and_the_one_before_is_taken(tmp_path: Path) -> None:
    """Anywhere in the newest file, each by itself; then the run goes on from the one before, and says so."""
    older, newer = (checkpoint.write(tmp_path, f"step-{step}", SOME) for step in (1, 2))
    content, chance = newer.read_bytes(), random.Random(5)
    for _ in range(1000):
        damaged, bit = bytearray(content), chance.randrange(len(content) * 8)
        damaged[bit // 8] ^= 1 << bit % 8
        newer.write_bytes(damaged)
        warnings: list[str] = []
        found = checkpoint.newest(tmp_path, "step-", warnings.append)
        assert found is not None
        assert found[0] == older
        assert "the one before it is taken" in warnings[0]


def test_pickle_is_refused_without_being_run(tmp_path: Path) -> None:
    """A file with a good checksum whose array is a pickle that would make a file."""

    class Harm:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return (os.mkdir, (str(tmp_path / "harm"),))

    buffer = io.BytesIO()
    np.savez(
        buffer, allow_pickle=True, a=np.array([Harm()], dtype=object), **{"description.json": np.zeros(1, np.uint8)}
    )
    path = tmp_path / f"step-1-{hashlib.sha256(buffer.getvalue()).hexdigest()[:16]}.npz"
    path.write_bytes(buffer.getvalue())
    with pytest.raises(TrainingError, match="without pickle"):
        checkpoint.read(path)
    assert not (tmp_path / "harm").exists()


@pytest.mark.parametrize("name", ["a.mid", "weights.npz", "none.npz"])
def test_a_file_that_no_run_has_named_is_not_called_damaged(name: str, tmp_path: Path) -> None:
    """Somebody named a MIDI file, or another program's weights, for --init-from."""
    (tmp_path / "weights.npz").write_bytes(b"PK")
    with pytest.raises(TrainingError, match=rf"{name}: must be a weights file, named NAME-CHECKSUM\.npz as a run"):
        checkpoint.read(tmp_path / name)


@pytest.mark.parametrize("content", [b"", b"PK\x05\x06" + bytes(18), b"no archive"])
def test_other_files_with_a_good_checksum_are_refused_plainly(tmp_path: Path, content: bytes) -> None:
    """Empty, an empty archive, and anything."""
    path = tmp_path / f"step-1-{hashlib.sha256(content).hexdigest()[:16]}.npz"
    path.write_bytes(content)
    with pytest.raises(TrainingError, match="must hold plain arrays"):
        checkpoint.read(path)


def test_of_two_checkpoints_of_one_step_the_later_one_is_the_newest(tmp_path: Path) -> None:
    """At an epoch's end a step may be saved twice; what their checksums are does not matter."""
    paths = [checkpoint.write(tmp_path, "step-1", Checkpoint(SOME.arrays, {"save": i})) for i in range(6)]
    for i, path in enumerate(paths):
        os.utime(path, ns=(i, i))
    assert checkpoint.stored(tmp_path, "step-") == paths


def test_a_number_that_is_not_finite_is_named() -> None:
    """Whole numbers are finite."""
    assert checkpoint.not_finite(SOME) == ""
    arrays = {"n": np.arange(3), "x": np.zeros(2), "y": np.array([0.0, np.nan])}
    assert checkpoint.not_finite(Checkpoint(arrays, {})) == "y"


@pytest.mark.skipif(sys.platform != "linux", reason="processes are forked and limited as Linux does it")
def test_a_save_killed_before_any_of_its_calls_leaves_a_whole_checkpoint(tmp_path: Path) -> None:
    """SIGKILL before each call to the system's files that a save makes: the newest is the old one or the new one."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.trainer.killed_saves", str(tmp_path)], capture_output=True, text=True, check=True
    )
    names = done.stdout.split()
    assert {"fsync", "replace", "write", "unlink"} <= set(names)
    assert len(names) >= 10


@pytest.mark.skipif(sys.platform != "linux", reason="processes are forked and limited as Linux does it")
def test_a_disk_that_is_full_anywhere_leaves_the_checkpoint_before(tmp_path: Path) -> None:
    """At 50 lengths, up to a byte less than the file's: an error, nothing half written, and the old one is read."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.trainer.full_disks", str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert done.stdout == "50 refused, 1 written\n"
