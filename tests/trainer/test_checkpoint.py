"""Checkpoints are whole, verified, and never taken for another network's."""

from __future__ import annotations

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
