"""The baseline: counts of tokens after their last five, each order leaning on the one below (Witten and Bell 1991)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

import numpy as np

from benchmarks.likelihood.scoring import Likelihood, legal_rows
from musicrnn.models.grammar import Grammar
from musicrnn.models.sampling import Floats
from musicrnn.trainer.dataset import Piece

Context = tuple[int, ...]


class NGram:
    """Counts of each token after each context of at most ``order - 1`` tokens."""

    def __init__(self, grammar: Grammar, order: int = 6) -> None:
        self.grammar, self.order = grammar, order
        self.counts: dict[Context, Counter[int]] = defaultdict(Counter)

    def learn(self, pieces: Iterable[Piece]) -> None:
        """Count the tokens of pieces."""
        for piece in pieces:
            tokens = [int(token) for token in piece.tokens]
            for at in range(1, len(tokens) - 1):
                for length in range(min(self.order - 1, at) + 1):
                    self.counts[tuple(tokens[at - length : at])][tokens[at]] += 1

    def probabilities(self, past: Context) -> Floats:
        """Return the probability of each token after a past, float64[V]."""
        size = self.grammar.vocabulary.size
        result: Floats = np.full(size, 1.0 / size)
        for length in range(min(self.order - 1, len(past)) + 1):
            found = self.counts.get(past[len(past) - length :])
            if found is None:
                break
            counts = np.zeros(size)
            counts[list(found)] = list(found.values())
            result = (counts + len(found) * result) / (counts.sum() + len(found))
        return result

    def score(self, pieces: Iterable[Piece]) -> Likelihood:
        """Return how the counts expect the frames of pieces, among the legal tokens."""
        rows = [(self._piece_nats(piece), piece.ticks) for piece in pieces]
        nats, frames = np.array(rows, np.float64).T
        return Likelihood(nats, frames)

    def _piece_nats(self, piece: Piece) -> float:
        tokens = [int(token) for token in piece.tokens]
        nats = 0.0
        for at, legal in enumerate(legal_rows(piece, self.grammar)):
            p = self.probabilities(tuple(tokens[max(0, at + 2 - self.order) : at + 1]))
            nats -= float(np.log(p[tokens[at + 1]] / p[legal].sum()))
        return nats
