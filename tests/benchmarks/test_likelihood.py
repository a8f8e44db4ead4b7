"""The likelihood benchmark counts what it says it counts."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from benchmarks.likelihood.ngram import NGram
from benchmarks.likelihood.rolls import pieces_of, read_set, vocabulary_of
from benchmarks.likelihood.scoring import Likelihood, every_frame, hear, legal_rows, score, total_probability
from musicrnn.errors import CorpusError
from musicrnn.models.frames import Frame, Sounding
from musicrnn.models.grammar import Grammar
from musicrnn.models.memory import Memory
from musicrnn.models.metadata import ModelInfo
from musicrnn.models.numpy_step import NumpyStepModel
from musicrnn.models.tokens import decode
from musicrnn.models.trust import Trust, recalled
from musicrnn.models.vocabulary import START
from musicrnn.models.weights import LayerWeights, StepWeights
from musicrnn.trainer.trusting import Case, readings, trust_of


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


def test_with_the_memory_they_sum_to_one_too() -> None:
    """Where it has guesses, right and wrong ones, in the middle of a frame as at its start."""
    past: list[Frame] = [(Sounding(0, 24), Sounding(0, 22)), (Sounding(0, 25),)] * 3
    trust = Trust((3,), (2.0, 4.0), (0.5, 0.5))
    plain, with_memory = (total_probability(random_model(6), past, each) for each in (None, trust))
    assert plain == pytest.approx(1.0, abs=1e-5)
    assert with_memory == pytest.approx(1.0, abs=1e-5)


def test_the_gain_of_the_memory_is_that_of_its_probabilities() -> None:
    """Token by token, what a piece costs with the memory is what network and memory together expect of it."""
    grammar, model, trust = Grammar(vocabulary_of(6)), random_model(6), Trust((3,), (2.0, 4.0), (0.5, 0.5))
    rng = np.random.default_rng(3)
    phrase = rng.random((9, 6)) < 0.3
    (piece,) = pieces_of([np.concatenate([phrase, rng.random((4, 6)) < 0.3, phrase])], grammar)
    heard, memory, nats = hear(model, piece, grammar), Memory(grammar.vocabulary), 0.0
    for token, log_p, target in readings(model, piece, legal_rows(piece, grammar)):
        if token != START:
            memory.read(token)
        nats -= float(recalled(log_p, memory.guess(), trust, 1.0)[target])
    assert len(heard.cases) > 8
    assert sum(case.came for case in heard.cases) > 5
    assert score([heard], trust).nats[0] == pytest.approx(nats, rel=1e-9)
    assert nats < heard.nats


def test_trust_is_learnt_from_what_came_true() -> None:
    """Guesses that come true as a logistic function says give that function; without any, it is the network's own."""
    rng = np.random.default_rng(5)
    odds = rng.uniform(-3, 3, 20_000)
    came = rng.random(20_000) < 1 / (1 + np.exp(-(1.5 + 0.4 * odds)))
    log_p = -np.log1p(np.exp(-odds))
    found = trust_of([Case(7, float(p), bool(hit)) for p, hit in zip(log_p, came, strict=True)], (4, 9))
    assert found.biases[1] == pytest.approx(1.5, abs=0.1)
    assert found.slopes[1] == pytest.approx(0.4, abs=0.05)
    assert (found.biases[0], found.slopes[0]) == (found.biases[2], found.slopes[2]) == (0.0, 1.0)
    assert found.likelihood(2, math.log(0.3)) == pytest.approx(0.3)
    certain = trust_of([Case(2, -0.7, True)] * 5000, ())
    assert 0.99 < certain.likelihood(2, -0.7) < 1.0


def test_the_score_counts_frames_and_not_tokens() -> None:
    """Nats are summed by piece and divided by the frames of all."""
    grammar, model = Grammar(vocabulary_of(6)), random_model(6)
    found = score([hear(model, piece, grammar) for piece in pieces_of(rolls(3), grammar)])
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
