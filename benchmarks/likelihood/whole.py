"""What a network expects all through pieces, many pieces side by side: quicker than step by step, and the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from keras import ops

from benchmarks.likelihood.scoring import Heard, heard_of, legal_rows
from musicrnn.export.keras_step import compiled
from musicrnn.models.grammar import Grammar
from musicrnn.models.network import Network
from musicrnn.models.sampling import log_probabilities
from musicrnn.trainer.dataset import Piece
from musicrnn.trainer.trusting import Reading

SIDE_BY_SIDE = 16


def hear_all(network: Network, pieces: Sequence[Piece]) -> list[Heard]:
    """Return how a network hears pieces, each from the beginning, in their order."""
    grammar, call = Grammar(network.vocabulary), compiled(network)
    order = sorted(range(len(pieces)), key=lambda i: len(pieces[i]))
    found: dict[int, Heard] = {}
    for first in range(0, len(order), SIDE_BY_SIDE):
        some = order[first : first + SIDE_BY_SIDE]
        for i, logits in zip(some, _logits(network, call, [pieces[i] for i in some]), strict=True):
            found[i] = heard_of(list(_readings(pieces[i], logits, grammar)), pieces[i], grammar)
    return [found[i] for i in range(len(pieces))]


def _logits(network: Network, call: Callable[..., Any], pieces: Sequence[Piece]) -> np.ndarray:
    """Return the logits of each next token of pieces, float32[pieces, longest, V]; those after a piece mean nothing."""
    longest = max(map(len, pieces))
    tokens, places = np.zeros((len(pieces), longest), np.int32), np.zeros((len(pieces), longest, 3), np.int32)
    valid = np.zeros((len(pieces), longest), bool)
    for row, piece in enumerate(pieces):
        tokens[row, : len(piece)], places[row, : len(piece)] = piece.tokens[:-1], piece.places
        valid[row, : len(piece)] = True
    read = (tokens, places, valid, network.initial_state(len(pieces)))
    return np.asarray(call(*(ops.convert_to_tensor(each) for each in read))[0])


def _readings(piece: Piece, logits: np.ndarray, grammar: Grammar) -> Iterator[Reading]:
    for at, legal in enumerate(legal_rows(piece, grammar)):
        yield Reading(int(piece.tokens[at]), log_probabilities(logits[at], legal), int(piece.tokens[at + 1]))
