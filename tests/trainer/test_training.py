"""Runs in this process that meet with want of memory, a full disk, and weights that overflow."""

from __future__ import annotations

import io
import re
import shlex
import shutil
import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from rich.console import Console

from musicrnn.config.corpus import CorpusSettings
from musicrnn.config.network import NetworkSettings
from musicrnn.config.settings import Settings
from musicrnn.config.training import TrainingSettings
from musicrnn.errors import NotWrittenError, RunFolderError, TrainingError
from musicrnn.models.model_file import read_info
from musicrnn.trainer import checkpoint, session
from musicrnn.trainer.count import Count, Stepping, StepResult, Windows
from musicrnn.trainer.dataset import Piece
from musicrnn.trainer.fit import MOST_SETBACKS
from musicrnn.trainer.lanes import Batch
from musicrnn.trainer.material import Material, material
from musicrnn.trainer.run_folder import METRICS, RunFolder
from musicrnn.trainer.team import Alone
from musicrnn.trainer.training import STEPS, Training
from tests.trainer.pieces import tunes

pytestmark = pytest.mark.train

MATERIAL = material(tunes(10), CorpusSettings(ticks_per_beat=4, transpose=0))
PLAIN = TrainingSettings(lanes=3, window=32, epochs=2, learning_rate=0.01, audition_bars=0)


class Unasked:
    """Nobody asks the run to stop."""

    signal = 0


class Scant:
    """A stepper whose first step fails for want of memory, and leaves weights, optimiser, seed and state changed."""

    def __init__(self, stepper: Stepping) -> None:
        self.stepper = stepper
        self.network, self.optimizer, self.half, self.carried = (
            stepper.network, stepper.optimizer, stepper.half, stepper.carried,
        )  # fmt: skip
        self.disparity, self.gradients, self.evaluate, self.halve = (
            stepper.disparity, stepper.gradients, stepper.evaluate, stepper.halve,
        )  # fmt: skip
        self._is_first = True

    def train(self, batch: Windows, rate: float) -> StepResult:
        """Learn, the first time far too much and in vain."""
        if not self._is_first:
            return self.stepper.train(batch, rate)
        self._is_first = False
        self.stepper.train(batch, 100 * rate)
        raise MemoryError("no room")


class Hopeless(Scant):
    """A stepper that never finds a loss."""

    def train(self, batch: Windows, rate: float) -> StepResult:  # noqa: ARG002
        """Learn nothing."""
        return StepResult(float("nan"), int(batch.valid.sum()), 1.0, 1.0)


class Stumbling(Scant):
    """A stepper that finds no loss in its fifteenth step, once."""

    def __init__(self, stepper: Stepping) -> None:
        super().__init__(stepper)
        self.made = 0

    def train(self, batch: Windows, rate: float) -> StepResult:
        """Learn."""
        self.made += 1
        found = self.stepper.train(batch, rate)
        return found._replace(nats=float("nan")) if self.made == 15 else found


class Rough(Scant):
    """A stepper that says it learns in bfloat16, whose gradients point anywhere."""

    def __init__(self, stepper: Stepping) -> None:
        super().__init__(stepper)
        self.half, self.disparity = True, self._anywhere

    def _anywhere(self, batch: Windows) -> float:  # noqa: ARG002
        return 1.0


class Losing(Training):
    """A run whose checkpoints, all of them, are lost with their folder at the end of an epoch."""

    def _epoch_done(self, count: Count, better: bool) -> None:
        super()._epoch_done(count, better)
        shutil.rmtree(self.folder.checkpoints)


def _training(
    path: Path,
    settings: TrainingSettings = PLAIN,
    kind: type[Training] = Training,
    said: io.StringIO | None = None,
    prepared: Material = MATERIAL,
    corpus: CorpusSettings | None = None,
) -> Training:
    folder = RunFolder(path)
    folder.create(overwrite=True)
    network = NetworkSettings(units=8, embedding=4, layers=1)
    console = Console(file=said or io.StringIO(), width=1000)
    chosen = Settings(corpus=corpus or CorpusSettings(), training=settings, network=network)
    return kind(chosen, folder, prepared, {}, {}, console)


