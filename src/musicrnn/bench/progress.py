"""What is being measured, told on a terminal and nowhere else."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator

CLEAR = "\r\x1b[K"


@contextlib.contextmanager
def progress() -> Iterator[Callable[[str], None]]:
    """Yield what is told the next thing to be measured; no thread draws, which would disturb that."""
    on_terminal = sys.stderr is not None and sys.stderr.isatty()

    def say(text: str) -> None:
        if on_terminal:
            with contextlib.suppress(OSError):
                sys.stderr.write(f"{CLEAR}{text} …")
                sys.stderr.flush()

    try:
        yield say
    finally:
        if on_terminal:
            with contextlib.suppress(OSError):
                sys.stderr.write(CLEAR)
                sys.stderr.flush()
