"""How well a model expects a piece, and how far one model is from another, step by step."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from musicrnn.models.grammar import Grammar
from musicrnn.models.sampling import Floats, log_probabilities
from musicrnn.models.step import Logits, NetworkState, StepModel
from musicrnn.models.timing import Position

_CHUNK = 512


class TokenPiece(Protocol):
    """A piece of N + 1 tokens seen as N predictions, and the position of the tick of each predicted token."""

    @property
    def tokens(self) -> NDArray[Any]:
        """Whole numbers [N + 1], START to END."""
        ...

    @property
    def places(self) -> NDArray[Any]:
        """Whole numbers [N, 3]: tick in the beat, beat in the bar, metre."""
        ...

    @property
    def ticks(self) -> int:
        """Length of the piece in ticks."""
        ...


@dataclass(frozen=True, slots=True)
class Nats:
    """Summed surprise, in nats, over so many predicted tokens and ticks."""

    nats: float
    tokens: int
    ticks: int

    @property
    def a_token(self) -> float:
        """Mean over tokens; nan for none."""
        return self.nats / self.tokens if self.tokens else float("nan")

    @property
    def a_tick(self) -> float:
        """Mean over ticks; nan for none."""
        return self.nats / self.ticks if self.ticks else float("nan")


@dataclass(frozen=True, slots=True)
class Distance:
    """How far a model is from the one it was made of, over so many steps.

    ``logits`` and ``state`` are the largest differences, each as a share of the largest number of its
    step (of 1 where that is smaller): a cell's state counts up to hundreds, where float32 itself is
    coarse. ``nats`` is the mean Kullback-Leibler divergence a token, ``same_first`` the share of steps
    at which both expect the same token most. What is not a number shows as nan.
    """

    steps: int
    logits: float
    state: float
    nats: float
    same_first: float


class _Step(NamedTuple):
    legal: NDArray[np.bool_]
    target: int
    logits: tuple[Logits, ...]
    states: tuple[NetworkState, ...]


def _steps(
    models: tuple[StepModel, ...], piece: TokenPiece, grammar: Grammar, *, one_state: bool = False
) -> Iterator[_Step]:
    """Let every model read the piece, and yield what they expect of each next token.

    Each has its own state all the way, or with ``one_state`` takes each step from the first model's.
    """
    tokens = [int(token) for token in piece.tokens]
    rules = grammar.states(tokens)[1:]
    states = tuple(model.initial_state() for model in models)
    for start in range(0, len(rules), _CHUNK):
        legal = grammar.legal_many(grammar.columns(rules[start : start + _CHUNK]))
        for offset, mask in enumerate(legal):
            at = start + offset
            place = Position(*(int(value) for value in piece.places[at]))
            results = [model.step(tokens[at], place, state) for model, state in zip(models, states, strict=True)]
            after = tuple(state for _, state in results)
            states = after[:1] * len(models) if one_state else after
            yield _Step(mask, tokens[at + 1], tuple(logits for logits, _ in results), after)


def nats(model: StepModel, pieces: Iterable[TokenPiece]) -> Nats:
    """Return how surprised a model is by pieces, among the legal tokens, its state reset at each piece's start.

    Raises GrammarError for a piece that is not of the model's language.
    """
    grammar = Grammar(model.info.vocabulary)
    total, tokens, ticks = 0.0, 0, 0
    for piece in pieces:
        for surprise in surprises(model, piece, grammar):
            total += surprise
            tokens += 1
        ticks += piece.ticks
    return Nats(total, tokens, ticks)


def surprises(model: StepModel, piece: TokenPiece, grammar: Grammar) -> Iterator[float]:
    """Yield the surprise in nats of each predicted token of a piece, among the legal ones.

    Raises GrammarError for a piece that is not of the model's language.
    """
    for step in _steps((model,), piece, grammar):
        yield -float(log_probabilities(step.logits[0], step.legal)[step.target])


def distance(
    reference: StepModel, model: StepModel, pieces: Iterable[TokenPiece], *, one_state: bool = False
) -> Distance:
    """Return how far ``model`` is from ``reference`` while both read the same pieces.

    Each has its own state all the way; with ``one_state`` each step is taken from the reference's, which tells
    of single steps what a network in which small differences grow would hide.
    """
    return distances(reference, (model,), pieces, one_state=one_state)[0]


def distances(
    reference: StepModel, models: Sequence[StepModel], pieces: Iterable[TokenPiece], *, one_state: bool = False
) -> list[Distance]:
    """Return the ``distance`` of each of some models of one vocabulary; the reference reads the pieces once."""
    grammar = Grammar(reference.info.vocabulary)
    apart = [_Apart() for _ in models]
    for piece in pieces:
        for step in _steps((reference, *models), piece, grammar, one_state=one_state):
            for i, one in enumerate(apart, start=1):
                one.take(step, i)
    return [one.distance for one in apart]


class _Apart:
    """Adds up how far one of several models is from the first."""

    def __init__(self) -> None:
        self._count = self._same = 0
        self._worst = np.zeros(2)
        self._divergence = 0.0

    def take(self, step: _Step, model: int) -> None:
        """Take a step that several models made, of which the first is the reference and one is meant."""
        self._count += 1
        logits, states = ((each[0], each[model]) for each in (step.logits, step.states))
        self._worst = np.maximum(self._worst, [_difference(*logits), _difference(*states)])
        log_p, log_q = (log_probabilities(each, step.legal) for each in logits)
        self._divergence += _divergence(log_p, log_q)
        self._same += int(log_p.argmax() == log_q.argmax())

    @property
    def distance(self) -> Distance:
        """What came of it."""
        shared = max(self._count, 1)
        logits, state = self._worst.tolist()
        return Distance(self._count, logits, state, self._divergence / shared, self._same / shared)


def _difference(reference: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    return float(np.abs(reference - other).max() / max(1.0, np.abs(reference).max()))


def _divergence(log_p: Floats, log_q: Floats) -> float:
    possible = np.isfinite(log_p)
    return float((np.exp(log_p[possible]) * (log_p[possible] - log_q[possible])).sum())
