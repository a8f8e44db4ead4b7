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
from musicrnn.models.memory import Memory
from musicrnn.models.sampling import Floats, log_probabilities
from musicrnn.models.step import NetworkState, StepModel
from musicrnn.models.timing import Position
from musicrnn.models.tokens import frame_tokens
from musicrnn.models.trust import Trust, recalled
from musicrnn.models.vocabulary import END
from musicrnn.trainer.dataset import Piece
from musicrnn.trainer.trusting import Case, Reading, cases, gain, legal_of, readings


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
    legal = legal_of(piece, grammar)[:-1]
    legal[:, END] = False
    return legal


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """A piece as a network heard it: its summed surprise, its frames, and the guesses that the memory made."""

    nats: float
    frames: int
    cases: list[Case]


def hear(model: StepModel, piece: Piece, grammar: Grammar) -> Heard:
    """Return how a network hears a piece, step by step; state and memory begin anew."""
    return heard_of(list(readings(model, piece, legal_rows(piece, grammar))), piece, grammar)


def heard_of(read: list[Reading], piece: Piece, grammar: Grammar) -> Heard:
    """Return what the readings of a piece come to."""
    nats = -sum(float(one.log_p[one.target]) for one in read)
    return Heard(nats, piece.ticks, list(cases(grammar.vocabulary, read)))


def score(heard: Iterable[Heard], trust: Trust | None = None) -> Likelihood:
    """Return how well pieces were expected; with a trust in the memory, by network and memory together."""
    rows = [(one.nats - (gain(one.cases, trust) if trust else 0.0), one.frames) for one in heard]
    nats, frames = np.array(rows, np.float64).T
    return Likelihood(nats, frames)


def total_probability(model: StepModel, past: list[Frame], trust: Trust | None = None) -> float:
    """Return the sum of the probabilities of every frame after a past; 2 to the keys of them are enumerated.

    With a trust, of network and memory together.
    """
    grammar = Grammar(model.info.vocabulary)
    memory = Memory(model.info.vocabulary)
    place = Position(0, 0, 0)
    state, rules, last = model.initial_state(), grammar.start, 0
    before: Frame = ()
    for frame in past:
        for token in frame_tokens(frame, before, grammar.vocabulary):
            rules = grammar.advance(rules, last)
            _, state = model.step(last, place, state)
            memory.read(token)
            last = token
        before = frame
    rules = grammar.advance(rules, last)
    total, known = 0.0, len(memory)
    for frame in every_frame(grammar):
        tokens = frame_tokens(frame, before, grammar.vocabulary)
        total += math.exp(_frame_log_p(model, grammar, rules, last, state, tokens, memory, trust))
        memory.back_to(known)
    return total


def every_frame(grammar: Grammar) -> Iterator[Frame]:
    """Yield every set of keys of a one-part vocabulary as a frame."""
    part = grammar.vocabulary.parts[0]
    pitches = range(part.high, part.low - 1, -1)
    for number in range(1 << len(pitches)):
        yield tuple(Sounding(0, pitch) for bit, pitch in enumerate(pitches) if number >> bit & 1)


def _frame_log_p(
    model: StepModel,
    grammar: Grammar,
    rules: State,
    last: int,
    state: NetworkState,
    tokens: list[int],
    memory: Memory,
    trust: Trust | None,
) -> float:
    total = 0.0
    for token in tokens:
        legal = grammar.legal(rules)
        legal[END] = False
        logits, state = model.step(last, Position(0, 0, 0), state)
        log_p = log_probabilities(logits, legal)
        if trust:
            log_p = recalled(log_p, memory.guess(), trust, 1.0)
        total += float(log_p[token])
        memory.read(token)
        rules, last = grammar.advance(rules, token), token
    return total
