"""Learn from pieces what the guesses of the memory are worth beside a network's own expectation."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from musicrnn.models.grammar import Grammar
from musicrnn.models.memory import Memory
from musicrnn.models.sampling import Floats, log_probabilities
from musicrnn.models.step import StepModel
from musicrnn.models.timing import Position
from musicrnn.models.trust import BOUNDS, Trust, can_change, log_odds, made_likely
from musicrnn.models.vocabulary import START, Vocabulary
from musicrnn.trainer.dataset import Piece

ROUNDS, SMALLEST = 50, 1e-6
FIRST = np.array([0.0, 1.0])  # bias and slope of the network's own opinion
PULL = 1.0  # towards it, as strong as a few guesses


class Case(NamedTuple):
    """A guess that was made: for how many onsets it went alike, the network's log probability of it, and if it came."""

    onsets: int
    log_p: float
    came: bool


class Reading(NamedTuple):
    """A token that is read, the log probabilities of the next one, float64[V], and which it is."""

    token: int
    log_p: Floats
    target: int


def readings(model: StepModel, piece: Piece, legal: NDArray[np.bool_]) -> Iterator[Reading]:
    """Yield the readings of a piece, one for each row of what may follow, bool[at most N, V]."""
    tokens, state = piece.tokens.tolist(), model.initial_state()
    for at, row in enumerate(legal):
        place = Position(*(int(value) for value in piece.places[at]))
        logits, state = model.step(tokens[at], place, state)
        yield Reading(tokens[at], log_probabilities(logits, row), tokens[at + 1])


def legal_of(piece: Piece, grammar: Grammar) -> NDArray[np.bool_]:
    """Return what may follow each token of a piece but the last, bool[N, V]."""
    return grammar.legal_many(grammar.columns(grammar.states(piece.tokens.tolist())[1:]))


def cases(vocabulary: Vocabulary, read: Iterable[Reading]) -> Iterator[Case]:
    """Yield all guesses in a piece that are possible."""
    memory = Memory(vocabulary)
    for token, log_p, target in read:
        if token != START:
            memory.read(token)
        guess = memory.guess()
        if guess is not None and can_change(float(log_p[guess.token])):
            yield Case(guess.onsets, float(log_p[guess.token]), guess.token == target)


def trust_of(found: Iterable[Case], bounds: Sequence[int] = BOUNDS) -> Trust:
    """Return the trust under which guesses are likeliest to come true where they did, and not where they did not."""
    every = np.array([(case.onsets, log_odds(case.log_p), case.came) for case in found], np.float64).reshape(-1, 3)
    row = np.searchsorted(bounds, every[:, 0], side="right")
    lines = [_line(every[row == each, 1], every[row == each, 2]) for each in range(len(bounds) + 1)]
    biases, slopes = zip(*lines, strict=True)
    return Trust(tuple(bounds), biases, slopes)


def _line(odds: Floats, came: Floats) -> tuple[float, float]:
    """Return bias and slope of the likeliest logistic function: Newton's steps, halved until they do good."""
    inputs = np.stack([np.ones_like(odds), odds], axis=1)
    line = FIRST.copy()
    for _ in range(ROUNDS):
        likely = 1.0 / (1.0 + np.exp(-(inputs @ line)))
        slope = inputs.T @ (came - likely) - PULL * (line - FIRST)
        bend = (inputs.T * (likely * (1.0 - likely))) @ inputs + PULL * np.eye(2)
        step, here = np.linalg.solve(bend, slope), _worth(line, inputs, came)
        while np.abs(step).max() > SMALLEST and _worth(line + step, inputs, came) < here:
            step = step / 2
        if np.abs(step).max() <= SMALLEST:
            break
        line = line + step
    return float(line[0]), float(line[1])


def _worth(line: Floats, inputs: Floats, came: Floats) -> float:
    """Return the log likelihood of what came, less the pull."""
    z = inputs @ line
    return float((came * z - np.logaddexp(0.0, z)).sum() - PULL / 2 * ((line - FIRST) ** 2).sum())


def gain(found: Iterable[Case], trust: Trust) -> float:
    """Return by how many nats pieces are less surprising with the memory, by the guesses in them."""
    total = 0.0
    for onsets, log_p, came in found:
        after = made_likely(onsets, log_p, trust, 1.0)
        total += math.log(after) - log_p if came else math.log1p(-after) - math.log1p(-math.exp(log_p))
    return total
