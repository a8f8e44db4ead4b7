"""Encoded pieces, many of them in one memory-mapped file, so that a corpus need not fit into memory.

A piece is one stretch of the file, which the system reads when a window is cut from it and lets go of as it likes.
The file has no name, and is gone with the process.
"""

from __future__ import annotations

import contextlib
import mmap
import tempfile
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO, Any, overload

import numpy as np
from numpy.typing import NDArray

from musicrnn.errors import TrainingError
from musicrnn.trainer.dataset import Piece
from musicrnn.trainer.sounding import Sounding

IN_MEMORY = 32 * 1024 * 1024
_ALIGNMENT = 4
_RULES, _PLACES = 6, 3


class PieceWriter:
    """Writes pieces of one vocabulary, to make :class:`StoredPieces` of them; TrainingError where the disk is full.

    Up to ``in_memory`` bytes stay in memory, and no file is made.
    """

    def __init__(self, folder: Path, in_memory: int = IN_MEMORY) -> None:
        self.folder, self.in_memory = folder, in_memory
        self.rows = array("q")  # six numbers a piece
        self._at = 0
        self._last: Sounding | None = None
        self._file: IO[bytes] | None = None

    def add(self, piece: Piece) -> None:
        """Write a piece behind the others."""
        columns = (piece.bars, piece.tokens, piece.rules, piece.places)
        content = b"".join(column.tobytes() for column in columns)
        content += bytes(-len(content) % _ALIGNMENT)
        self._write(content)
        self.rows.extend((self._at, len(piece), len(piece.bars), piece.ticks, *piece.shifts))
        self._at += len(content)
        self._last = piece.sounding

    def pieces(self) -> StoredPieces:
        """Return what was written; nothing can be added after."""
        content: mmap.mmap | bytes = b""
        if self._file is not None:
            try:
                with self._file as file:
                    content = self._mapped(file) if self._at > self.in_memory else self._read(file)
            except OSError as error:
                raise self._trouble(error) from error
        return StoredPieces(content, np.array(self.rows, np.int64).reshape(-1, 6), self._last)

    def _write(self, content: bytes) -> None:
        if self._file is None:
            size = max(self.in_memory, 1)  # 0 would be no limit
            self._file = tempfile.SpooledTemporaryFile(size, "w+b", dir=str(self.folder))  # noqa: SIM115  (kept open)
        try:
            self._file.write(content)
        except OSError as error:
            with contextlib.suppress(OSError):
                self._file.close()
            raise self._trouble(error) from error

    @staticmethod
    def _mapped(file: IO[bytes]) -> mmap.mmap:
        file.flush()
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)

    @staticmethod
    def _read(file: IO[bytes]) -> bytes:
        file.seek(0)
        return file.read()

    def _trouble(self, error: OSError) -> TrainingError:
        return TrainingError(f"{self.folder}: the encoded corpus cannot be written: {error.strerror}")


class StoredPieces(Sequence[Piece]):
    """Pieces whose arrays, read-only, lie in a mapped file; ``index`` has a row of six integers for each.

    ``like`` is what sounds in one of them; in the others it is told by their tokens in the same way.
    """

    def __init__(self, content: mmap.mmap | bytes, index: NDArray[np.int64], like: Sounding | None) -> None:
        self._content, self._index, self._like = content, index, like

    def __len__(self) -> int:
        return len(self._index)

    @overload
    def __getitem__(self, at: int) -> Piece: ...
    @overload
    def __getitem__(self, at: slice) -> StoredPieces: ...
    def __getitem__(self, at: int | slice) -> Piece | StoredPieces:
        if isinstance(at, slice):
            return StoredPieces(self._content, self._index[at], self._like)
        offset, size, bars, ticks, low, high = self._index[at].tolist()

        def take(dtype: type[np.generic], count: int) -> NDArray[Any]:
            nonlocal offset
            array = np.frombuffer(self._content, dtype, count, offset)
            offset += array.nbytes
            return array

        starts, tokens = take(np.int32, bars), take(np.int16, size + 1)
        rules, places = take(np.int16, size * _RULES), take(np.uint8, size * _PLACES)
        if self._like is None:
            raise IndexError(f"a piece must be one of {len(self)}, got {at}")
        sounding = replace(self._like, tokens=tokens)
        return Piece(
            tokens, places.reshape(size, _PLACES), rules.reshape(size, _RULES), sounding, starts, ticks, (low, high)
        )

    def share(self, places: Iterable[int]) -> StoredPieces:
        """Return some of the pieces, in the order of their places."""
        return StoredPieces(self._content, self._index[np.fromiter(places, np.int64)], self._like)
