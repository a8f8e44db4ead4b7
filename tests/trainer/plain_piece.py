"""A score as a piece for training, made tick by tick and token by token: what the quick way is held against."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from musicrnn.models.frames import Fit, frames_of
from musicrnn.models.grammar import Grammar
from musicrnn.models.score import Score
from musicrnn.models.timing import Position, metre_class, positions
from musicrnn.models.tokens import encode
from musicrnn.models.vocabulary import SUSTAIN, TICK, Vocabulary


def plain_piece_of(score: Score, grammar: Grammar, transpose: int) -> tuple[dict[str, Any], Fit]:
    """Return the fields of a score's piece, and what did not fit."""
    vocabulary = grammar.vocabulary
    frames, fit = frames_of(score, vocabulary)
    tokens = np.array(encode(frames, vocabulary), dtype=np.int16)
    columns = grammar.columns(grammar.states(tokens.tolist())[1:])
    closes = np.isin(tokens, (TICK, SUSTAIN))
    tick_of: NDArray[np.int64] = (np.cumsum(closes) - closes)[1:]
    last = score.bars[-1]
    after_end = Position(0, 0, metre_class(last.numerator, last.denominator))
    places = np.array([*positions(score.bars, vocabulary.ticks_per_beat), after_end], dtype=np.uint8)[tick_of]
    first_of_tick = np.flatnonzero(np.concatenate(([True], tick_of[1:] != tick_of[:-1])))
    bar_starts = first_of_tick[[bar.start for bar in score.bars]]
    piece = {
        "tokens": tokens,
        "places": places,
        "rules": np.stack(columns[:6], axis=1),
        "sounding": np.packbits(columns.sounding, axis=1, bitorder="little"),
        "bars": np.append(bar_starts, len(tokens) - 1).astype(np.int32),
        "ticks": score.length,
        "shifts": _shifts(tokens, vocabulary, transpose),
    }
    return piece, fit


def _shifts(tokens: NDArray[np.int16], vocabulary: Vocabulary, most: int) -> tuple[int, int]:
    down, up = most, most
    for index, part in enumerate(vocabulary.parts):
        pitches = vocabulary.pitch[tokens[vocabulary.part[tokens] == index]]
        if part.percussive or not len(pitches):
            continue
        down = min(down, int(pitches.min()) - part.low)
        up = min(up, part.high - int(pitches.max()))
    return -down, up