def _run(training: Training) -> None:
    with closing(training.folder):
        training.run(Unasked(), resume=False)


def _last(run: Path) -> dict[str, bytes]:
    stored = checkpoint.read(checkpoint.stored(run / "checkpoints", "step-")[-1])
    return {name: array.tobytes() for name, array in stored.arrays.items()}


def test_a_first_step_short_of_memory_is_made_again_from_the_same_state(tmp_path: Path) -> None:
    """Then it learns, to the bit, what a run does that is in halves from the start; the log says so."""
    halved, short = _training(tmp_path / "halved"), _training(tmp_path / "short")
    halved.stepper.halve()
    short.stepper = Scant(short.stepper)
    for run in (halved, short):
        _run(run)
    assert _last(tmp_path / "halved") == _last(tmp_path / "short")
    assert "gone over in two halves" in (tmp_path / "short" / "train.log").read_text(encoding="utf-8")


class Telling(Training):
    """A run that notes what stands last in its log whenever it measures pieces."""

    def evaluate(self, pieces: Sequence[Piece]) -> tuple[float, float]:
        """Measure."""
        lines = (self.folder.path / "train.log").read_text(encoding="utf-8").splitlines()
        self.measured_after = [*getattr(self, "measured_after", []), lines[-1][20:]]
        return super().evaluate(pieces)


def test_the_end_is_told_before_it_is_measured_and_written(tmp_path: Path) -> None:
    """On the screen and in the log: first what is left, then each part of it as it begins."""
    said = io.StringIO()
    training = _training(tmp_path, replace(PLAIN, epochs=0, minutes=1e-6), Telling, said)
    assert isinstance(training, Telling)
    _run(training)
    left = "its time is up; what is left is measuring the pieces held back, and writing the model"
    phases = [left, "measuring the 2 pieces held back", "writing the model"]
    assert [line for line in said.getvalue().splitlines() if line in phases] == phases
    log = (tmp_path / "train.log").read_text(encoding="utf-8")
    assert [line[20:] for line in log.splitlines() if line[20:] in phases] == phases
    assert training.measured_after[0] == left
    assert set(training.measured_after[-2:]) == {phases[1]}


class Ticking(Alone):
    """A team of one whose clock goes on by so many seconds whenever it is read: three times in a step."""

    def __init__(self, tick: float) -> None:
        self.tick, self.seconds = tick, 0.0

    def now(self) -> float:
        """Return the time."""
        self.seconds += self.tick
        return self.seconds


@pytest.mark.parametrize(("tick", "is_long"), [(1.0, False), (10.0, True)])
def test_the_log_tells_once_a_minute_of_an_epoch_that_lasts(tmp_path: Path, tick: float, is_long: bool) -> None:
    """The log alone, with how far it is; of one that is over in a minute there is the line at its end."""
    said = io.StringIO()
    training = _training(tmp_path, said=said)
    training.team = Ticking(tick)
    _run(training)
    words = (
        r"epoch ([12]), (\d+)% of it, step (\d+): training \d\.\d{4} nats a token; [\d,]+ tokens/s, "
        r"\d:\d\d:\d\d left\n"
    )
    found = re.findall(words, (tmp_path / "train.log").read_text(encoding="utf-8"))
    assert {epoch for epoch, _, _ in found} == ({"1", "2"} if is_long else set())
    assert all(0 < int(share) <= 100 for _, share, _ in found)
    steps = [int(step) for _, _, step in found]
    assert all(after - before >= 2 for before, after in pairwise(steps))  # of half a minute each
    assert " of it, step" not in said.getvalue()


