"""What a new network takes from a model file (P5): its weights, and what the factors of its tokens tell of others."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from musicrnn.errors import ModelError, TrainingError
from musicrnn.models.catalogue import bundled
from musicrnn.models.metadata import ModelInfo
from musicrnn.models.network import Network, NetworkShape
from musicrnn.models.score import Part
from musicrnn.models.step_file import step_file
from musicrnn.models.vocabulary import Vocabulary
from musicrnn.testing import random_model, small_vocabulary
from musicrnn.trainer import session
from musicrnn.trainer.from_model import take_model

pytestmark = pytest.mark.train

SHAPE = NetworkShape(layers=2, units=24, embedding=12)


def _written(folder: Path, vocabulary: Vocabulary, precision: str = "float32", shape: NetworkShape = SHAPE) -> Path:
    """Return a model file of a network that began elsewhere."""
    info = ModelInfo("first", vocabulary, layers=shape.layers, units=shape.units, cell=shape.cell)
    path = folder / f"first-{precision}.onnx"
    path.write_bytes(step_file(Network(vocabulary, shape, seed=1).step_weights(), info, precision))
    return path


def test_all_that_a_file_holds_is_taken(tmp_path: Path) -> None:
    """Weights for weights: what it exports again is what it began from."""
    vocabulary = small_vocabulary(velocity_bins=4)
    network = Network(vocabulary, SHAPE, seed=2)
    taken = take_model(network, _written(tmp_path, vocabulary))
    assert (taken.known, taken.tokens) == (vocabulary.size, vocabulary.size)
    wanted, found = Network(vocabulary, SHAPE, seed=1).step_weights(), network.step_weights()
    for name in ("token", "tick", "beat", "metre", "output", "output_bias"):
        np.testing.assert_allclose(getattr(found, name), getattr(wanted, name), atol=1e-6, err_msg=name)
    for mine, theirs in zip(found.layers, wanted.layers, strict=True):
        for name in ("kernel", "recurrent", "bias"):
            assert (getattr(mine, name) == getattr(theirs, name)).all()


def test_of_an_int8_file_it_takes_what_its_numbers_stand_for(tmp_path: Path) -> None:
    """Within half a level, of which a column has 64."""
    vocabulary = small_vocabulary()
    network = Network(vocabulary, SHAPE, seed=2)
    assert "int8 weights" in str(take_model(network, _written(tmp_path, vocabulary, "int8")))
    wanted, found = Network(vocabulary, SHAPE, seed=1).step_weights(), network.step_weights()
    pairs = [(wanted.output, found.output)]
    pairs += [(one.recurrent, other.recurrent) for one, other in zip(wanted.layers, found.layers, strict=True)]
    for one, other in pairs:
        level = np.abs(one).max(axis=0) / 64
        assert (np.abs(one - other) <= 0.51 * level.max()).all()
        assert not (one == other).all()


def test_other_ranges_share_what_they_can(tmp_path: Path) -> None:
    """A note that both have keeps its rows; one that is new is held as its neighbours are, by its part and pitch."""
    known = small_vocabulary()
    parts = (replace(known.parts[0], low=58, high=74), *known.parts[1:], Part("flute", 70, 80, channel=3))
    wider = Vocabulary(known.ticks_per_beat, parts, max_polyphony=known.max_polyphony)
    network = Network(wider, SHAPE, seed=2)
    taken = take_model(network, _written(tmp_path, known))
    assert (taken.known, taken.tokens) == (known.size, wider.size)
    wanted, found = Network(known, SHAPE, seed=1).step_weights(), network.step_weights()
    for pitch in (60, 66, 72):
        for of_known, of_wider in ((known.attack, wider.attack), (known.hold, wider.hold)):
            np.testing.assert_allclose(found.token[of_wider(0, pitch)], wanted.token[of_known(0, pitch)], atol=1e-5)
            np.testing.assert_allclose(
                found.output[:, of_wider(0, pitch)], wanted.output[:, of_known(0, pitch)], atol=1e-5
            )
    attack_to_hold = wanted.token[known.hold(0, 72)] - wanted.token[known.attack(0, 72)]
    np.testing.assert_allclose(
        found.token[wider.hold(0, 74)] - found.token[wider.attack(0, 74)], attack_to_hold, atol=1e-5
    )


def test_levels_of_loudness_of_another_number_are_not_the_same(tmp_path: Path) -> None:
    """Level 2 of 4 is louder than level 2 of 8."""
    known, other = small_vocabulary(velocity_bins=4), small_vocabulary(velocity_bins=8)
    assert take_model(Network(other, SHAPE), _written(tmp_path, known)).known == other.size - 8


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        (replace(SHAPE, units=32), "units must be 24 as in the model, got 32"),
        (replace(SHAPE, layers=1), "layers must be 2 as in the model, got 1"),
        (replace(SHAPE, cell="gru"), "cell must be lstm as in the model, got gru"),
        (replace(SHAPE, embedding=16), "embedding must be 12 as in the model, got 16"),
    ],
)
def test_other_sizes_are_refused_and_change_nothing(tmp_path: Path, shape: NetworkShape, words: str) -> None:
    """The first that differs is named, with both values."""
    vocabulary = small_vocabulary()
    network = Network(vocabulary, shape, seed=2)
    before = network.step_weights()
    with pytest.raises(TrainingError, match=words):
        take_model(network, _written(tmp_path, vocabulary))
    assert (network.step_weights().token == before.token).all()


def test_another_grid_other_parts_and_other_cells_are_refused(tmp_path: Path) -> None:
    """A grid cannot be taken over, nor what no part shares; of a GRU's file nothing is read."""
    path = _written(tmp_path, small_vocabulary())
    with pytest.raises(TrainingError, match="ticks_per_beat must be 4 as in the model, got 2"):
        take_model(Network(small_vocabulary(ticks_per_beat=2), SHAPE), path)
    stranger = Vocabulary(4, (Part("flute", 60, 72),))
    with pytest.raises(TrainingError, match=r"one of the model's \(soprano, bass, drums\), got flute"):
        take_model(Network(stranger, SHAPE), path)
    gru = replace(SHAPE, cell="gru")
    (tmp_path / "gru").mkdir()
    other = _written(tmp_path / "gru", small_vocabulary(), shape=gru)
    with pytest.raises(TrainingError, match="must be an LSTM"):
        take_model(Network(small_vocabulary(), gru), other)


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    """As everywhere: by its seal."""
    path = _written(tmp_path, small_vocabulary())
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(ModelError, match="the seal must match"):
        take_model(Network(small_vocabulary(), SHAPE), path)


