"""Standard output, told apart from every other file that cannot be written."""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO, cast


class Output:
    """A stream that remembers the error with which it could not be written, and is that stream in all else.

    ``stream`` is None in a program that has no standard output.
    """

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream
        self.problem: OSError | None = None

    @contextlib.contextmanager
    def in_place(self) -> Iterator[None]:
        """Be standard output for a while; where there is none, nothing is, which takes all that is written.

        What its encoding lacks is written escaped: a file's name may hold any letter, a pipe's encoding on Windows few.
        """
        if self._stream is None:
            with Path(os.devnull).open("w", encoding="utf-8") as nothing, contextlib.redirect_stdout(nothing):
                yield
            return
        if isinstance(self._stream, io.TextIOWrapper) and self._stream.errors == "strict":
            self._stream.reconfigure(errors="backslashreplace")
        with contextlib.redirect_stdout(cast(TextIO, self)):
            yield

    def write(self, text: str) -> int:
        """Write as the stream does; OSError, which is remembered, where that cannot be."""
        if self._stream is None:
            return len(text)
        with self._remembered():
            return self._stream.write(text)

    def flush(self) -> None:
        """Flush as the stream does; OSError, which is remembered, where that cannot be."""
        if self._stream is not None:
            with self._remembered():
                self._stream.flush()

    def check(self) -> None:
        """Flush, and raise what was remembered, also where whoever wrote passed over it (argparse's help)."""
        self.flush()
        if self.problem is not None:
            raise self.problem

    def discard(self) -> None:
        """Let nothing more be written to it, not even when Python ends."""
        if self._stream is not None:
            nothing = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nothing, self._stream.fileno())
            os.close(nothing)

    @contextlib.contextmanager
    def _remembered(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self.problem = error
            raise

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