def test_a_run_that_has_not_seen_all_of_its_corpus_says_so(tmp_path: Path) -> None:
    """It says what that means, then how to go on, and counts no epochs."""
    said = io.StringIO()
    training = _training(tmp_path, replace(PLAIN, epochs=0, minutes=0.2), said=said)
    training.team = Ticking(1.0)
    _run(training)
    log = [line[20:] for line in (tmp_path / "train.log").read_text(encoding="utf-8").splitlines()]
    for lines in (said.getvalue().splitlines(), log):
        assert re.fullmatch(r"its time is up after [1-9] steps: train nats .*", lines[-5])
        words = r"note: it has seen [1-9]\d% of the corpus, not yet all of it once, which takes some \d+ minutes?; "
        assert re.fullmatch(f"{words}it plays little but noise, so let it go on", lines[-3])
        assert lines[-2].startswith(f"go on: musicrnn-train --resume {tmp_path} --minutes TOTAL")
        assert not [line for line in lines if "epoch 0" in line or "0 epochs" in line]


def test_a_run_that_has_seen_all_of_its_corpus_says_nothing_of_that(tmp_path: Path) -> None:
    """One epoch is all of it once."""
    said = io.StringIO()
    _run(_training(tmp_path, replace(PLAIN, epochs=1), said=said))
    assert "all epochs are done after 1 epoch, " in said.getvalue()
    assert "not yet all of it" not in said.getvalue()


def test_what_to_type_next_can_be_typed(tmp_path: Path) -> None:
    """A shell takes the folder for one word whatever its name, as does the refusal to begin a run there again."""
    run, said = tmp_path / "hundert 'mine'", io.StringIO()
    _run(_training(run, replace(PLAIN, epochs=1), said=said))
    typed = [shlex.split(line) for line in said.getvalue().splitlines() if line.startswith(("go on", "play it"))]
    assert typed[0][:5] == ["go", "on:", "musicrnn-train", "--resume", str(run)]
    assert typed[1] == ["play", "it:", "musicrnn-daemon", str(run / "model.onnx")]
    with pytest.raises(RunFolderError, match=re.escape(f"(--resume {shlex.quote(str(run))})")):
        RunFolder(run).create(overwrite=False)


def test_what_a_training_finds_out_last_changes_no_run_that_it_would_replace(tmp_path: Path) -> None:
    """A model of other sizes, gradients of bfloat16 that point elsewhere, no room; all is as it was, to the byte."""
    _run(_training(tmp_path, replace(PLAIN, epochs=1)))
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    larger = _training(tmp_path, replace(PLAIN, init_from="chorales"))
    larger.folder.stage("settings", {"pieces": []})
    with pytest.raises(TrainingError, match="must be 2 as in the model, got 1"):
        _run(larger)
    rough = _training(tmp_path)
    rough.folder.stage("settings", {"pieces": []})
    rough.stepper = Rough(rough.stepper)
    with pytest.raises(TrainingError, match=r"training\.precision bfloat16 must give gradients"):
        _run(rough)
    with pytest.raises(TrainingError, match=r"the disk must have [\d,]+ bytes for checkpoints"):
        rough.folder.need_room(10**18)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has /dev/full")
def test_what_a_run_can_do_without_is_told_once_and_no_model_at_the_end(tmp_path: Path) -> None:
    """The diary on a full disk; something in the way of the figures, the plot, TensorBoard's files and the model."""
    said = io.StringIO()
    training = _training(tmp_path, said=said)
    (tmp_path / "train.log").symlink_to("/dev/full")
    for name in ("metrics.csv", "loss.png", "model.onnx"):
        (tmp_path / name).mkdir()
    (tmp_path / "tensorboard").rmdir()
    (tmp_path / "tensorboard").touch()
    with pytest.raises(
        NotWrittenError, match=r"model.onnx: the model cannot be written: Is a directory; .* export"
    ) as caught:
        _run(training)
    assert caught.value.exit_status == 74
    warned = [line for line in said.getvalue().splitlines() if "it cannot be written" in line]
    names = {Path(line.removeprefix("warning: ").split(": ")[0]).name for line in warned}
    assert (len(warned), names) == (4, {"train.log", "metrics.csv", "loss.png", "tensorboard"})
    assert any("train.log: it cannot be written: No space left on device; training goes on" in line for line in warned)


