"""What of a corpus is too little to learn from, and what is so much that the rest counts little beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from musicrnn.models.score import Part
from musicrnn.models.score_rows import PART, ScoreRows

LITTLE = 1 / 200  # of all notes to train on
MUCH = 1 / 4  # of all tokens to train on
FEWEST_PIECES = 5  # of which one of even length would be less than MUCH

Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Balance:
    """Of the pieces to train on: each part's notes and the pieces that have it, and the tokens of the longest."""

    parts: Sequence[Part]
    notes: Counts
    pieces: Counts
    longest: str = ""
    longest_tokens: int = 0

    @classmethod
    def nothing(cls, parts: Sequence[Part]) -> Balance:
        """Return that of no pieces."""
        return cls(parts, np.zeros(len(parts), np.int64), np.zeros(len(parts), np.int64))

    def with_piece(self, name: str, rows: ScoreRows, tokens: int) -> Balance:
        """Return that of one piece more."""
        notes = np.bincount(rows.notes[:, PART], minlength=len(self.parts))
        longest = max((self.longest_tokens, self.longest), (tokens, name), key=lambda pair: pair[0])
        return Balance(self.parts, self.notes + notes, self.pieces + (notes > 0), longest[1], longest[0])

    def told(self, pieces: int, tokens: int, bars_a_piece: int) -> list[str]:
        """Return in words what is little and what is much, of as many ``pieces`` and ``tokens`` to train on."""
        words = []
        little = np.flatnonzero(self.notes < LITTLE * self.notes.sum()).tolist()
        if little:
            words.append(
                f"too little to learn from, less than 1 in {1 / LITTLE:.0f} of the notes to train on: "
                f"{', '.join(map(self._part, little))}; rules in [[corpus.parts]] leave parts out, or put them together"
            )
        if pieces >= FEWEST_PIECES and self.longest_tokens > MUCH * tokens and not bars_a_piece:
            words.append(
                f"{self.longest} has {self.longest_tokens / tokens:.0%} of the tokens to train on, most is learnt of "
                "that piece; --bars-a-piece lets none give more than so many bars to an epoch"
            )
        return words

    def _part(self, index: int) -> str:
        notes, pieces = int(self.notes[index]), int(self.pieces[index])
        where = f" in {pieces} piece{'s' * (pieces != 1)}" if notes else ""
        return f"{self.parts[index].name} ({notes or 'no'} note{'s' * (notes != 1)}{where})"
