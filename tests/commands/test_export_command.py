"""`musicrnn export`, from a run's weights to files."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from musicrnn.bench.progress import CLEAR
from musicrnn.cli import main
from musicrnn.errors import FileNotWrittenError
from musicrnn.models.metadata import ModelInfo
from musicrnn.models.model_file import load_checked
from musicrnn.models.network import Network, NetworkShape
from musicrnn.models.onnx_step import load_model
from musicrnn.models.score import Part
from musicrnn.models.vocabulary import Vocabulary
from musicrnn.trainer.session import save_weights

pytestmark = pytest.mark.train


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Return the folder of a run with weights, but without the corpus that it was trained on."""
    vocabulary = Vocabulary(4, (Part("lead", 60, 67, polyphony=1), Part("bass", 36, 43, 2, polyphony=1)))
    network = Network(vocabulary, NetworkShape(1, 8, 4), seed=1)
    folder = tmp_path / "run" / "checkpoints"
    folder.mkdir(parents=True)
    save_weights(folder, "best-epoch-0001", network, ModelInfo("tiny", vocabulary, 1, 8, licence="CC0-1.0"))
    return tmp_path / "run"


def test_both_forms_are_written_with_what_they_cost(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two files that load, and lines that say how near they are to the network."""
    assert main(["export", str(run), "--quantise", "both"]) == 0
    said = capsys.readouterr().out
    assert "float32 agrees with Keras over" in said
    assert "int8 on music of its own" in said
    precisions = [load_model(str(run / name)).info.precision for name in ("model.onnx", "model-int8.onnx")]
    assert precisions == ["float32", "int8"]
    assert "int8_change_percent" in load_checked(run / "model-int8.onnx").info.figures


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
def test_the_file_is_told_by_the_name_that_it_has(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Brackets are no markup, and what would break the line is escaped."""
    assert main(["export", str(run), "--output", str(tmp_path / "a[bold]\n.onnx")]) == 0
    assert f"{tmp_path}/a[bold]\\n.onnx: float32, " in capsys.readouterr().out


@pytest.mark.skipif(os.name == "nt", reason="Windows has no pseudo-terminals")
def test_a_terminal_is_told_what_takes_so_long(run: Path) -> None:
    """And the line is taken away again before what is printed."""
    terminal, end = os.openpty()
    command = [sys.executable, "-m", "musicrnn", "export", str(run)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=end) as export:
        os.close(end)
        printed, _ = export.communicate(timeout=300)
    told = os.read(terminal, 4096)
    os.close(terminal)
    assert export.returncode == 0
    assert printed.startswith(b"the run's test pieces cannot be had")
    assert told.startswith(f"{CLEAR}loading Keras …{CLEAR}".encode())
    assert told.endswith(f"{CLEAR}comparing the graph with Keras, step for step …{CLEAR}".encode())


def test_int8_alone_goes_to_the_file_that_is_named(run: Path, tmp_path: Path) -> None:
    """One file, in a folder that is made for it."""
    target = tmp_path / "new" / "small.onnx"
    assert main(["export", str(run), "--quantise", "int8", "--output", str(target)]) == 0
    assert load_checked(target).info.precision == "int8"
    assert not (run / "model.onnx").exists()


def test_the_lines_of_the_documentation_work_as_they_are_typed(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One after the other, in a run that has the model.onnx of its training."""
    (run / "model.onnx").write_text("of the training")
    monkeypatch.chdir(run.parent)
    page = (Path(__file__).parents[2] / "docs" / "model-file.md").read_text(encoding="utf-8")
    lines = [line.partition("#")[0].split() for line in page.splitlines() if line.startswith("musicrnn export")]
    assert len(lines) == 3
    for line in lines:
        assert main([run.name if word == "runs/mine" else word for word in line[1:]]) == 0
    for name, precision in (("run/model-int8.onnx", "int8"), ("mine.onnx", "float32"), ("run/model.onnx", "float32")):
        assert load_checked(run.parent / name).info.precision == precision


def test_a_file_that_exists_is_not_written_over_unless_allowed(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Refused before any work, the file as it was; with --overwrite it is replaced."""
    (run / "model.onnx").write_text("mine")
    assert main(["export", str(run)]) == 78
    assert "allow --overwrite" in capsys.readouterr().err
    assert (run / "model.onnx").read_text() == "mine"
    assert main(["export", str(run), "--overwrite"]) == 0
    assert load_checked(run / "model.onnx").info.name == "tiny"


@pytest.mark.parametrize(
    ("name", "message"),
    [("mine.txt", "export.output must end in .onnx, got"), ("run", "export.output must be a file, got the folder")],
)
def test_another_kind_of_file_is_refused(
    run: Path, name: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """No model is written into a file that nobody would load."""
    assert main(["export", str(run), "--output", str(run.parent / name)]) == 78
    assert message in capsys.readouterr().err
    assert [path.name for path in run.parent.iterdir()] == ["run"]


@pytest.mark.skipif(sys.platform != "linux", reason="Linux has folders in which nobody may write")
@pytest.mark.parametrize(("name", "told"), [("/proc/mine", "/proc/mine.onnx"), ("/proc/a/b/mine", "/proc/a")])
def test_a_place_that_cannot_be_written_to_is_refused_before_the_work(
    run: Path, name: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """With what the system says of it; the weights are not even read, so nothing is said of them."""
    for weights in (run / "checkpoints").iterdir():
        weights.write_bytes(b"none")
    assert main(["export", str(run), "--output", name]) == 78
    assert f"export.output must be where files can be written, got {told}: " in capsys.readouterr().err


@pytest.mark.skipif(sys.platform != "linux", reason="Linux has folders in which nobody may write")
def test_a_model_that_cannot_be_written_is_told_with_its_name(run: Path) -> None:
    """Status 74, as wherever what was made could not be written."""
    from musicrnn.commands.export_run import write_model

    assert main(["export", str(run)]) == 0
    content = (run / "model.onnx").read_bytes()
    rule = r"the files of export\.output must be writable, got /proc/mine\.onnx: "
    with pytest.raises(FileNotWrittenError, match=rule) as e:
        write_model(Path("/proc/mine.onnx"), content, Console())
    assert e.value.exit_status == 74