def test_a_last_checkpoint_that_is_not_written_is_the_last_thing_said(tmp_path: Path) -> None:
    """With status 74, after the model was written."""
    training = _training(tmp_path, replace(PLAIN, epochs=1), Losing)
    with pytest.raises(NotWrittenError, match=r"the checkpoint cannot be written: No such .*; the model is written"):
        _run(training)
    assert read_info(tmp_path / "model.onnx").units == 8


@pytest.mark.parametrize(
    ("shares", "told"),
    [
        pytest.param((0.0, 0.0), ["train nats a token"], id="none"),
        pytest.param((0.0, 0.2), ["train nats a token", "test nats a token", "test nats a tick"], id="the test alone"),
    ],
)
def test_no_figure_is_told_of_pieces_that_were_not_held_back(
    tmp_path: Path, shares: tuple[float, float], told: list[str]
) -> None:
    """There is nothing to measure it on; the model's file has as many."""
    said = io.StringIO()
    corpus = CorpusSettings(ticks_per_beat=4, transpose=0, validation_share=shares[0], test_share=shares[1])
    _run(_training(tmp_path, replace(PLAIN, epochs=1), said=said, prepared=material(tunes(10), corpus)))
    (line,) = [line for line in said.getvalue().splitlines() if line.startswith("all epochs are done after 1 epoch, ")]
    assert [words.rpartition(" ")[0] for words in line.partition(": ")[2].split(", ")] == told
    assert "nan" not in line
    assert set(read_info(tmp_path / "model.onnx").figures) == {name.replace(" ", "_") for name in told}


NOTHING_HELD_BACK = material(
    tunes(10), CorpusSettings(ticks_per_beat=4, transpose=0, validation_share=0.0, test_share=0.0)
)
PATIENT = replace(PLAIN, epochs=400, patience=1, learning_rate=0.0)


def test_figures_of_the_training_pieces_are_not_called_validation(tmp_path: Path) -> None:
    """Neither in what is said, nor in the diary, the table, metrics.csv, and the names and figures of weights."""
    said = io.StringIO()
    training = _training(tmp_path, PATIENT, said=said, prepared=NOTHING_HELD_BACK)
    _run(training)
    lines = (tmp_path / "train.log").read_text(encoding="utf-8").splitlines()
    assert said.getvalue().count("validation") == 1
    (note,) = [line for line in lines if "validation" in line]
    assert "note: no pieces are held back for validation; 'trained' is how well those to train on are known" in note
    (first,) = [line for line in lines if " epoch 1: " in line]
    assert re.search(r"epoch 1: training \d\.\d{4}, trained \d\.\d{4} nats a token, \d\.\d{4} a tick", first)
    assert any("training got no better after" in line for line in lines)
    assert {row["valid_nats_a_token"] for row in training.folder.read_metrics()} == {""}
    assert any(row["trained_nats_a_token"] for row in training.folder.read_metrics())
    (best,) = checkpoint.stored(tmp_path / "checkpoints", "best-")
    assert best.name.startswith("best-epoch-0001-trained-")
    assert set(session.load_network(best)[1].figures) == {
        "train_nats_a_token", "trained_nats_a_token", "trained_nats_a_tick",
    }  # fmt: skip
    assert training.fit.progress.measured == "trained"


def test_a_run_that_called_them_so_goes_on_with_what_they_are(tmp_path: Path) -> None:
    """Its metrics, of fewer columns, and its weights are read, and there is one best among old and new names."""
    first = _training(tmp_path, replace(PLAIN, epochs=1), prepared=NOTHING_HELD_BACK)
    _run(first)
    rows = first.folder.read_metrics()
    (measured,) = [row["trained_nats_a_token"] for row in rows if row["trained_nats_a_token"]]
    _make_older(tmp_path, rows)
    (old,) = checkpoint.stored(tmp_path / "checkpoints", "best-")
    assert "-valid-" in old.name
    training = _training(tmp_path, prepared=NOTHING_HELD_BACK)
    with closing(training.folder):
        training.run(Unasked(), resume=True)
    rows = training.folder.read_metrics()
    assert {row["valid_nats_a_token"] for row in rows} == {""}
    figures = [row["trained_nats_a_token"] for row in rows if row["trained_nats_a_token"]]
    assert (len(figures), figures[0]) == (2, measured)
    (best,) = checkpoint.stored(tmp_path / "checkpoints", "best-")
    assert best.name.startswith("best-epoch-0002-trained-")


