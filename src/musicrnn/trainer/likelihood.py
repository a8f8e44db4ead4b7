"""How well a model expects pieces, part by part."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from musicrnn.models.evaluation import surprises
from musicrnn.models.grammar import Grammar
from musicrnn.models.score import Score
from musicrnn.models.step import StepModel
from musicrnn.models.vocabulary import Kind, Vocabulary
from musicrnn.trainer.dataset import Piece, piece_of

TIME = "time"


@dataclass(frozen=True, slots=True)
class PartNats:
    """The summed surprise (nats) at some of the tokens, over so many tokens, notes that begin, and ticks."""

    name: str
    nats: float
    tokens: int
    notes: int
    ticks: int

    @property
    def a_tick(self) -> float:
        """Mean over the ticks of the pieces; nan for none."""
        return self.nats / self.ticks if self.ticks else float("nan")

    @property
    def a_note(self) -> float:
        """Mean over the notes that begin; nan for none."""
        return self.nats / self.notes if self.notes else float("nan")

    @property
    def a_token(self) -> float:
        """Mean over the tokens; nan for none."""
        return self.nats / self.tokens if self.tokens else float("nan")


@dataclass(frozen=True, slots=True)
class Likelihood:
    """Surprise at ``pieces`` pieces of ``of``: that of all tokens first, then of each part, then of time.

    A part's tokens are its attacks, holds and velocities; time's are those that end a tick or the piece. The rows
    of parts and time sum to the first.
    """

    rows: tuple[PartNats, ...]
    pieces: int
    of: int


def likelihood(
    model: StepModel, scores: Sequence[Score], most_tokens: int, done: Callable[[float], None] = lambda _: None
) -> Likelihood:
    """Return how surprised a model is by scores of its language, its state reset at each piece's start.

    Of more than ``most_tokens`` tokens, pieces are evenly left out; ``done`` is told each piece's share of the work.
    """
    grammar = Grammar(model.info.vocabulary)
    pieces = [piece_of(score, grammar, 0)[0] for score in scores]
    chosen = _some(pieces, most_tokens)
    vocabulary = model.info.vocabulary
    groups = len(vocabulary.parts) + 1
    nats, tokens, notes = np.zeros(groups), np.zeros(groups, np.int64), np.zeros(groups, np.int64)
    for piece in chosen:
        group = token_groups(piece.tokens[1:], vocabulary)
        surprise = np.fromiter(surprises(model, piece, grammar), np.float64, len(piece))
        nats += np.bincount(group, surprise, groups)
        tokens += np.bincount(group, minlength=groups)
        notes += np.bincount(group[begins(piece, vocabulary)], minlength=groups)
        done(1 / len(chosen))
    ticks = sum(piece.ticks for piece in chosen)
    names = [*(part.name for part in vocabulary.parts), TIME]
    rows = [PartNats(name, float(nats[i]), int(tokens[i]), int(notes[i]), ticks) for i, name in enumerate(names)]
    whole = PartNats("all", float(nats.sum()), int(tokens.sum()), int(notes.sum()), ticks)
    return Likelihood((whole, *rows), len(chosen), len(pieces))


def token_groups(tokens: NDArray[np.int16], vocabulary: Vocabulary) -> NDArray[np.int64]:
    """Return the part of each token, int64[n]; a velocity is of its note's part; time comes after the parts."""
    part = vocabulary.part[tokens].astype(np.int64)
    loud = np.flatnonzero(vocabulary.is_kind(Kind.VELOCITY)[tokens])
    part[loud] = part[loud - 1]
    part[part < 0] = len(vocabulary.parts)
    return part


def begins(piece: Piece, vocabulary: Vocabulary) -> NDArray[np.bool_]:
    """Tell which predicted tokens begin a note, bool[N]; without articulation an attack also names what sounds on."""
    tokens = piece.tokens[1:]
    found: NDArray[np.bool_] = vocabulary.is_kind(Kind.ATTACK)[tokens]
    if not vocabulary.articulation:
        attacks = np.flatnonzero(found)
        sounds = np.unpackbits(piece.sounding[:], axis=1, count=vocabulary.slots, bitorder="little")
        found[attacks] = sounds[attacks, vocabulary.slot[tokens[attacks]]] == 0
    return found


def _some(pieces: Sequence[Piece], most_tokens: int) -> list[Piece]:
    """Return pieces evenly taken, about ``most_tokens`` tokens of them and one at least."""
    tokens = sum(map(len, pieces))
    count = len(pieces) if tokens <= most_tokens else max(1, len(pieces) * most_tokens // tokens)
    return [pieces[i * len(pieces) // count] for i in range(count)]
