"""Nats a frame: the surprise at all tokens of a frame, given the true past.

START is given and END is ruled out: the length of a piece is given too, as in the published figures, so what a
frame's tokens can spell has a probability of 1 in all.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from musicrnn.models.frames import Frame, Sounding
from musicrnn.models.grammar import Grammar, State
from musicrnn.models.sampling import Floats, log_probabilities
from musicrnn.models.step import NetworkState, StepModel
from musicrnn.models.timing import Position
from musicrnn.models.tokens import frame_tokens
from musicrnn.models.vocabulary import END
from musicrnn.trainer.dataset import Piece


@dataclass(frozen=True, slots=True)
class Likelihood:
    """Nats and frames of each piece, float64[pieces]."""

    nats: Floats
    frames: Floats

    @property
    def a_frame(self) -> float:
        """Nats a frame over all pieces."""
        return float(self.nats.sum() / self.frames.sum())

    @property
    def error(self) -> float:
        """Standard error of :attr:`a_frame` over pieces, which are drawn whole; nan for one piece."""
        count = len(self.nats)
        if count < 2:
            return math.nan
        left = self.nats - self.a_frame * self.frames
        return float(np.sqrt((left**2).sum() * count / (count - 1)) / self.frames.sum())


def legal_rows(piece: Piece, grammar: Grammar) -> NDArray[np.bool_]:
    """Return which tokens may follow before each token but the last, END; bool[N - 1, V]."""
    tokens = [int(token) for token in piece.tokens]
    legal = grammar.legal_many(grammar.columns(grammar.states(tokens)[1:-1]))
    legal[:, END] = False
    return legal


def piece_nats(model: StepModel, piece: Piece, grammar: Grammar) -> float:
    """Return the summed surprise at a piece's frames; the state begins anew."""
    state, nats = model.initial_state(), 0.0
    for at, legal in enumerate(legal_rows(piece, grammar)):
        place = Position(*(int(value) for value in piece.places[at]))
        logits, state = model.step(int(piece.tokens[at]), place, state)
        nats -= float(log_probabilities(logits, legal)[int(piece.tokens[at + 1])])
    return nats


def score(model: StepModel, pieces: Iterable[Piece]) -> Likelihood:
    """Return how a model expects the frames of pieces."""
    grammar = Grammar(model.info.vocabulary)
    rows = [(piece_nats(model, piece, grammar), piece.ticks) for piece in pieces]
    nats, frames = np.array(rows, np.float64).T
    return Likelihood(nats, frames)


def total_probability(model: StepModel, past: list[Frame]) -> float:
    """Return the sum of the probabilities of every frame after a past; 2 to the keys of them are enumerated."""
    grammar = Grammar(model.info.vocabulary)
    place = Position(0, 0, 0)
    state, rules, last = model.initial_state(), grammar.start, 0
    before: Frame = ()
    for frame in past:
        for token in frame_tokens(frame, before, grammar.vocabulary):
            rules = grammar.advance(rules, last)
            _, state = model.step(last, place, state)
            last = token
        before = frame
    rules = grammar.advance(rules, last)
    return sum(
        math.exp(_frame_log_p(model, grammar, rules, last, state, frame_tokens(frame, before, grammar.vocabulary)))
        for frame in every_frame(grammar)
    )


def every_frame(grammar: Grammar) -> Iterator[Frame]:
    """Yield every set of keys of a one-part vocabulary as a frame."""
    part = grammar.vocabulary.parts[0]
    pitches = range(part.high, part.low - 1, -1)
    for number in range(1 << len(pitches)):
        yield tuple(Sounding(0, pitch) for bit, pitch in enumerate(pitches) if number >> bit & 1)


def _frame_log_p(
    model: StepModel, grammar: Grammar, rules: State, last: int, state: NetworkState, tokens: list[int]
) -> float:
    log_p = 0.0
    for token in tokens:
        legal = grammar.legal(rules)
        legal[END] = False
        logits, state = model.step(last, Position(0, 0, 0), state)
        log_p += float(log_probabilities(logits, legal)[token])
        rules, last = grammar.advance(rules, token), token
    return log_p
