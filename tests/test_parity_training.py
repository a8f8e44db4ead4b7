"""What training owes to the predecessors and no other test shows: one run, resumed and sampled, and the small parts."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from musicrnn import cli
from musicrnn.config.corpus import CorpusSettings
from musicrnn.errors import TrainingError
from musicrnn.models.grammar import Grammar
from musicrnn.models.metadata import ModelInfo
from musicrnn.models.model_file import read_info
from musicrnn.models.network import Network, NetworkShape
from musicrnn.models.score import Part
from musicrnn.models.vocabulary import Vocabulary
from musicrnn.trainer import checkpoint, session
from musicrnn.trainer.lanes import Batch, Lanes
from musicrnn.trainer.material import material
from musicrnn.trainer.step import Stepper
from tests.trainer.pieces import PARTS, tunes

pytestmark = pytest.mark.train

CHORALES = Path(__file__).parent / "fixtures" / "chorales"
SMALL = (
    "--ticks-per-beat=4", "--units=16", "--layers=1", "--embedding=8", "--lanes=4", "--window=32", "--name=little",
    "--audition-bars=0", "--validation-share=0.2", "--test-share=0.2", "--no-cache",
)  # fmt: skip
MATERIAL = material(tunes(10), CorpusSettings(ticks_per_beat=4, transpose=0))
VOCABULARY = MATERIAL.vocabulary
SHAPE = NetworkShape(2, 8, 8, 0.0, 0.0, 0.0)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a run of one epoch that was taken up again for a second."""
    folder = tmp_path_factory.mktemp("runs") / "little"
    assert cli.main(["train", str(CHORALES), "--run-folder", str(folder), "--epochs=1", *SMALL]) == 0
    assert cli.main(["train", "--resume", str(folder), "--epochs=2"]) == 0
    return folder


