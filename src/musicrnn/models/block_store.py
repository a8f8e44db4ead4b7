"""Blocks of bytes kept out of memory: in a temporary file without a name, once there are many."""

from __future__ import annotations

import tempfile
import weakref
from array import array
from typing import IO

from musicrnn.errors import CorpusError

IN_MEMORY = 16 * 1024 * 1024


class BlockStore:
    """Blocks that can be taken out again by their numbers; the file is gone with the process.

    Up to ``in_memory`` bytes no file is made. CorpusError where the disk is full. Not thread-safe.
    """

    def __init__(self, in_memory: int = IN_MEMORY) -> None:
        self.in_memory = in_memory
        self._held = bytearray()
        self._file: IO[bytes] | None = None
        self._bounds = array("Q", [0])

    def add(self, block: bytes) -> int:
        """Put a block behind the others; return its number, from 0."""
        end = self._bounds[-1] + len(block)
        if self._file is None and end <= self.in_memory:
            self._held += block
        else:
            self._write(block)
        self._bounds.append(end)
        return len(self._bounds) - 2

    def get(self, number: int) -> bytes:
        """Return the block of a number."""
        begin, end = self._bounds[number], self._bounds[number + 1]
        if self._file is None:
            return bytes(self._held[begin:end])
        self._file.seek(begin)
        return self._file.read(end - begin)

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
