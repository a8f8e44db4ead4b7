"""Whole runs of `musicrnn-train` on real chorales: what they leave, how they end, how they go on."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.text import Text

from musicrnn import cli
from musicrnn.commands import export_run
from musicrnn.config.corpus import CorpusSettings
from musicrnn.config.settings import Settings
from musicrnn.config.training import TrainingSettings
from musicrnn.errors import CorpusError, RunFolderError, TrainingError
from musicrnn.models.metadata import ModelInfo
from musicrnn.models.midi_read import read_midi
from musicrnn.models.model_file import read_info
from musicrnn.models.onnx_step import load_model
from musicrnn.models.score import Part
from musicrnn.models.vocabulary import Vocabulary
from musicrnn.printable import printable
from musicrnn.trainer import checkpoint
from musicrnn.trainer.origin import told_by_file
from musicrnn.trainer.run import run as train
from musicrnn.trainer.run import shown_name
from tests.trainer.waiting import until

pytestmark = pytest.mark.train

CHORALES = Path(__file__).parent.parent / "fixtures" / "chorales"
SMALL = (
    "--ticks-per-beat=4", "--units=16", "--embedding=8", "--lanes=4", "--window=96", "--audition-bars=1",
    "--threads=1", "--deterministic", "--validation-share=0.2", "--test-share=0.2", "--no-cache",
)  # fmt: skip
FOUR_EPOCHS = ("--epochs=4", "--save-every=3", "--name=little")


def _command(folder: Path, *more: str) -> list[str]:
    run = ["--run-folder", str(folder), str(CHORALES)]
    return [sys.executable, "-m", "musicrnn", "train", *SMALL, *run, *more]


def _train(folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(_command(folder, *more), capture_output=True, text=True, timeout=300, check=False)


def _last_step(folder: Path) -> dict[str, np.ndarray]:
    stored = checkpoint.read(checkpoint.stored(folder / "checkpoints", "step-")[-1])
    return dict(stored.arrays)


def _has_come_to(run: Path, step: int) -> bool:
    return any(path.name >= f"step-{step:08}" for path in checkpoint.stored(run / "checkpoints", "step-"))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """Return the folder of a run that was never interrupted, and what it printed."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    return folder, _train(folder, *FOUR_EPOCHS)


def test_a_network_that_could_not_be_played_is_not_trained(tmp_path: Path) -> None:
    """Its model file would be over 256 MiB; nothing is begun, and no folder made."""
    done = _train(tmp_path / "run", "--units=4096", "--epochs=1")
    assert done.returncode == 78
    assert "network.layers and network.units must make a model file of at most 268 MB" in done.stderr
    assert not (tmp_path / "run").exists()


