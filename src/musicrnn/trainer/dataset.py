"""Scores as arrays of tokens, with all that a batch needs to know about each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from musicrnn.models.frames import Fit, check_grid
from musicrnn.models.grammar import Columns, Grammar
from musicrnn.models.score import Score
from musicrnn.models.score_rows import PART, PITCH, ScoreRows, rows_of
from musicrnn.models.timing import Position, metre_class, position_rows
from musicrnn.models.vocabulary import Vocabulary
from musicrnn.trainer.encoding import Tables, encoded, kept_notes, tables_of
from musicrnn.trainer.sounding import Sounding


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """One piece of N + 1 tokens, START to END, seen as N predictions.

    ``tokens`` int16[N + 1]; ``places`` uint8[N, 3], the position of the tick in which each predicted
    token stands; ``rules`` int16[N, 6] and ``sounding`` (bits, uint8[N, bytes], made of the tokens for each
    window that is asked for), the grammar's state before it; ``bars`` int32, the predictions at which a
    bar begins, and N; ``shifts``, the semitones, lowest and highest, by which the piece can be transposed.
    """

    tokens: NDArray[np.int16]
    places: NDArray[np.uint8]
    rules: NDArray[np.int16]
    sounding: Sounding
    bars: NDArray[np.int32]
    ticks: int
    shifts: tuple[int, int]

    def __len__(self) -> int:
        return len(self.tokens) - 1


def piece_of(score: Score | ScoreRows, grammar: Grammar, transpose: int) -> tuple[Piece, Fit]:
    """Return a score as a piece, transposable by at most ``transpose`` semitones, and what did not fit."""
    rows = score if isinstance(score, ScoreRows) else rows_of(score)
    frame, tables = rows.frame, tables_of(grammar.vocabulary)
    check_grid(frame, grammar.vocabulary)
    notes, fit = kept_notes(rows, tables)
    found = encoded(notes, frame.length, tables)
    last = frame.bars[-1]
    after_end = Position(0, 0, metre_class(last.numerator, last.denominator))
    places = np.vstack((position_rows(frame.bars, frame.ticks_per_beat), np.array([after_end], np.uint8)))
    bar_starts = np.searchsorted(found.tick, [bar.start for bar in frame.bars])
    piece = Piece(
        found.tokens,
        places[found.tick],
        found.rules,
        Sounding(found.tokens, tables.sounding, grammar.vocabulary.slots),
        np.append(bar_starts, len(found.tick)).astype(np.int32),
        frame.length,
        _shifts(notes, tables, transpose),
    )
    return piece, fit


def _shifts(notes: NDArray[np.int32], tables: Tables, most: int) -> tuple[int, int]:
    """Return how far down and up every pitched note can move within its part's range."""
    part, pitch = notes[:, PART], notes[:, PITCH]
    moves = ~tables.percussive[part]
    down = (pitch - tables.low[part])[moves].min(initial=most)
    up = (tables.high[part] - pitch)[moves].min(initial=most)
    return -int(down), int(up)


class Shifter:
    """Transposes tokens, grammar states and legal masks by table."""

    def __init__(self, vocabulary: Vocabulary, most: int) -> None:
        self.vocabulary = vocabulary
        self.most = most
        self._pitched = np.array([not part.percussive for part in vocabulary.parts])
        sizes = [part.high - part.low + 1 for part in vocabulary.parts]
        self._slot_part = np.repeat(np.arange(len(sizes)), sizes)
        self._slot_start = np.array([0, *accumulate(sizes)])
        self.tokens = np.stack([self._token_table(shift) for shift in range(-most, most + 1)])
        self.slots = np.stack([self._slot_table(shift) for shift in range(-most, most + 1)])

    def _moved(self, part: NDArray[np.int32], shift: int) -> NDArray[np.int32]:
        return np.where((part >= 0) & self._pitched[part], shift, 0).astype(np.int32)

    def _token_table(self, shift: int) -> NDArray[np.int16]:
        """Return the token that each token becomes, int16[V]; what leaves its range stays."""
        v = self.vocabulary
        lows = np.array([part.low for part in v.parts])[v.part]
        highs = np.array([part.high for part in v.parts])[v.part]
        moved = v.pitch + self._moved(v.part, shift)
        stays = (v.part < 0) | (moved < lows) | (moved > highs)
        table = np.arange(v.size) - np.where(stays, 0, self._moved(v.part, shift))
        return table.astype(np.int16)

    def _slot_table(self, shift: int) -> NDArray[np.int32]:
        """Return for each slot the slot whose content it gets, int32[slots]; ``slots`` stands for nothing."""
        part = self._slot_part
        source = np.arange(len(part)) + self._moved(part.astype(np.int32), shift)
        inside = (source >= self._slot_start[part]) & (source < self._slot_start[part + 1])
        return np.where(inside, source, len(part)).astype(np.int32)

    def rules(self, piece: Piece, window: slice, shift: int) -> Columns:
        """Return the grammar's states of a window of a transposed piece."""
        small = piece.rules[window].copy()
        last = small[:, 1]
        small[:, 1] = np.where(last >= 0, last - self._moved(self._slot_part[last].astype(np.int32), shift), last)
        count = self.vocabulary.slots
        bits = np.unpackbits(piece.sounding[window], axis=1, count=count, bitorder="little").astype(bool)
        padded = np.concatenate([bits, np.zeros((len(bits), 1), bool)], axis=1)
        phase, last_slot, named, part_count, kept, changed = small.T
        moved = padded[:, self.slots[shift + self.most]]
        return Columns(phase, last_slot, named, part_count, kept, changed, moved)


def total(pieces: Iterable[Piece]) -> tuple[int, int]:
    """Return the number of predicted tokens and of ticks."""
    counts = [(len(piece), piece.ticks) for piece in pieces]
    return sum(tokens for tokens, _ in counts), sum(ticks for _, ticks in counts)
