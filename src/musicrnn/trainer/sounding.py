"""What sounds before each token of a piece, told by its tokens alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import DTypeLike, NDArray

from musicrnn.models.vocabulary import TICK, Vocabulary


@dataclass(frozen=True, slots=True, eq=False)
class Sounding:
    """The slots that sound before each of a piece's N predictions, as bits, made when they are asked for.

    ``sounding[window]`` is uint8[rows, bytes]. A frame that is closed by TICK names all that sounds in it, so until the
    next TICK its notes are what sounds; hits are not, and before the first frame nothing is. ``slot_of`` int16[size]
    has the slot that a token keeps sounding, -1 where it keeps none, and ``slots`` is their number.
    """

    tokens: NDArray[np.int16]
    slot_of: NDArray[np.int16]
    slots: int

    @property
    def shape(self) -> tuple[int, int]:
        """Predictions and bytes."""
        return len(self.tokens) - 1, -(-self.slots // 8)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, window: slice) -> NDArray[np.uint8]:
        start, stop, _ = window.indices(len(self))
        if start >= stop:
            return np.zeros((0, self.shape[1]), np.uint8)
        closed = np.flatnonzero(self.tokens[: start + 1] == TICK)
        first = int(closed[-2]) + 1 if len(closed) > 1 else 0  # here the frame begins that sounds at the start
        tokens = self.tokens[first:stop]
        frames = np.cumsum(tokens == TICK)  # frames closed before what comes after each token
        slots = self.slot_of[tokens]
        sounds = slots >= 0
        bits = np.zeros((frames[-1] + 2, self.slots), np.uint8)
        bits[frames[sounds] + 1, slots[sounds]] = 1
        rows: NDArray[np.uint8] = np.packbits(bits, axis=1, bitorder="little")[frames[start - first :]]
        return rows

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[np.uint8]:
        return np.asarray(self[:], dtype)


def sounding_slots(vocabulary: Vocabulary) -> NDArray[np.int16]:
    """Return the slot that each token keeps sounding until the next TICK, -1 where it keeps none, int16[size]."""
    percussive = np.array([part.percussive for part in vocabulary.parts])
    stops = (vocabulary.part < 0) | percussive[vocabulary.part]
    return np.where(stops, -1, vocabulary.slot).astype(np.int16)
