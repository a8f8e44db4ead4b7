"""Piano rolls of a ``.mat`` file as pieces of the product's own vocabulary."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from musicrnn.errors import CorpusError
from musicrnn.models.grammar import Grammar
from musicrnn.models.score import Note, Part, Score, regular_bars
from musicrnn.models.vocabulary import Vocabulary
from musicrnn.trainer.dataset import Piece, piece_of

KEYS, LOWEST = 88, 21
SPLITS = ("train", "valid", "test")
FRAMES_A_BEAT = 4
Roll = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class RollSet:
    """The rolls of each split, each bool[frames, keys]; key 0 is MIDI ``LOWEST``."""

    name: str
    rolls: dict[str, list[Roll]]

    def frames(self, split: str) -> int:
        """Return the number of frames in a split."""
        return sum(map(len, self.rolls[split]))


def read_set(path: Path) -> RollSet:
    """Read a ``.mat`` file of ``traindata``, ``validdata`` and ``testdata``; CorpusError where it has no such rolls."""
    from scipy.io import loadmat
    from scipy.io.matlab import MatReadError

    try:
        content = loadmat(path)
    except (OSError, ValueError, NotImplementedError, MatReadError) as error:
        raise CorpusError(f"{path}: must be a .mat file of piano rolls: {error}") from error
    return RollSet(path.stem, {split: _split(content, f"{split}data", path) for split in SPLITS})


def _split(content: dict[str, NDArray[np.generic]], key: str, path: Path) -> list[Roll]:
    if key not in content:
        raise CorpusError(f"{path}: must have {key}, got {', '.join(k for k in content if not k.startswith('_'))}")
    cells = [np.asarray(cell) for cell in np.atleast_1d(content[key].squeeze())]
    wrong = next((cell.shape for cell in cells if cell.ndim != 2 or cell.shape[1] > KEYS or not len(cell)), None)
    if wrong is not None or not cells:
        raise CorpusError(f"{path}: {key} must hold rolls of frames × at most {KEYS} keys, got {wrong}")
    return [cell > 0 for cell in cells]


def vocabulary_of(keys: int = KEYS) -> Vocabulary:
    """Return the vocabulary of rolls: one part, no articulation, any number of keys at once."""
    part = Part("keys", LOWEST, LOWEST + keys - 1, polyphony=keys)
    return Vocabulary(FRAMES_A_BEAT, (part,), articulation=False, max_polyphony=keys)


def score_of_roll(roll: Roll, vocabulary: Vocabulary) -> Score:
    """Return a roll as a score; a frame is a tick, and bars of 16 frames only count the frames."""
    padded = np.pad(roll.astype(np.int8), ((1, 1), (0, 0)))
    steps = np.diff(padded, axis=0)
    starts, ends = np.argwhere(steps.T > 0), np.argwhere(steps.T < 0)
    notes = sorted(
        Note(int(start), 0, LOWEST + int(key), int(end - start))
        for (key, start), (_, end) in zip(starts, ends, strict=True)
    )
    bars = list(regular_bars(len(roll), FRAMES_A_BEAT))
    bars[-1] = type(bars[-1])(bars[-1].start, len(roll) - bars[-1].start)
    return Score(FRAMES_A_BEAT, vocabulary.parts, tuple(notes), tuple(bars))


def pieces_of(rolls: list[Roll], grammar: Grammar, transpose: int = 0) -> list[Piece]:
    """Return rolls as pieces, each transposable as far as its keys allow."""
    return [piece_of(score_of_roll(roll, grammar.vocabulary), grammar, transpose)[0] for roll in rolls]
