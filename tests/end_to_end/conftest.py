"""A model trained on real files, once for all tests of a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.end_to_end.daemon import program
from tests.peers.program import Program

CHORALES = Path(__file__).parents[1] / "fixtures/chorales"


@pytest.fixture(scope="session")
def trained_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Train a tiny model on the chorales of the fixtures and return its model file."""
    folder = tmp_path_factory.mktemp("training")
    run = folder / "run"
    size = ["--units", "48", "--layers", "1", "--embedding", "16", "--window", "64", "--lanes", "8"]
    length = ["--epochs", "2", "--transpose", "1", "--audition-bars", "0", "--threads", "2"]
    where: list[str | Path] = [CHORALES, "--run-folder", run, "--name", "tiny"]
    command: list[str | Path] = [program("musicrnn-train"), *where, *size, *length]
    with Program(command, {"XDG_CACHE_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}) as training:
        status = training.wait(600)
    assert status == 0, "\n".join(training.printed)
    return run / "model.onnx"
