"""A training that is killed again and again, inside its saves too, ends like one that never was."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from musicrnn.trainer import checkpoint
from tests.reliability.stage import report_kills, times

pytestmark = pytest.mark.train


def last(run: Path) -> dict[str, np.ndarray]:
    """Return the arrays of a run's last checkpoint."""
    return dict(checkpoint.read(checkpoint.stored(run / "checkpoints", "step-")[-1]).arrays)


@pytest.mark.skipif(sys.platform != "linux", reason="a process that has imported TensorFlow is forked")
def test_a_training_killed_at_random_instants_ends_like_one_never_killed(tmp_path: Path) -> None:
    """Weights, optimiser, seed and state to the last bit, the figures of each step, and nothing half written."""
    kills = times(3, 100)
    command = [sys.executable, "-m", "tests.reliability.killed_training", str(tmp_path), str(kills)]
    done = subprocess.run(
        command, env={**os.environ, "KERAS_BACKEND": "tensorflow"}, stdout=subprocess.PIPE, check=True
    )
    hit, steps = map(int, done.stdout.split())
    whole, found = last(tmp_path / "whole"), last(tmp_path / "killed")
    differing = [name for name in whole if whole[name].tobytes() != found[name].tobytes()]
    report_kills(kills, hit, steps, len(differing))
    assert whole.keys() == found.keys()
    assert differing == []
    assert list((tmp_path / "killed").rglob(".*.tmp")) == []
