"""From scores to what is trained on: a vocabulary, and pieces in three shares."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from musicrnn.config.corpus import CorpusSettings
from musicrnn.errors import CorpusError
from musicrnn.models.frames import Fit
from musicrnn.models.grammar import Grammar
from musicrnn.models.score import Score
from musicrnn.models.vocabulary import Vocabulary
from musicrnn.trainer.dataset import Piece, piece_of
from musicrnn.trainer.store import PieceWriter

MOST_POLYPHONY = 16
FEWEST_TOKENS = 64


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """Pieces by share, their names, and what all of them have in common."""

    vocabulary: Vocabulary
    train: Sequence[Piece]
    valid: Sequence[Piece]
    test: Sequence[Piece]
    names: dict[str, list[str]]
    tempo: float
    metre: tuple[int, int]
    fit: Fit


def polyphony(score: Score) -> int:
    """Return the most notes that sound in one tick."""
    steps = Counter[int]()
    for note in score.notes:
        steps[note.start] += 1
        steps[note.end] -= 1
    most = sounding = 0
    for tick in sorted(steps):
        sounding += steps[tick]
        most = max(most, sounding)
    return most


def vocabulary_of(scores: Sequence[Score], settings: CorpusSettings) -> Vocabulary:
    """Return the vocabulary for scores that share their parts."""
    most = settings.max_polyphony or min(MOST_POLYPHONY, max(map(polyphony, scores)))
    return Vocabulary(
        settings.ticks_per_beat, scores[0].parts, settings.articulation, settings.velocity_bins, max(most, 1)
    )


def split(count: int, settings: CorpusSettings) -> tuple[list[int], list[int], list[int]]:
    """Return which pieces are for training, validation and test: whole pieces, drawn by ``split_seed``."""
    order = np.random.default_rng(settings.split_seed).permutation(count).tolist()
    valid = max(1, round(count * settings.validation_share)) if settings.validation_share else 0
    test = max(1, round(count * settings.test_share)) if settings.test_share else 0
    if count - valid - test < 1:
        raise CorpusError(
            f"the corpus must hold at least {valid + test + 1} usable pieces for training, validation and test, "
            f"got {count}"
        )
    return sorted(order[valid + test :]), sorted(order[:valid]), sorted(order[valid : valid + test])


def material(
    named: Sequence[tuple[str, Score]],
    settings: CorpusSettings,
    done: Callable[[int], None] = lambda _: None,
    folder: Path | None = None,
) -> Material:
    """Return scores as material; CorpusError where there is too little of it.

    ``done`` is told how many pieces are ready. With a ``folder`` the pieces are mapped from a file there, not kept in
    memory; RunFolderError where it cannot be written.
    """
    usable = [(name, score) for name, score in named if score.notes]
    if not usable:
        raise CorpusError("the corpus must hold a piece with notes, got none")
    shares = split(len(usable), settings)
    vocabulary = vocabulary_of([score for _, score in usable], settings)
    grammar = Grammar(vocabulary)
    writer = PieceWriter(folder) if folder else None
    pieces: list[Piece] = []
    out_of_range = over_polyphony = 0
    for count, (_, score) in enumerate(usable, 1):
        piece, fit = piece_of(score, grammar, settings.transpose)
        writer.add(piece) if writer else pieces.append(piece)
        out_of_range += fit.out_of_range
        over_polyphony += fit.over_polyphony
        done(count)
    train, valid, test = map(writer.pieces().share, shares) if writer else ([pieces[i] for i in s] for s in shares)
    tokens = sum(map(len, train))
    if tokens < FEWEST_TOKENS:
        raise CorpusError(f"the training share must hold at least {FEWEST_TOKENS} tokens, got {tokens}")
    names = {key: [usable[i][0] for i in share] for key, share in zip(("train", "valid", "test"), shares, strict=True)}
    scores = [score for _, score in usable]
    fit = Fit(out_of_range, over_polyphony)
    return Material(vocabulary, train, valid, test, names, _tempo(scores), _metre(scores), fit)


def _tempo(scores: Sequence[Score]) -> float:
    return round(statistics.median(score.tempos[0].bpm for score in scores), 1)


def _metre(scores: Sequence[Score]) -> tuple[int, int]:
    """Return the metre of most ticks."""
    counts = Counter[tuple[int, int]]()
    for score in scores:
        for bar in score.bars:
            counts[bar.numerator, bar.denominator] += bar.length
    return counts.most_common(1)[0][0]
