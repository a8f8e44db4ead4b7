"""Batches: lanes that read whole pieces one after another, in windows that begin on bar lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from musicrnn.models.grammar import Columns, Grammar
from musicrnn.trainer.dataset import Piece, Shifter

ORDER, DRAWS = 0, 1


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """One window of every lane: B lanes of at most T predictions.

    ``tokens`` and ``targets`` int32[B, T], ``places`` int32[B, T, 3], ``valid`` bool[B, T] (padding
    comes last), ``legal`` bool[B, T, V], ``fresh`` bool[B] (a piece begins: the state is reset).
    """

    tokens: NDArray[np.int32]
    targets: NDArray[np.int32]
    places: NDArray[np.int32]
    valid: NDArray[np.bool_]
    legal: NDArray[np.bool_]
    fresh: NDArray[np.bool_]


@dataclass(slots=True)
class Lane:
    """Where one lane reads: a piece, from ``at`` to ``end``, transposed by ``shift``; -1 is no piece."""

    piece: int = -1
    at: int = 0
    end: int = 0
    shift: int = 0


class Lanes:
    """An endless stream of batches over pieces in an order drawn anew each epoch.

    Everything is a function of the seed and of :meth:`position`, so a stream taken up again at a
    saved position goes on exactly. With ``once`` the pieces are read one time, as they are, in their order.
    ``rows`` are the lanes whose windows are made; where the others read is kept up too, by the pieces' bars alone.
    """

    def __init__(
        self,
        pieces: Sequence[Piece],
        grammar: Grammar,
        lanes: int,
        window: int,
        *,
        transpose: int = 0,
        seed: int = 0,
        bars_a_piece: int = 0,
        once: bool = False,
        rows: range | None = None,
    ) -> None:
        self.pieces, self.grammar, self.window = pieces, grammar, window
        self.transpose, self.seed, self.bars_a_piece, self.once = transpose, seed, bars_a_piece, once
        self.shifter = Shifter(grammar.vocabulary, transpose)
        self.lanes = [Lane() for _ in range(lanes)]
        self.rows = range(lanes) if rows is None else rows
        self.epoch = 0
        self.taken = 0
        self._order = self._draw_order()

    def _draw_order(self) -> NDArray[np.int64]:
        count = len(self.pieces)
        return np.arange(count) if self.once else self._rng(ORDER, self.epoch).permutation(count)

    def _rng(self, *place: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, *place])

    @property
    def progress(self) -> float:
        """Epochs begun, with the share of the current one that has been taken."""
        return self.epoch + self.taken / len(self.pieces)

    def position(self) -> dict[str, Any]:
        """Return where the stream stands, as plain integers."""
        rows = [[lane.piece, lane.at, lane.end, lane.shift] for lane in self.lanes]
        return {"epoch": self.epoch, "taken": self.taken, "lanes": rows}

    def go_to(self, position: dict[str, Any]) -> None:
        """Take the stream up at a position returned by :meth:`position`."""
        self.epoch, self.taken = int(position["epoch"]), int(position["taken"])
        self.lanes = [Lane(*(int(value) for value in row)) for row in position["lanes"]]
        self._order = self._draw_order()

    def _next_piece(self, lane: Lane) -> bool:
        if self.taken == len(self.pieces):
            if self.once:
                return False
            self.epoch, self.taken = self.epoch + 1, 0
            self._order = self._draw_order()
        lane.piece = int(self._order[self.taken])
        self.taken += 1
        piece = self.pieces[lane.piece]
        lane.at, lane.end, lane.shift = 0, len(piece), 0
        if not self.once:
            self._vary(lane, piece)
        return True

    def _vary(self, lane: Lane, piece: Piece) -> None:
        """Draw the transposition, and the section where a piece gives only some of its bars."""
        rng = self._rng(DRAWS, self.epoch, lane.piece)
        lane.shift = int(rng.integers(piece.shifts[0], piece.shifts[1] + 1))
        bars = len(piece.bars) - 1
        if 0 < self.bars_a_piece < bars:
            first = int(rng.integers(0, bars - self.bars_a_piece + 1))
            lane.at, lane.end = int(piece.bars[first]), int(piece.bars[first + self.bars_a_piece])

    def _cut(self, lane: Lane) -> int:
        """Return where the next window ends: at the last bar line that it reaches, or in a bar longer than it."""
        furthest = lane.at + self.window
        if furthest >= lane.end:
            return lane.end
        bars = self.pieces[lane.piece].bars
        line = int(bars[np.searchsorted(bars, furthest, side="right") - 1])
        return line if line > lane.at else furthest

    def next(self) -> Batch | None:
        """Return the next batch, of the rows made here; None where ``once`` has no more for them."""
        count, window = len(self.rows), self.window
        size = self.grammar.vocabulary.size
        batch = Batch(
            np.zeros((count, window), np.int32),
            np.zeros((count, window), np.int32),
            np.zeros((count, window, 3), np.int32),
            np.zeros((count, window), bool),
            np.ones((count, window, size), bool),
            np.zeros(count, bool),
        )
        filled = [self._fill(number, lane, batch) for number, lane in enumerate(self.lanes)]
        parts = [columns for columns in filled if columns is not None]
        if not parts:
            return None
        joined = Columns(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))
        batch.legal[batch.valid] = self.grammar.legal_many(joined)
        return batch

    def _fill(self, number: int, lane: Lane, batch: Batch) -> Columns | None:
        """Go on in a lane by a window, and put that into its row of the batch where the row is made here."""
        fresh = lane.at >= lane.end
        if fresh and not self._next_piece(lane):
            return None
        piece, stop = self.pieces[lane.piece], self._cut(lane)
        if number not in self.rows:
            lane.at = stop
            return None
        row = number - self.rows.start
        batch.fresh[row] = fresh
        window, length = slice(lane.at, stop), stop - lane.at
        table = self.shifter.tokens[lane.shift + self.transpose]
        batch.tokens[row, :length] = table[piece.tokens[window]]
        batch.targets[row, :length] = table[piece.tokens[lane.at + 1 : stop + 1]]
        batch.places[row, :length] = piece.places[window]
        batch.valid[row, :length] = True
        columns = self.shifter.rules(piece, window, lane.shift)
        lane.at = stop
        return columns
