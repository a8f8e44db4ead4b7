"""All that a prediction needs, as a row of small words, so that a whole corpus fits on a device; windows as places.

A word is of 30 bits, which int32 holds, and int64 where TensorFlow keeps int32 in the host's memory. A row's words,
from the lowest bit on: token (15) and target (15); tick, beat and metre (7 each), and how many notes sound (8); last
slot + 1 (15), last part + 1 (8), phase (3), changed (1); named, notes in the part and kept (8 each); and then the slots
that sound, 30 to a word, with a bit to spare that is never set. Row 0 is padding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from musicrnn.models.vocabulary import Vocabulary
from musicrnn.trainer.dataset import Piece
from musicrnn.trainer.lanes import Lanes

BITS, HEAD = 30, 4
MOST_TOKENS, MOST_ROWS = 1 << 15, (1 << 31) - 1
Words = NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class Excerpt:
    """One window of every lane, as a batch's, told by where it stands in rows on a device.

    ``at`` int32[B, T] is each prediction's row, 0 for padding, which comes last; ``shift`` int8[B, T], semitones;
    ``fresh`` bool[B, T] as in a batch.
    """

    at: NDArray[np.int32]
    shift: NDArray[np.int8]
    fresh: NDArray[np.bool_]

    @property
    def valid(self) -> NDArray[np.bool_]:
        """Which predictions are not padding."""
        return self.at > 0


def excerpt(lanes: Lanes, starts: NDArray[np.int64]) -> Excerpt | None:
    """Return the next windows of lanes whose pieces' rows begin at ``starts``; None where there are no more."""
    cuts = lanes.cuts()
    if not cuts:
        return None
    shape = len(lanes.rows), lanes.window
    found = Excerpt(np.zeros(shape, np.int32), np.zeros(shape, np.int8), np.zeros(shape, bool))
    for cut in cuts:
        first = starts[cut.piece]
        found.at[cut.row, cut.place] = np.arange(first + cut.part.start, first + cut.part.stop)
        found.shift[cut.row, cut.place] = cut.shift
        found.fresh[cut.row, cut.place.start] = cut.fresh
    return found


def width(vocabulary: Vocabulary) -> int:
    """Return the words of a row."""
    return HEAD + vocabulary.slots // BITS + 1


def starts_of(sets: Sequence[Sequence[Piece]]) -> list[NDArray[np.int64]]:
    """Return for each set of pieces where each one's rows begin, all of them standing one after another."""
    found, at = [], 1
    for pieces in sets:
        sizes = np.fromiter(map(len, pieces), np.int64, len(pieces))
        found.append(at + np.cumsum(sizes) - sizes)
        at += int(sizes.sum())
    return found


def rows_of(sets: Sequence[Sequence[Piece]], vocabulary: Vocabulary) -> Words:
    """Return the rows of all pieces, int32[predictions + 1, width]."""
    total = 1 + sum(len(piece) for pieces in sets for piece in pieces)
    rows, at = np.zeros((total, width(vocabulary)), np.int32), 1
    part_of_slot = np.repeat(np.arange(len(vocabulary.parts)), [p.high - p.low + 1 for p in vocabulary.parts])
    for pieces in sets:
        for piece in pieces:
            _write(rows[at : at + len(piece)], piece, part_of_slot, vocabulary.slots)
            at += len(piece)
    return rows


def _write(rows: Words, piece: Piece, part_of_slot: NDArray[np.int64], slots: int) -> None:
    tokens, (tick, beat, metre) = piece.tokens.astype(np.int32), piece.places.astype(np.int32).T
    phase, last, named, in_part, kept, changed = piece.rules.astype(np.int32).T
    bits = np.unpackbits(piece.sounding[0 : len(piece)], axis=1, count=slots, bitorder="little")
    part = np.where(last < 0, 0, part_of_slot[last] + 1)
    rows[:, 0] = tokens[:-1] | tokens[1:] << 15
    rows[:, 1] = tick | beat << 7 | metre << 14 | bits.sum(1, dtype=np.int32) << 21
    rows[:, 2] = last + 1 | part << 15 | phase << 23 | changed << 26
    rows[:, 3] = named | in_part << 8 | kept << 16
    words = rows.shape[1] - HEAD
    padded = np.zeros((len(rows), words * BITS), np.int32)
    padded[:, :slots] = bits
    rows[:, HEAD:] = (padded.reshape(len(rows), words, BITS) << np.arange(BITS, dtype=np.int32)).sum(2)
