"""Whole runs of `musicrnn-train` with JAX, where importing TensorFlow fails: killed, resumed, exported, played."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from musicrnn import cli
from musicrnn.models.model_file import check_model
from musicrnn.models.onnx_step import OnnxStepModel
from musicrnn.trainer import checkpoint
from tests.trainer.waiting import until

pytestmark = pytest.mark.train
CHORALES = Path(__file__).parent.parent / "fixtures" / "chorales"
NO_TENSORFLOW = "import sys\nfor name in ('tensorflow', 'tensorboard', 'tf2onnx'): sys.modules[name] = None\n"
WITHOUT = f"{NO_TENSORFLOW}from musicrnn import cli\nsys.exit(cli.main(sys.argv[1:]))"
SMALL = (
    "--ticks-per-beat=4", "--units=16", "--embedding=8", "--lanes=4", "--window=96", "--audition-bars=1",
    "--threads=1", "--deterministic", "--validation-share=0.2", "--test-share=0.2", "--no-cache", "--epochs=3",
    "--save-every=3", "--seed=4294967295", "--recurrent-dropout=0.1", "--name=little",
)  # fmt: skip
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "KERAS_BACKEND"}


def _command(*words: str, verb: str = "train") -> list[str]:
    return [sys.executable, "-c", WITHOUT, verb, *words]


def _run(*words: str, verb: str = "train", **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        _command(*words, verb=verb),
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
        env={**ENVIRONMENT, **environment},
    )


def _last_step(run: Path) -> dict[str, np.ndarray]:
    return dict(checkpoint.read(checkpoint.stored(run / "checkpoints", "step-")[-1]).arrays)


@pytest.fixture(scope="module")
def whole(with_jax: None, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Return the folder of a run that was never interrupted, and what it printed."""
    folder = tmp_path_factory.mktemp("jax") / "run"
    done = _run(str(CHORALES), "--run-folder", str(folder), *SMALL)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return folder, done.stdout


def test_it_trains_without_tensorflow_and_says_so(whole: tuple[Path, str]) -> None:
    """The backend, the device, what goes over the windows, and that TensorBoard has nothing."""
    run, said = whole
    assert "JAX" in said
    assert ": a loop goes over the windows" in said
    assert "no files for TensorBoard" in said
    assert not list((run / "tensorboard").glob("events.*"))
    for name in ("metrics.csv", "loss.png", "model.onnx", "auditions/epoch-0003.mid"):
        assert (run / name).stat().st_size > 0, name


def test_a_run_killed_and_resumed_ends_like_one_never_interrupted(tmp_path: Path, whole: tuple[Path, str]) -> None:
    """SIGKILL, then --resume: weights, optimiser, dropout's seed and state are the same to the last bit."""
    killed = tmp_path / "killed"
    words = (str(CHORALES), "--run-folder", str(killed), *SMALL)
    process = subprocess.Popen(_command(*words), stdout=subprocess.PIPE, text=True, env=ENVIRONMENT)
    until(lambda: len(checkpoint.stored(killed / "checkpoints", "step-")) > 1, process)
    process.kill()
    process.communicate()
    resumed = _run("--resume", str(killed))
    assert resumed.returncode == 0, resumed.stderr
    expected, found = _last_step(whole[0]), _last_step(killed)
    assert expected.keys() == found.keys()
    assert [name for name in expected if expected[name].tobytes() != found[name].tobytes()] == []


def test_the_daemon_reads_and_plays_its_model(whole: tuple[Path, str], tmp_path: Path) -> None:
    """By the quickest way there is, as a model from TensorFlow."""
    model = whole[0] / "model.onnx"
    assert OnnxStepModel(check_model(model.read_bytes(), "test")).way == "blas"
    words = ["daemon", "--model", str(model), "--midi-api=none", "--no-osc", "--tempo=960", "--bars=2", "--seed=3"]
    assert cli.main([*words, "--record", str(tmp_path / "live.mid")]) == 0
    assert (tmp_path / "live.mid").stat().st_size > 0


def test_weights_without_a_model_file_are_read_without_tensorflow(whole: tuple[Path, str]) -> None:
    """As `musicrnn evaluate` reads those of a run that is not over."""
    (best,) = checkpoint.stored(whole[0] / "checkpoints", "best-")
    reading = f"from musicrnn.trainer.measuring import named_model\nprint(named_model({str(best)!r}).info.name)"
    program = NO_TENSORFLOW + reading
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=False, env=ENVIRONMENT
    )
    assert (done.returncode, done.stdout) == (0, "little\n"), done.stderr


def test_its_weights_are_exported_without_tensorflow(whole: tuple[Path, str], tmp_path: Path) -> None:
    """Both forms, compared with the network as Keras runs it."""
    done = _run(str(whole[0]), "--quantise=both", f"--output={tmp_path / 'small.onnx'}", verb="export")
    assert done.returncode == 0, done.stderr
    assert "float32 agrees with Keras over" in done.stdout
    assert {path.name for path in tmp_path.iterdir()} == {"small.onnx", "small-int8.onnx"}
    assert check_model((tmp_path / "small.onnx").read_bytes(), "test").info.name == "little"


def test_its_weights_move_to_tensorflow_and_are_trained_on(
    whole: tuple[Path, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exported there, where Keras agrees with the file; and a run of TensorFlow's begins from them."""
    output = tmp_path / "again.onnx"
    assert cli.main(["export", str(whole[0]), "--output", str(output)]) == 0
    assert "float32 agrees with Keras over" in capsys.readouterr().out
    words = [word for word in SMALL if not word.startswith(("--epochs", "--deterministic"))]
    run = tmp_path / "second"
    begun = ["--init-from", str(whole[0]), "--learning-rate=0", "--epochs=1", "--run-folder", str(run)]
    assert cli.main(["train", str(CHORALES), *begun, *words]) == 0
    start = checkpoint.read(checkpoint.stored(whole[0] / "checkpoints", "best-")[-1]).arrays
    assert all((_last_step(run)[name] == start[name]).all() for name in start)


def test_a_trace_is_refused_with_jax(with_jax: None, tmp_path: Path) -> None:
    """In one line, and no run folder is left."""
    done = _run(str(CHORALES), "--run-folder", str(tmp_path / "run"), "--profile", *SMALL, KERAS_BACKEND="jax")
    assert done.returncode == 78
    assert "KERAS_BACKEND must be tensorflow for training.profile, got jax" in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "run").exists()


def test_neither_tensorflow_nor_jax_is_said_plainly() -> None:
    """With both extras that mend it; with JAX named, with its own."""
    nothing = f"import sys\nsys.modules['jax'] = None\n{WITHOUT}"
    for named, words in ((None, "(tensorflow)"), ("jax", "(jax)")):
        environment = ENVIRONMENT if named is None else {**ENVIRONMENT, "KERAS_BACKEND": named}
        done = subprocess.run(
            [sys.executable, "-c", nothing, "train", str(CHORALES)],
            capture_output=True, text=True, timeout=120, check=False, env=environment,
        )  # fmt: skip
        assert done.returncode == 70
        assert f"not installed {words}" in done.stderr
        assert "[jax]" in done.stderr
