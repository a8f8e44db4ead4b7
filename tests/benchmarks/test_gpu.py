"""The benchmark for GPUs runs to its end on a machine without one."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.gpu import RECIPE, SMALL, _cases, main
from musicrnn.config.load import read_settings, settings_of
from musicrnn.config.training import TrainingSettings
from musicrnn.trainer.backend import Device
from musicrnn.trainer.recurrence import recurrence_of

pytestmark = pytest.mark.train


def test_a_small_run_prints_both_tables(capfd: pytest.CaptureFixture[str]) -> None:
    """A row for each case, each with its rate; on a CPU the losses are those of the CPU."""
    main(["--small"])
    printed = capfd.readouterr().out
    rows = [line for line in printed.splitlines() if line.startswith("| 1 x 16 | 4 |")]
    assert len(rows) == len(list(_cases(SMALL)))
    assert all(float(row.split("|")[6].replace(",", "")) > 0 for row in rows)
    assert [row.split("|")[5].strip() for row in rows] == ["device", "device", "host"]
    agreed = [line.split("|")[2:-1] for line in printed.splitlines() if " float32 | " in line or "by itself |" in line]
    assert np.array(agreed[-2:], float).max() < 1e-4


def test_cudnn_can_do_all_that_the_recipe_asks() -> None:
    """Else a GPU would refuse it after the tables."""
    settings = settings_of(read_settings(RECIPE))
    here = Device("tensorflow", "2.21", "gpu", "NVIDIA X")
    assert recurrence_of(settings.training, settings.network, here) == "cudnn"
    assert settings.training.minutes == 10
    assert TrainingSettings().precision == settings.training.precision
