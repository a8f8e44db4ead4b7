"""Models of the other cells, all the way: trained, exported in both forms, shown, and played by the daemon (P17)."""

from __future__ import annotations

from pathlib import Path

import pytest

from musicrnn import cli
from musicrnn.errors import TrainingError
from musicrnn.models.midi_read import read_midi
from musicrnn.models.model_file import read_info
from musicrnn.trainer import session

pytestmark = pytest.mark.train

CHORALES = Path(__file__).parent.parent / "fixtures" / "chorales"
SMALL = (
    "--ticks-per-beat=4", "--units=32", "--layers=1", "--embedding=8", "--lanes=4", "--window=32", "--name=little",
    "--audition-bars=0", "--validation-share=0.2", "--test-share=0.2", "--epochs=1", "--no-cache",
)  # fmt: skip
LIVE = ("--midi-api=none", "--no-osc", "--tempo=960", "--bars=4", "--seed=3")


@pytest.fixture(scope="module", params=["gru", "rnn"])
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """Return a cell, and the folder of a short run with it."""
    folder = tmp_path_factory.mktemp("runs") / request.param
    words = ["train", str(CHORALES), "--run-folder", str(folder), "--cell", request.param, *SMALL]
    assert cli.main(words) == 0
    return request.param, folder


def test_the_model_says_which_cell_it_has(run: tuple[str, Path], capsys: pytest.CaptureFixture[str]) -> None:
    """In its description, and to those who ask."""
    cell, folder = run
    assert read_info(folder / "model.onnx").cell == cell
    assert cli.main(["inspect", str(folder)]) == 0
    assert f"{cell.upper()}, 1 x 32 units, float32" in capsys.readouterr().out


def test_it_is_exported_in_both_forms(run: tuple[str, Path], capsys: pytest.CaptureFixture[str]) -> None:
    """Keras and ONNX Runtime agree over its own test pieces, and int8 is told what it costs."""
    _, folder = run
    assert cli.main(["export", str(folder), "--quantise=both", "--overwrite"]) == 0
    said = capsys.readouterr().out
    assert "float32 agrees with Keras over" in said
    assert "int8 on its test pieces" in said
    assert read_info(folder / "model-int8.onnx").precision == "int8"


@pytest.mark.parametrize("precision", ["float32", "int8"])
def test_the_daemon_plays_it_and_its_log_replays_it(run: tuple[str, Path], precision: str, tmp_path: Path) -> None:
    """Four bars live, and the same file again from the log."""
    _, folder = run
    model = str(folder / "model.onnx")
    if precision == "int8":
        model = str(tmp_path / "small.onnx")
        assert cli.main(["export", str(folder), "--quantise=int8", "--output", model]) == 0
    live, again = tmp_path / "live.mid", tmp_path / "again.mid"
    assert cli.main(["daemon", "--model", model, "--record", str(live), *LIVE]) == 0
    (piece,) = read_midi(live)
    assert sum(len(track.notes) for track in piece.tracks) > 0
    log = str(live.with_suffix(".jsonl"))
    assert cli.main(["sample", "--replay", log, "--model", model, "--output", str(again)]) == 0
    assert again.read_bytes() == live.read_bytes()


def test_weights_of_another_cell_are_not_begun_from(run: tuple[str, Path]) -> None:
    """Their names tell."""
    _, folder = run
    network, _ = session.load_network(folder)
    from musicrnn.models.network import Network, NetworkShape

    other = Network(network.vocabulary, NetworkShape(1, 32, 8))
    with pytest.raises(TrainingError, match="lstm_0"):
        session.init_from(other, folder)
