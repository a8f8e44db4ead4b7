"""Blocks of bytes kept out of memory: in a temporary file without a name, once there are many."""

from __future__ import annotations

import tempfile
import weakref
from typing import IO, NamedTuple

from musicrnn.errors import CorpusError

IN_MEMORY = 16 * 1024 * 1024


class Place(NamedTuple):
    """Where a block lies, in bytes."""

    offset: int
    size: int


class BlockStore:
    """Blocks that can be taken out again by their places; the file is gone with the process.

    Up to ``in_memory`` bytes no file is made. CorpusError where the disk is full. Not thread-safe.
    """

    def __init__(self, in_memory: int = IN_MEMORY) -> None:
        self.in_memory = in_memory
        self._held = bytearray()
        self._file: IO[bytes] | None = None
        self._end = 0

    def add(self, block: bytes) -> Place:
        """Put a block behind the others; return where it lies."""
        place = Place(self._end, len(block))
        self._end += len(block)
        if self._file is None and self._end <= self.in_memory:
            self._held += block
        else:
            self._write(block)
        return place

    def get(self, place: Place) -> bytes:
        """Return the block at a place."""
        if self._file is None:
            return bytes(self._held[place.offset : place.offset + place.size])
        self._file.seek(place.offset)
        return self._file.read(place.size)

    def _write(self, block: bytes) -> None:
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile()  # noqa: SIM115  (closed with the store)
                weakref.finalize(self, self._file.close)
                self._file.write(self._held)
                self._held = bytearray()
            self._file.seek(0, 2)
            self._file.write(block)
        except OSError as error:
            raise CorpusError(f"{tempfile.gettempdir()}: must have room for the corpus: {error.strerror}") from error