def test_a_bundled_model_is_begun_from_by_its_name() -> None:
    """Its weights give the likelihood that its file gives, whose rounding an int8 product shares."""
    from musicrnn.models.model_file import load_checked

    info = load_checked(bundled()["drums"]).info
    network = Network(info.vocabulary, NetworkShape(info.layers, info.units, 64))
    said = session.begin_from(network, "drums")
    assert said == f"drums (int8 weights), which knows {info.vocabulary.size} of {info.vocabulary.size} tokens"


def test_rows_that_no_network_has_are_met_as_nearly_as_factors_can(tmp_path: Path) -> None:
    """A file by another hand: every weight but the tables' is taken, and the network is finite."""
    model = random_model(small_vocabulary(), units=12)
    path = tmp_path / "random.onnx"
    path.write_bytes(step_file(model.weights, model.info))
    network = Network(small_vocabulary(), NetworkShape(1, 12, 12))
    take_model(network, path)
    found = network.step_weights()
    assert (found.layers[0].recurrent == model.weights.layers[0].recurrent).all()
    assert np.isfinite(found.token).all()
    began = Network(small_vocabulary(), NetworkShape(1, 12, 12)).step_weights().token
    wanted = model.weights.token
    assert np.abs(found.token - wanted).mean() < np.abs(began - wanted).mean()
