"""Batches: lanes that read whole pieces one after another, in windows of so many tokens.

Where a piece ends in a window the next one of the lane begins, so that nothing of a batch is padding; or, where
windows are to begin on bar lines, little of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from musicrnn.models.grammar import Columns, Grammar
from musicrnn.trainer.dataset import Piece, Shifter

ORDER, DRAWS = 0, 1


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """One window of every lane: B lanes of at most T predictions.

    ``tokens`` and ``targets`` int32[B, T], ``places`` int32[B, T, 3], ``valid`` bool[B, T] (padding
    comes last), ``legal`` bool[B, T, V], ``fresh`` bool[B, T] (a piece begins: the state is reset before it).
    """

    tokens: NDArray[np.int32]
    targets: NDArray[np.int32]
    places: NDArray[np.int32]
    valid: NDArray[np.bool_]
    legal: NDArray[np.bool_]
    fresh: NDArray[np.bool_]


class Cut(NamedTuple):
    """What is read into a place in a row: a part of a piece, transposed; ``fresh`` where the piece begins there."""

    row: int
    place: slice
    piece: int
    part: slice
    shift: int
    fresh: bool


@dataclass(slots=True)
class Lane:
    """Where one lane reads: a piece, from ``at`` to ``end``, transposed by ``shift``; -1 is no piece.

    ``fresh`` until something is read of the piece: it may have been taken where its first bar had no room any more.
    """

    piece: int = -1
    at: int = 0
    end: int = 0
    shift: int = 0
    fresh: int = 0


class Lanes:
    """An endless stream of batches over pieces in an order drawn anew each time that all have been taken.

    Everything is a function of the seed and of :meth:`position`, so a stream taken up again at a
    saved position goes on exactly. Lanes take the pieces of the next order while others are still at those of the
    last one, so it is by the tokens read that epochs are told. With ``once`` the pieces are read one time, as they
    are, in their order.
    ``rows`` are the lanes whose windows are made; where the others read is kept up too, by the pieces' bars alone.
    With ``on_bars`` windows begin on bar lines, and hold as many bars as fit. Unless ``packed`` a window is of one
    piece, for networks whose state can be reset only before a window.
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
        on_bars: bool = False,
        packed: bool = True,
    ) -> None:
        self.pieces, self.grammar, self.window = pieces, grammar, window
        self.transpose, self.seed, self.bars_a_piece, self.once = transpose, seed, bars_a_piece, once
        self.on_bars, self.packed = on_bars, packed
        self.shifter = Shifter(grammar.vocabulary, transpose)
        self.lanes = [Lane() for _ in range(lanes)]
        self.rows = range(lanes) if rows is None else rows
        self.drawn = 0
        self.taken = 0
        self._order = self._draw_order()

    def _draw_order(self) -> NDArray[np.int64]:
        self._begun: NDArray[np.int64] | None = None
        count = len(self.pieces)
        return np.arange(count) if self.once else self._rng(ORDER, self.drawn).permutation(count)

    def _rng(self, *place: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, *place])

    @cached_property
    def _sizes(self) -> NDArray[np.int64]:
        """How many tokens an epoch has of each piece; on the average, where it has only some of the bars."""
        most = self.bars_a_piece
        shares = ((len(piece), len(piece.bars) - 1) for piece in self.pieces)
        sizes = (max(1, size * most // bars) if 0 < most < bars else size for size, bars in shares)
        return np.fromiter(sizes, np.int64, len(self.pieces))

    @property
    def read(self) -> int:
        """Tokens read in all lanes since the beginning: of all pieces taken, less what is still before the lanes."""
        if self._begun is None:
            self._begun = np.cumsum([0, *self._sizes[self._order]])
        before = sum(lane.end - lane.at for lane in self.lanes)
        return max(0, self.drawn * int(self._begun[-1]) + int(self._begun[self.taken]) - before)

    @property
    def size(self) -> int:
        """Tokens of an epoch: as many as all pieces have."""
        return int(self._sizes.sum())

    @property
    def progress(self) -> float:
        """Tokens read, in epochs."""
        return self.read / self.size

    @property
    def epoch(self) -> int:
        """Epochs that are over."""
        return self.read // self.size

    def position(self) -> dict[str, Any]:
        """Return where the stream stands, as plain integers; ``epoch`` is how many orders were gone through."""
        rows = [[lane.piece, lane.at, lane.end, lane.shift, lane.fresh] for lane in self.lanes]
        return {"epoch": self.drawn, "taken": self.taken, "lanes": rows}

    def go_to(self, position: dict[str, Any]) -> None:
        """Take the stream up at a position returned by :meth:`position`."""
        self.drawn, self.taken = int(position["epoch"]), int(position["taken"])
        self.lanes = [Lane(*(int(value) for value in row)) for row in position["lanes"]]
        self._order = self._draw_order()

    def _next_piece(self, lane: Lane) -> bool:
        if self.taken == len(self.pieces):
            if self.once:
                return False
            self.drawn, self.taken = self.drawn + 1, 0
            self._order = self._draw_order()
        lane.piece = int(self._order[self.taken])
        self.taken += 1
        piece = self.pieces[lane.piece]
        lane.at, lane.end, lane.shift, lane.fresh = 0, len(piece), 0, 1
        if not self.once:
            self._vary(lane, piece)
        return True

    def _vary(self, lane: Lane, piece: Piece) -> None:
        """Draw the transposition, and the section where a piece gives only some of its bars."""
        rng = self._rng(DRAWS, self.drawn, lane.piece)
        lane.shift = int(rng.integers(piece.shifts[0], piece.shifts[1] + 1))
        bars = len(piece.bars) - 1
        if 0 < self.bars_a_piece < bars:
            first = int(rng.integers(0, bars - self.bars_a_piece + 1))
            lane.at, lane.end = int(piece.bars[first]), int(piece.bars[first + self.bars_a_piece])

    def _cut(self, lane: Lane, room: int) -> int:
        """Return where to stop reading: at the piece's end, at the last bar line that fits, or where the room ends.

        With ``on_bars`` a bar is cut only where it is longer than a whole window; in less room, nothing is read.
        """
        furthest = min(lane.at + room, lane.end)
        if furthest == lane.end or not self.on_bars:
            return furthest
        bars = self.pieces[lane.piece].bars
        line = int(bars[np.searchsorted(bars, furthest, side="right") - 1])
        if line > lane.at:
            return line
        return furthest if room == self.window else lane.at

    def next(self) -> Batch | None:
        """Return the next batch, of the rows made here; None where ``once`` has no more for them."""
        cuts = self.cuts()
        return self._batch(cuts) if cuts else None

    def cuts(self) -> list[Cut]:
        """Go on by a window in every lane; return what is read in the rows made here, none where there is no more."""
        return [cut for number, lane in enumerate(self.lanes) for cut in self._fill(number, lane)]

    def _batch(self, cuts: list[Cut]) -> Batch:
        count, window = len(self.rows), self.window
        size = self.grammar.vocabulary.size
        batch = Batch(
            np.zeros((count, window), np.int32),
            np.zeros((count, window), np.int32),
            np.zeros((count, window, 3), np.int32),
            np.zeros((count, window), bool),
            np.ones((count, window, size), bool),
            np.zeros((count, window), bool),
        )
        parts = [self._write(batch, cut) for cut in cuts]
        joined = Columns(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))
        batch.legal[batch.valid] = self.grammar.legal_many(joined)
        return batch

    def _fill(self, number: int, lane: Lane) -> Iterator[Cut]:
        """Go on in a lane by a window, and tell what is read where its row is made here."""
        used = 0
        while used < self.window:
            if lane.at >= lane.end and ((used and not self.packed) or not self._next_piece(lane)):
                return
            begin, stop = lane.at, self._cut(lane, self.window - used)
            if stop == begin:
                return
            fresh, lane.at, lane.fresh = bool(lane.fresh), stop, 0
            place = slice(used, used + stop - begin)
            used = place.stop
            if number in self.rows:
                yield Cut(number - self.rows.start, place, lane.piece, slice(begin, stop), lane.shift, fresh)

    def _write(self, batch: Batch, cut: Cut) -> Columns:
        """Put a part of a piece into its place in a row; return the grammar's states of it."""
        row, place, number, part, shift, fresh = cut
        piece, table = self.pieces[number], self.shifter.tokens[shift + self.transpose]
        batch.fresh[row, place.start] = fresh
        batch.tokens[row, place] = table[piece.tokens[part]]
        batch.targets[row, place] = table[piece.tokens[part.start + 1 : part.stop + 1]]
        batch.places[row, place] = piece.places[part]
        batch.valid[row, place] = True
        return self.shifter.rules(piece, part, shift)