def rows(run: Path) -> list[dict[str, str]]:
    """Return what a run wrote down of itself."""
    with (run / "metrics.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_model_is_trained_resumed_and_sampled(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The whole way (P38): two epochs are in the metrics, and the run's folder is a model that plays."""
    assert [row["epoch"] for row in rows(run) if row["valid_nats_a_token"]] == ["1", "2"]
    capsys.readouterr()
    assert cli.main(["sample", "--model", str(run), "--bars=2", "--seed=1"]) == 0
    bars = [line for line in capsys.readouterr().out.splitlines() if not line.startswith("#")]
    assert len(bars) == 2


def test_norms_and_the_time_of_a_step_are_in_the_metrics(run: Path) -> None:
    """Of gradients before clipping and of parameters, each ten steps (P24)."""
    steps = [row for row in rows(run) if row["gradient_norm"]]
    assert steps
    for row in steps:
        assert int(row["step"]) % 10 == 0
        assert all(float(row[name]) > 0 for name in ("gradient_norm", "parameter_norm", "seconds_a_step"))


def test_the_best_weights_are_kept_with_their_validation_in_the_name(run: Path) -> None:
    """And are those of the model (P21)."""
    figures = [float(row["valid_nats_a_token"]) for row in rows(run) if row["valid_nats_a_token"]]
    (best,) = checkpoint.stored(run / "checkpoints", "best-")
    assert f"-valid-{min(figures):.4f}-" in best.name
    assert read_info(run / "model.onnx").figures["valid_nats_a_token"] == pytest.approx(min(figures), abs=1e-4)


def loud_network() -> Network:
    """Return a network whose state matters much."""
    network = Network(VOCABULARY, SHAPE, seed=3)
    for variable in network.trainable_variables:
        variable.assign(np.asarray(variable) * 6.0)
    return network


def windows(size: int) -> Iterator[Batch]:
    """Yield the windows of two pieces, side by side."""
    lanes = Lanes(MATERIAL.train[:2], Grammar(VOCABULARY), 2, size, once=True)
    while (batch := lanes.next()) is not None:
        yield batch


def test_the_state_goes_on_from_window_to_window() -> None:
    """The original forgot all every 64 characters; here the length of a window changes no prediction."""
    network = loud_network()
    whole, small = max(map(len, MATERIAL.train[:2])), 24
    stepper = Stepper(network, 2, weight_decay=0.0, clip=1.0)
    nats = {}
    for size in (whole, small):
        nats["train", size] = sum(stepper.train(batch, 0.0).nats for batch in windows(size))
        state, total = network.initial_state(2), 0.0
        for batch in windows(size):
            some, state = stepper.evaluate(batch, state)
            total += some
        nats["evaluate", size] = total
    forgetful = sum(stepper.evaluate(batch, network.initial_state(2))[0] for batch in windows(small))
    assert list(nats.values()) == pytest.approx([nats["train", whole]] * 4, rel=1e-5)
    assert abs(forgetful - nats["train", whole]) > 0.01 * nats["train", whole]


def test_a_seed_gives_the_first_weights_and_another_gives_others() -> None:
    """All of them but the biases (P22)."""
    first, again, other = (Network(VOCABULARY, SHAPE, seed) for seed in (5, 5, 6))
    for mine, same, different in zip(*(n.trainable_variables for n in (first, again, other)), strict=True):
        assert (np.asarray(mine) == np.asarray(same)).all()
        assert "bias" in mine.path or (np.asarray(mine) != np.asarray(different)).any()


@pytest.mark.parametrize("rates", [(0.0, 0.5, 0.0), (0.0, 0.0, 0.5), (0.5, 0.0, 0.0), (0.0, 0.0, 0.0)])
@pytest.mark.parametrize("recurrent", [0.0, 0.5])
def test_dropout_acts_where_it_is_set_and_in_training_only(rates: tuple[float, float, float], recurrent: float) -> None:
    """Between layers, at the input, at the output, in the recurrent weights, nowhere (P35)."""
    shape = NetworkShape(2, 8, 8, *rates, recurrent_dropout=recurrent)
    network = Network(VOCABULARY, shape)
    batch = next(windows(24))
    read = (batch.tokens, batch.places, batch.valid, network.initial_state(2))
    plain, again, dropped = (np.asarray(network(*read, training=on)[0]) for on in (False, False, True))
    assert (plain == again).all()
    assert (plain != dropped).any() == any((*rates, recurrent))


def test_a_clip_of_zero_does_not_clip() -> None:
    """It learns as under a limit that no gradient reaches."""
    learnt = []
    for clip in (0.0, 1e6, 1e-6):
        network = Network(VOCABULARY, SHAPE, seed=3)
        stepper = Stepper(network, 2, weight_decay=0.0, clip=clip)
        before = np.asarray(network.output_bias).copy()
        assert stepper.train(next(windows(24)), 1e-3).gradient_norm > 1e-3
        learnt.append(np.asarray(network.output_bias) - before)
    np.testing.assert_allclose(learnt[0], learnt[1], rtol=1e-4, atol=1e-9)
    assert np.abs(learnt[0]).max() > np.abs(learnt[2]).max()


def test_weights_whose_tokens_mean_something_else_are_refused(tmp_path: Path) -> None:
    """As many tokens, other notes: every shape agrees, and the vocabulary does not (P29)."""
    soprano, bass = PARTS
    mine = Vocabulary(4, (soprano, bass))
    parts = (Part("soprano", soprano.low + 1, soprano.high), Part("bass", bass.low - 1, bass.high))
    theirs = Vocabulary(4, parts)
    assert mine.size == theirs.size
    network = Network(theirs, SHAPE)
    path = session.save_weights(tmp_path, "best-1", network, ModelInfo("theirs", theirs, 2, 8))
    session.init_from(Network(theirs, SHAPE, seed=2), path)
    with pytest.raises(TrainingError, match=r"tokens must mean the same .* got parts soprano G#3\.\.A5, bass B1\.\.C4"):
        session.init_from(Network(mine, SHAPE), path)


def test_a_model_file_is_not_taken_for_weights(tmp_path: Path) -> None:
    """It holds sums of tables, which cannot be trained on; the message says what can."""
    with pytest.raises(TrainingError, match=r"model\.onnx: must be a run's folder or a weights file in it"):
        session.init_from(Network(VOCABULARY, SHAPE), tmp_path / "model.onnx")