def _make_older(run: Path, rows: list[dict[str, str]]) -> None:
    """Make a run like those of before there was another name than validation."""
    lines = [",".join(METRICS[:-2])]
    for row in rows:
        old = row | {name.replace("trained", "valid"): row[name] for name in METRICS[-2:]}
        lines.append(",".join(old[name] for name in METRICS[:-2]))
    (run / "metrics.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    for path in (run / "checkpoints").glob("*-trained-*"):
        path.rename(path.with_name(path.name.replace("-trained-", "-valid-")))


def test_a_batch_that_no_loss_can_be_found_of_can_be_read_again(tmp_path: Path) -> None:
    """The run ends after the fourth, and names a file with the arrays of that batch and the count at its step."""
    training = _training(tmp_path)
    training.stepper = Hopeless(training.stepper)
    with pytest.raises(TrainingError, match=r"the batch is in .*bad-batch-") as caught:
        _run(training)
    (path,) = tmp_path.glob("bad-batch-*.npz")
    assert str(path) in str(caught.value)
    found = checkpoint.read(path)
    assert set(found.arrays) == set(Batch.__slots__)
    assert found.arrays["tokens"].shape == (3, 32)
    assert found.arrays["valid"].any()
    assert found.description["count"]["skipped"] == list(range(MOST_SETBACKS))


def test_the_metrics_tell_of_each_step_once_where_a_run_went_back(tmp_path: Path) -> None:
    """Steps that are made again after the last checkpoint are told anew, and no curve turns round."""
    training = _training(tmp_path, replace(PLAIN, epochs=1, window=8))
    training.stepper = Stumbling(training.stepper)
    _run(training)
    assert training.fit.count.setbacks == 1
    steps = [int(row["step"]) for row in training.folder.read_metrics() if row["train_nats_a_token"]]
    assert steps == [*range(10, 10 * len(steps) + 1, 10)]
    assert len(steps) > 1


def test_the_figure_of_the_training_is_that_of_the_weights_that_are_kept(tmp_path: Path) -> None:
    """Not that of the last epoch, where an earlier one was the best."""
    training = _training(tmp_path, replace(PLAIN, epochs=3, learning_rate=0.0))
    _run(training)
    (best,) = checkpoint.stored(tmp_path / "checkpoints", "best-")
    assert best.name.startswith("best-epoch-0001-")
    told = read_info(tmp_path / "model.onnx").figures["train_nats_a_token"]
    assert told == session.load_network(best)[1].figures["train_nats_a_token"]
    assert told != round(training.fit.count.figures["train_nats_a_token"], 5)


@pytest.mark.parametrize("window", [PLAIN.window, 2048])
@pytest.mark.parametrize("bars", [0, 1])
def test_a_run_without_limits_makes_its_steps_of_however_few_bars_a_piece(
    tmp_path: Path, bars: int, window: int
) -> None:
    """An epoch of some of the bars has fewer steps, so there are more epochs; also where a step has several epochs."""
    settings = replace(PLAIN, epochs=0, window=window)
    training = _training(tmp_path, settings, corpus=CorpusSettings(transpose=0, bars_a_piece=bars))
    with closing(training.folder):
        steps = training.lanes.size / (training.lane_count * window)
        assert STEPS <= training._epochs() * steps < 2 * STEPS


@pytest.mark.parametrize("suffix", session.KERAS_FILES)
def test_a_file_of_keras_is_never_loaded(tmp_path: Path, suffix: str) -> None:
    """It is refused by its name alone, whether it is there or not, with the reason."""
    with pytest.raises(RunFolderError, match=r"can hold code that runs when it is loaded, and is never loaded"):
        session.weights_path(tmp_path / f"weights{suffix}")