def test_a_run_leaves_all_that_was_promised(whole: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    """Settings, manifest, metrics, TensorBoard, plot, checkpoints, auditions and a model that plays."""
    run, done = whole
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "parameters" in done.stdout
    assert " tokens in the vocabulary\n" in done.stdout
    for name in ("settings.toml", "corpus.json", "metrics.csv", "loss.png", "model.onnx", "train.log"):
        assert (run / name).stat().st_size > 0, name
    assert list((run / "tensorboard").glob("events.*"))
    manifest = json.loads((run / "corpus.json").read_text())
    assert len(manifest["pieces"]) == len(list(CHORALES.glob("*.mid")))
    assert all(len(piece["sha256"]) == 64 for piece in manifest["pieces"])
    with (run / "metrics.csv").open() as file:
        validations = [row for row in csv.DictReader(file) if row["valid_nats_a_token"]]
    assert len(validations) == 4
    names = [path.name for path in checkpoint.stored(run / "checkpoints", "epoch-")]
    assert all("-valid-" in name for name in names)
    assert len(names) == 3
    assert (run / "auditions" / "epoch-0004.txt").read_text().startswith("# grid = 4")
    assert read_midi(run / "auditions" / "epoch-0004.mid")
    info = read_info(run / "model.onnx")
    assert info.name == "little"
    assert {"valid_nats_a_token", "test_nats_a_tick"} <= set(info.figures)
    assert load_model(str(run / "model.onnx")).info.vocabulary == info.vocabulary


def test_a_run_killed_and_resumed_ends_like_one_never_interrupted(
    tmp_path: Path, whole: tuple[Path, subprocess.CompletedProcess[str]]
) -> None:
    """SIGKILL at a random point, then --resume: weights, optimiser and state are the same to the last bit."""
    process = subprocess.Popen(_command(tmp_path / "killed", *FOUR_EPOCHS), stdout=subprocess.PIPE, text=True)
    until(lambda: _has_come_to(tmp_path / "killed", 6), process)
    process.kill()
    process.communicate()
    assert not (tmp_path / "killed" / "model.onnx").exists()
    resumed = subprocess.run(
        [sys.executable, "-m", "musicrnn", "train", "--resume", str(tmp_path / "killed")],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert resumed.returncode == 0, resumed.stderr
    assert "going on at step" in resumed.stdout
    expected, found = _last_step(whole[0]), _last_step(tmp_path / "killed")
    assert expected.keys() == found.keys()
    assert [name for name in expected if expected[name].tobytes() != found[name].tobytes()] == []


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for one process")
@pytest.mark.parametrize(("kind", "status"), [(signal.SIGINT, 0), (signal.SIGTERM, 143)])
def test_a_signal_saves_and_exports(tmp_path: Path, kind: signal.Signals, status: int) -> None:
    """After Ctrl-C or SIGTERM the run finishes its step, and writes the checkpoint of it and the model."""
    process = subprocess.Popen(
        _command(tmp_path / "run", "--epochs=100000", "--save-every=2"), stdout=subprocess.PIPE, text=True
    )
    until(lambda: _has_come_to(tmp_path / "run", 2), process)
    process.send_signal(kind)
    output, _ = process.communicate(timeout=120)
    assert process.returncode == status
    (step,) = re.findall(r"it was asked to stop after (?:[1-9]\d* epochs?, )?(\d+) steps", output)
    assert checkpoint.stored(tmp_path / "run" / "checkpoints", "step-")[-1].name.startswith(f"step-{int(step):08}-")
    assert read_info(tmp_path / "run" / "model.onnx").units == 16


SIGNALS = """
import sys
from musicrnn.trainer.run import StopRequest
stop = StopRequest(iter(map(float, sys.argv[1:])).__next__)
for _ in sys.argv[1:]:
    stop(15, None)
sys.exit(stop.signal)
"""


@pytest.mark.parametrize(
    ("moments", "status"), [(("100.0",), 15), (("100.0", "100.001", "100.2"), 15), (("100.0", "100.001", "100.4"), 143)]
)
def test_signals_at_the_same_time_are_one(moments: tuple[str, ...], status: int) -> None:
    """As `timeout` sends them, to the process and to its group; one that comes later still ends it at once."""
    ended = subprocess.run([sys.executable, "-c", SIGNALS, *moments], capture_output=True, text=True, check=False)
    assert ended.returncode == status, ended.stderr
    assert ("stopped at once" in ended.stderr) == (status == 143)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for one process")
def test_ctrl_c_before_the_first_step_leaves_nothing(tmp_path: Path) -> None:
    """SIGINT while the corpus is read or TensorFlow starts ends the run with one line, and without a folder."""
    process = subprocess.Popen(
        _command(tmp_path / "run", "--epochs=1"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    until((tmp_path / "run" / ".lock").exists, process)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "there is nothing new to keep" in errors
    assert not (tmp_path / "run").exists()


def test_a_run_that_is_over_says_how_to_go_on(whole: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    """Its end names the command; folders given beside --resume are refused, for they would be passed over."""
    run, done = whole
    assert f"go on: musicrnn-train --resume {run} --epochs TOTAL (of the whole run: more than 4)\n" in done.stdout
    refused = subprocess.run(
        [sys.executable, "-m", "musicrnn", "train", "--resume", str(run), str(run)],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert refused.returncode == 78
    assert "the run's own folders" in refused.stderr


@pytest.mark.parametrize("words", [[], ["--epochs=3"]])
def test_a_run_that_is_over_is_not_read_again(
    whole: tuple[Path, subprocess.CompletedProcess[str]], words: list[str]
) -> None:
    """Without more to do it is refused before its corpus is read, with what it has had and what was asked for."""
    run, _ = whole
    command = [sys.executable, "-m", "musicrnn", "train", "--resume", str(run), *words]
    refused = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (refused.returncode, refused.stdout) == (78, "")
    asked = 3 if words else 4
    assert refused.stderr.endswith(f"must be more than the 4 that it has had, got {asked}\n")
    assert refused.stderr.count("\n") == 1


def test_a_run_killed_before_its_model_was_written_comes_to_its_end(
    tmp_path: Path, whole: tuple[Path, subprocess.CompletedProcess[str]]
) -> None:
    """Without another step."""
    shutil.copytree(whole[0], tmp_path / "killed")
    (tmp_path / "killed" / "model.onnx").unlink()
    command = [sys.executable, "-m", "musicrnn", "train", "--resume", str(tmp_path / "killed")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "killed" / "model.onnx").read_bytes() == (whole[0] / "model.onnx").read_bytes()
    expected, found = _last_step(whole[0]), _last_step(tmp_path / "killed")
    assert [name for name in expected if expected[name].tobytes() != found[name].tobytes()] == []


def test_a_run_inside_its_corpus_goes_on_and_a_corpus_that_changed_is_refused(tmp_path: Path) -> None:
    """Its auditions are no part of the corpus; a new file is named, with status 65, and the manifest stays.

    It goes on from another folder too, and where its corpus is gone it is named with it.
    """
    music, command = tmp_path / "midi", [sys.executable, "-m", "musicrnn", "train"]
    shutil.copytree(CHORALES, music)

    def train(*words: str, where: Path = music) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*command, *words], capture_output=True, text=True, timeout=300, check=False, cwd=where)

    begun = train(*SMALL, ".", "--run-folder=runs/a", "--epochs=1")
    assert begun.returncode == 0, begun.stderr
    assert (music / "runs" / "a" / "auditions" / "epoch-0001.mid").exists()
    resumed = train("--resume=midi/runs/a", "--epochs=2", where=tmp_path)
    assert resumed.returncode == 0, resumed.stderr
    manifest = (music / "runs" / "a" / "corpus.json").read_bytes()
    assert str(tmp_path).encode() not in manifest
    shutil.copy(music / "runs" / "a" / "auditions" / "epoch-0001.mid", music / "new.mid")
    refused = train("--resume=runs/a", "--epochs=3")
    assert refused.returncode == 65
    assert "1 came (midi/new.mid);" in refused.stderr
    assert (music / "runs" / "a" / "corpus.json").read_bytes() == manifest
    music.rename(tmp_path / "moved")
    gone = train("--resume=moved/runs/a", "--epochs=3", where=tmp_path)
    assert gone.returncode == 65
    assert f"moved/runs/a: the run's corpus must still be there; {music}: a corpus folder must" in gone.stderr


@pytest.mark.parametrize("name", ["", "../elsewhere", "a/b", "n" * 65])
def test_a_name_that_would_be_a_path_is_refused(tmp_path: Path, name: str) -> None:
    """A model's name becomes part of a folder's name, and must not lead out of it."""
    command = [sys.executable, "-m", "musicrnn", "train", f"--name={name}", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, cwd=tmp_path)
    assert done.returncode == 78
    assert "--name must be" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten_unless_asked(whole: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    """A second run into the same folder is refused before it does anything, and says what can be done."""
    run, _ = whole
    before = sorted((p.name, p.stat().st_mtime_ns) for p in (run / "checkpoints").iterdir())
    again = _train(run, "--epochs=1")
    assert again.returncode == 66
    assert "--resume" in again.stderr
    assert "--overwrite" in again.stderr
    assert before == sorted((p.name, p.stat().st_mtime_ns) for p in (run / "checkpoints").iterdir())


def test_a_folder_that_is_no_run_is_left_as_it_is(tmp_path: Path) -> None:
    """What others keep in it is neither replaced nor deleted; status 66."""
    for name in ("model.onnx", "checkpoints/mine.npz"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"mine")
    refused = _train(tmp_path, "--epochs=1")
    assert (refused.returncode, refused.stdout) == (66, "")
    assert "--overwrite" in refused.stderr
    assert (tmp_path / "model.onnx").read_bytes() == (tmp_path / "checkpoints" / "mine.npz").read_bytes() == b"mine"


def test_a_new_run_can_start_from_another_models_weights(
    tmp_path: Path, whole: tuple[Path, subprocess.CompletedProcess[str]]
) -> None:
    """--init-from takes the weights; a network of another size is refused with both shapes; --overwrite begins anew."""
    first, second = whole[0], tmp_path / "second"
    done = _train(second, "--epochs=1", f"--init-from={first}", "--learning-rate=0")
    assert done.returncode == 0, done.stderr
    start = checkpoint.read(checkpoint.stored(first / "checkpoints", "best-")[-1]).arrays
    assert all((_last_step(second)[name] == start[name]).all() for name in start)
    wrong = _train(second, "--epochs=1", f"--init-from={first}", "--units=24", "--overwrite")
    assert wrong.returncode == 70
    assert "must have shape" in wrong.stderr
    for source, words in ((str(first), "must have shape"), ("nosuch", "training.init_from must be a run's folder")):
        refused = _train(tmp_path / "third", f"--init-from={source}", "--units=24")
        assert refused.returncode == 70
        assert words in refused.stderr
        assert not (tmp_path / "third").exists()


@pytest.mark.parametrize("named", ["run", "run/model.onnx", "run/../run/checkpoints/best-epoch-0001-valid-1.0000.npz"])
def test_a_run_is_not_written_over_with_its_own_weights(tmp_path: Path, named: str) -> None:
    """It would have to be deleted before the new one is kept; nobody's only weights are lost."""
    source = tmp_path / named
    for path in (tmp_path / "run" / "model.onnx", source):
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.is_dir():
            path.write_bytes(b"weights")
    before = sorted((tmp_path / "run").rglob("*"))
    training = TrainingSettings(run_folder=str(tmp_path / "run"), init_from=str(source), overwrite=True)
    words = f"run: the run folder must not hold what training.init_from names, got {source}; choose another"
    with pytest.raises(RunFolderError, match=re.escape(words)):
        train(Settings(training=training))
    assert sorted((tmp_path / "run").rglob("*")) == before


def test_what_a_settings_file_says_of_other_music_is_told_first(tmp_path: Path) -> None:
    """Source and licence that were not typed go into the model; the line is the first on the screen and in the log."""
    recipe = tmp_path / "recipe.toml"
    recipe.write_text('[training]\nsource = "A [red] book"\nlicence = "CC0"\n', encoding="utf-8")
    line = f"the model's file will say: source 'A [red] book' (of {recipe}); give other music its own with --source"
    done = _train(tmp_path / "run", "--epochs=1", f"--config={recipe}", "--licence=mine")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == line
    log = (tmp_path / "run" / "train.log").read_text(encoding="utf-8")
    assert log.splitlines()[0].endswith(f" {line}")
    info = read_info(tmp_path / "run" / "model.onnx")
    assert (info.corpus["source"], info.corpus["licence"]) == ("A [red] book", "mine")


def test_nothing_is_told_of_what_was_typed() -> None:
    """Nor where nothing is said of source and licence; both of a file are told in one line."""
    training = TrainingSettings(source="a book", licence="CC0")
    typed = {"training.source": "--source", "training.licence": "--licence"}
    assert told_by_file(Settings(training=training, origins=typed)) == ""
    assert told_by_file(Settings()) == ""
    assert told_by_file(Settings(training=training, origins=dict.fromkeys(typed, "a.toml"))) == (
        "the model's file will say: source 'a book', licence 'CC0' (of a.toml); give other music its own with --source "
        "and --licence"
    )


def test_a_model_of_other_sizes_is_refused_before_the_corpus_is_read(tmp_path: Path) -> None:
    """Which is not even there; nothing is left behind."""
    training = TrainingSettings(run_folder=str(tmp_path / "run"), init_from="songs")
    corpus = CorpusSettings((str(tmp_path / "missing"),), ticks_per_beat=4)
    with pytest.raises(TrainingError, match=r"units must be 320 .*; ticks_per_beat must be 12 .* recipes/songs\.toml"):
        train(Settings(corpus, training=training))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("folder", "status", "words"),
    [
        pytest.param("missing", 65, "missing", id="a folder that is not there"),
        pytest.param("empty", 65, "empty", id="a folder without music"),
    ],
)
def test_bad_folders_get_one_clear_line(tmp_path: Path, folder: str, status: int, words: str) -> None:
    """A missing or empty folder is named, and no run folder is left behind."""
    (tmp_path / "empty").mkdir()
    command = [sys.executable, "-m", "musicrnn", "train", "--run-folder", str(tmp_path / "run"), str(tmp_path / folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == status
    assert words in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "run").exists()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no limit on the size of files")
def test_a_disk_without_room_ends_the_run_plainly(tmp_path: Path) -> None:
    """Where the first checkpoint cannot be written, one line says so and no half file is left."""
    import resource

    done = subprocess.run(
        _command(tmp_path / "run", "--epochs=1"), capture_output=True, text=True, timeout=300, check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000)),
    )  # fmt: skip
    assert done.returncode == 70, done.stderr
    assert "the checkpoint cannot be written" in done.stderr
    assert done.stderr.count("\n") == 1
    assert list((tmp_path / "run" / "checkpoints").iterdir()) == []


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_files_that_are_left_out_are_told_whatever_their_names(tmp_path: Path) -> None:
    """Also where standard output takes nothing but UTF-8, as in most languages' settings."""
    (tmp_path / "bad\udcff.mid").write_bytes(b"no music")
    shutil.copyfile(next(CHORALES.glob("*.mid")), tmp_path / "good\udcff.mid")
    done = subprocess.run(
        [sys.executable, "-m", "musicrnn", "train", str(tmp_path), "--run-folder", str(tmp_path / "run"), "--no-cache"],
        capture_output=True, timeout=300, check=False, env=os.environ | {"PYTHONIOENCODING": "utf-8:strict"},
    )  # fmt: skip
    assert b"  left out: " in done.stdout
    assert b"bad\\udcff.mid: a MIDI file must begin with MThd" in done.stdout
    assert done.stderr.startswith(b"musicrnn: error: the corpus must hold at least 3 usable pieces")


def test_the_model_file_says_of_what_order_and_division_its_corpus_was(
    whole: tuple[Path, subprocess.CompletedProcess[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    """So `evaluate` takes the run as it is, and refuses the model with another division."""
    assert set(read_info(whole[0] / "model.onnx").corpus) >= {"sha256", "ordered_sha256", "split"}
    quick = ["--pieces=2", "--most-bars=1", "--tokens=500"]
    assert cli.main(["evaluate", str(whole[0]), *quick]) == 0
    assert "beside 2 held-out pieces" in capsys.readouterr().out
    assert cli.main(["evaluate", str(whole[0]), "--split-seed=3", *quick]) == 65
    assert "split_seed must be 0, got 3, as little was trained" in capsys.readouterr().err


def test_pieces_of_another_order_are_not_called_the_runs_test_pieces(
    whole: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    """`export` says that they cannot be had, and takes music of the model's own."""
    info = read_info(whole[0] / "model.onnx")
    assert len(export_run.test_pieces(whole[0], info)) == 2
    other = replace(info, corpus=info.corpus | {"ordered_sha256": "0" * 64})
    with pytest.raises(CorpusError, match="must be in the order in which little learnt from it"):
        export_run.test_pieces(whole[0], other)


def test_a_run_that_kept_nothing_back_for_its_test_is_said_to_have_none(tmp_path: Path) -> None:
    """Not to have learnt from other music; nothing of its corpus is read for that."""
    (tmp_path / "settings.toml").write_text('[corpus]\nfolders = ["gone"]\ntest_share = 0\n', encoding="utf-8")
    info = ModelInfo("little", Vocabulary(4, (Part("voice", 40, 90),)), 1, 16)
    with pytest.raises(CorpusError, match=r"settings\.toml: corpus\.test_share must have kept pieces back .*, got 0"):
        export_run.test_pieces(tmp_path, info)


def test_an_export_is_to_the_byte_what_the_training_wrote(
    tmp_path: Path, whole: tuple[Path, subprocess.CompletedProcess[str]]
) -> None:
    """With the figures of the test, which only the end of the training finds."""
    exported = tmp_path / "again.onnx"
    assert cli.main(["export", str(whole[0]), "--output", str(exported)]) == 0
    assert read_info(exported).figures == read_info(whole[0] / "model.onnx").figures
    assert exported.read_bytes() == (whole[0] / "model.onnx").read_bytes()


@pytest.mark.parametrize("name", ["a[/b].mid", "[red]dance.mid", "x" * 50 + "[/].mid", "tab\there.mid"])
def test_a_name_with_brackets_is_shown_as_it_is(name: str) -> None:
    """It is no markup, of which a closing tag that none opened would end the training."""
    assert Text.from_markup(shown_name(name)).plain == printable(name[-40:])
