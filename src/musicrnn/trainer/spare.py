"""Files that a run can do without: where one cannot be written, that is said once, and training goes on."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


def _to_stderr(line: str) -> None:
    print(f"warning: {line}", file=sys.stderr)


class Spare:
    """Lets such files be; ``warn`` is told of each one once."""

    def __init__(self, warn: Callable[[str], None] = _to_stderr) -> None:
        self.warn = warn
        self._told: set[Path] = set()

    @contextmanager
    def writing(self, path: Path) -> Iterator[None]:
        """Write to a file, or a folder, while the block runs; an OSError ends the block and nothing else."""
        try:
            yield
        except OSError as error:
            if path not in self._told:
                self._told.add(path)  # before it is told, which may be by writing to this very file
                self.warn(f"{path}: it cannot be written: {error.strerror or error}; training goes on")
