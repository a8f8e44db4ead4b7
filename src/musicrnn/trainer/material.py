"""From scores to what is trained on: a vocabulary, and pieces in three shares."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from musicrnn.config.controls import CONTROLS
from musicrnn.config.corpus import CorpusSettings
from musicrnn.errors import CorpusError
from musicrnn.models.frames import Fit
from musicrnn.models.grammar import Grammar
from musicrnn.models.score import Part, Score
from musicrnn.models.score_rows import ScoreRows, rows_of
from musicrnn.models.vocabulary import Vocabulary
from musicrnn.trainer.balance import Balance
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
    balance: Balance


def vocabulary_of(scores: Iterable[Score], settings: CorpusSettings) -> Vocabulary:
    """Return the vocabulary for scores, at least one, that share their parts."""
    survey = Survey()
    for score in scores:
        survey.add(rows_of(score))
    return survey.vocabulary(settings)


@dataclass(slots=True)
class Survey:
    """What the scores of a corpus have in common, gathered score by score."""

    parts: tuple[Part, ...] = ()
    polyphony: int = 0
    tempos: list[float] = field(default_factory=list)
    metres: Counter[tuple[int, int]] = field(default_factory=Counter)

    def add(self, rows: ScoreRows) -> None:
        """Take one score into account."""
        self.parts = self.parts or rows.frame.parts
        self.polyphony = max(self.polyphony, rows.polyphony)
        self.tempos.append(rows.frame.tempos[0].bpm)
        for bar in rows.frame.bars:
            self.metres[bar.numerator, bar.denominator] += bar.length

    def vocabulary(self, settings: CorpusSettings) -> Vocabulary:
        """Return the vocabulary for them, by the settings."""
        most = settings.max_polyphony or min(MOST_POLYPHONY, self.polyphony)
        return Vocabulary(
            settings.ticks_per_beat, self.parts, settings.articulation, settings.velocity_bins, max(most, 1)
        )

    def tempo(self) -> float:
        """Return the middle one of the tempos at which pieces begin, or the nearest that can be played."""
        return CONTROLS["tempo"].held(round(statistics.median(self.tempos), 1))

    def metre(self) -> tuple[int, int]:
        """Return the metre of most ticks."""
        return self.metres.most_common(1)[0][0]


def split(count: int, settings: CorpusSettings) -> tuple[list[int], list[int], list[int]]:
    """Return which pieces are for training, validation and test: whole pieces, drawn by ``split_seed``."""
    order = np.random.default_rng(settings.split_seed).permutation(count).tolist()
    valid = max(1, round(count * settings.validation_share)) if settings.validation_share else 0
    test = max(1, round(count * settings.test_share)) if settings.test_share else 0
    if count - valid - test < 1:
        raise CorpusError(
            f"the corpus must hold at least {valid + test + 1} usable pieces for training, validation and test, "
            f"got {count}; with fewer, --validation-share 0 and --test-share 0 keep none back"
        )
    return sorted(order[valid + test :]), sorted(order[:valid]), sorted(order[valid : valid + test])


def material(
    named: Sequence[tuple[str, Score | ScoreRows]],
    settings: CorpusSettings,
    done: Callable[[int], None] = lambda _: None,
    writer: PieceWriter | None = None,
) -> Material:
    """Return scores as material; CorpusError where there is too little of it.

    ``done`` is told how many pieces are ready. With a ``writer`` the pieces are kept where it keeps them; TrainingError
    where the disk is full.
    """
    survey, usable = Survey(), dict[int, str]()
    for place, (name, score) in enumerate(named):
        rows = score if isinstance(score, ScoreRows) else rows_of(score)
        if len(rows.notes):
            usable[place] = name
            survey.add(rows)
    if not usable:
        raise CorpusError("the corpus must hold a piece with notes, got none")
    shares = split(len(usable), settings)
    vocabulary = survey.vocabulary(settings)
    grammar = Grammar(vocabulary)
    pieces: list[Piece] = []
    balance, learnt = Balance.nothing(vocabulary.parts), set(shares[0])
    out_of_range = over_polyphony = 0
    for count, (place, name) in enumerate(usable.items(), 1):
        score = named[place][1]
        rows = score if isinstance(score, ScoreRows) else rows_of(score)
        piece, fit = piece_of(rows, grammar, settings.transpose)
        if count - 1 in learnt:
            balance = balance.with_piece(name, rows, len(piece))
        writer.add(piece) if writer else pieces.append(piece)
        out_of_range += fit.out_of_range
        over_polyphony += fit.over_polyphony
        done(count)
    train, valid, test = map(writer.pieces().share, shares) if writer else ([pieces[i] for i in s] for s in shares)
    tokens = sum(map(len, train))
    if tokens < FEWEST_TOKENS:
        raise CorpusError(f"the training share must hold at least {FEWEST_TOKENS} tokens, got {tokens}")
    files = list(usable.values())
    names = {key: [files[i] for i in share] for key, share in zip(("train", "valid", "test"), shares, strict=True)}
    fit = Fit(out_of_range, over_polyphony)
    return Material(vocabulary, train, valid, test, names, survey.tempo(), survey.metre(), fit, balance)
