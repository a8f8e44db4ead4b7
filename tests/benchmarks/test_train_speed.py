"""The speed benchmark trains the same network by other makes, and counts what a token costs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.train_peers import PyTorchNetwork, pytorch
from benchmarks.train_speed import Ours, made_up, main, operations
from musicrnn.config.settings import Settings
from musicrnn.trainer.material import Material, material

pytestmark = pytest.mark.train

DEFAULTS = Settings()
SETTINGS = replace(
    DEFAULTS,
    network=replace(DEFAULTS.network, layers=2, units=16, embedding=8, dropout=0.0, output_dropout=0.0),
    training=replace(DEFAULTS.training, window=32),
)


@pytest.fixture(scope="module")
def prepared() -> Material:
    """Return a few made-up pieces."""
    grid = SETTINGS.corpus.ticks_per_beat
    return material([(f"piece {i}", made_up(i, grid, bars=4)) for i in range(6)], SETTINGS.corpus)


def test_pytorch_has_the_same_loss_from_the_same_weights(prepared: Material) -> None:
    """On a first batch, whose lanes all begin a piece, the nats of both are equal to 1e-4."""
    pytest.importorskip("torch")
    ours = Ours(prepared, replace(SETTINGS, training=replace(SETTINGS.training, window=24)), 4)
    batch = ours.batch()
    theirs = PyTorchNetwork(ours.network, SETTINGS.training, 4).nats(batch, training=False).item()
    nats, _ = ours.stepper.evaluate(batch, ours.network.initial_state(4))
    assert batch.fresh[:, 0].all()
    assert not batch.fresh[:, 1:].any()
    assert theirs == pytest.approx(nats, rel=1e-4)


def test_pytorch_learns_as_ours_does(prepared: Material) -> None:
    """Five steps on the same batch lower both losses (its tables are whole, ours summed of factors: not equal)."""
    pytest.importorskip("torch")
    ours = Ours(prepared, SETTINGS, 4)
    batch, empty = ours.batch(), ours.network.initial_state(4)
    before, _ = ours.stepper.evaluate(batch, empty)
    other = PyTorchNetwork(ours.network, SETTINGS.training, 4)
    for _ in range(5):
        ours.stepper.train(batch, 1e-3)
        other.learn(batch)
    assert ours.stepper.evaluate(batch, empty)[0] < before
    assert other.nats(batch, training=False).item() < before


def test_every_make_counts_valid_predictions_only(prepared: Material) -> None:
    """What a peer says it learnt from is what is not padding."""
    pytest.importorskip("torch")
    ours = Ours(prepared, replace(SETTINGS, training=replace(SETTINGS.training, window=100, windows="bars")), 4)
    batch = ours.batch()
    assert not batch.valid.all()
    assert pytorch(ours.network, SETTINGS.training, [batch])() == int(batch.valid.sum())


def test_a_token_costs_three_times_its_forward_products() -> None:
    """One layer of 3 units on 2 inputs and 5 tokens: 3 x 2 x ((2 + 3) x 12 + 3 x 5)."""
    assert operations(1, 3, 2, 5) == 450


def test_made_up_music_is_the_same_for_the_same_seed() -> None:
    """A figure can be measured again on the same notes."""
    assert made_up(3, 12, bars=2) == made_up(3, 12, bars=2)
    assert made_up(3, 12, bars=2) != made_up(4, 12, bars=2)
    assert np.mean([note.length for note in made_up(3, 12).notes]) > 6


def test_the_table_has_a_row_for_each_make(capsys: pytest.CaptureFixture[str]) -> None:
    """The whole benchmark runs on one tiny size."""
    pytest.importorskip("torch")
    main(["--sizes", "1x8", "--batches", "2", "--rounds", "1", "--seconds", "0.01", "--window", "16"])
    table = capsys.readouterr().out
    for name in ("| 1 x 8 | 2 | ours |", "PyTorch nn.LSTM", "Keras LSTM, fit", "GFLOP/s"):
        assert name in table
