"""The likelihood benchmark counts what it says it counts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from benchmarks.likelihood.ngram import NGram
from benchmarks.likelihood.rolls import pieces_of, read_set, vocabulary_of
from benchmarks.likelihood.scoring import Likelihood, every_frame, score, total_probability
from musicrnn.errors import CorpusError
from musicrnn.models.frames import Sounding
from musicrnn.models.grammar import Grammar
from musicrnn.models.metadata import ModelInfo
from musicrnn.models.numpy_step import NumpyStepModel
from musicrnn.models.tokens import decode
from musicrnn.models.weights import LayerWeights, StepWeights


def rolls(count: int, keys: int = 6, seed: int = 0) -> list[np.ndarray]:
    """Return random rolls with empty frames, and with frames that repeat."""
    rng = np.random.default_rng(seed)
    found = [np.repeat(rng.random((8 + i, keys)) < 0.3, 2, axis=0)[: 12 + i] for i in range(count)]
    found[0][:3] = False
    return found


def random_model(keys: int) -> NumpyStepModel:
    """Return a network of random weights, large enough for its beliefs to be far from even."""
    rng, vocabulary, units = np.random.default_rng(1), vocabulary_of(keys), 5

    def draw(*shape: int) -> np.ndarray:
        return rng.normal(0, 1.5, shape).astype(np.float32)

    layer = LayerWeights(draw(4, 4 * units), draw(units, 4 * units), draw(4 * units))
    weights = StepWeights(
        draw(vocabulary.size, 4), draw(4, 4), draw(16, 4), draw(32, 4), (layer,),
        draw(units, vocabulary.size), draw(vocabulary.size),
    )  # fmt: skip
    return NumpyStepModel(weights, ModelInfo("small", vocabulary, 1, units))


def mat(path: Path, **splits: list[np.ndarray]) -> Path:
    """Write rolls as the benchmark's files hold them."""
    content = {}
    for name, found in splits.items():
        cells = np.empty((1, len(found)), dtype=object)
        cells[0, :] = [roll.astype(np.uint8) for roll in found]
        content[name] = cells
    savemat(path, content)
    return path


def test_a_set_is_read_as_it_was_written(tmp_path: Path) -> None:
    """Each split has its rolls in their order, frame by frame."""
    written = rolls(3)
    found = read_set(mat(tmp_path / "tiny.mat", traindata=written, validdata=written[:1], testdata=written[1:]))
    assert found.name == "tiny"
    assert [len(found.rolls[split]) for split in ("train", "valid", "test")] == [3, 1, 2]
    assert all((a == b).all() for a, b in zip(found.rolls["train"], written, strict=True))
    assert found.frames("test") == sum(map(len, written[1:]))


def test_a_file_without_a_split_is_refused_by_name(tmp_path: Path) -> None:
    """The message names the file and the missing key."""
    path = mat(tmp_path / "half.mat", traindata=rolls(1))
    with pytest.raises(CorpusError, match=r"half\.mat: must have validdata"):
        read_set(path)


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    """A text file is no set of rolls."""
    path = tmp_path / "text.mat"
    path.write_text("no rolls at all " * 20)
    with pytest.raises(CorpusError, match=r"must be a \.mat file"):
        read_set(path)


def test_a_piece_says_every_frame_of_its_roll() -> None:
    """Tokens decode to the keys of each frame, empty frames at the start included."""
    grammar = Grammar(vocabulary_of(6))
    for roll, piece in zip(rolls(4), pieces_of(rolls(4), grammar), strict=True):
        frames = decode(piece.tokens.tolist(), grammar.vocabulary)
        assert piece.ticks == len(roll)
        assert [{note.pitch - 21 for note in frame} for frame in frames] == [set(np.flatnonzero(row)) for row in roll]


def test_every_set_of_keys_is_enumerated_once() -> None:
    """Six keys have 64 frames."""
    assert len(set(every_frame(Grammar(vocabulary_of(6))))) == 64


@pytest.mark.parametrize("past", [[], [(Sounding(0, 24),)], [(Sounding(0, 26), Sounding(0, 21)), ()]])
def test_the_frames_of_a_small_vocabulary_sum_to_one(past: list[tuple[Sounding, ...]]) -> None:
    """After any past, whatever the weights."""
    assert total_probability(random_model(6), past) == pytest.approx(1.0, abs=1e-5)


def test_the_score_counts_frames_and_not_tokens() -> None:
    """Nats are summed by piece and divided by the frames of all."""
    found = score(random_model(6), pieces_of(rolls(3), Grammar(vocabulary_of(6))))
    assert found.frames.tolist() == [12, 13, 14]
    assert found.a_frame == pytest.approx(found.nats.sum() / 39)
    assert found.a_frame > 0


def test_the_standard_error_is_zero_for_pieces_alike() -> None:
    """It is that of a ratio over pieces: even figures have none, uneven ones have."""
    frames = np.array([10.0, 20.0])
    assert Likelihood(2 * frames, frames).error == pytest.approx(0)
    assert Likelihood(np.array([10.0, 60.0]), frames).error > 0.1


def test_the_baseline_spreads_one_over_all_tokens_and_learns() -> None:
    """After any past the probabilities sum to 1; what was learnt is less surprising than before."""
    grammar = Grammar(vocabulary_of(6))
    pieces = pieces_of(rolls(3), grammar)
    fresh, taught = NGram(grammar), NGram(grammar)
    taught.learn(pieces)
    assert taught.probabilities((0, 4, 5)).sum() == pytest.approx(1)
    assert taught.score(pieces).a_frame < 0.5 * fresh.score(pieces).a_frame
