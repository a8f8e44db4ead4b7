"""Figures where TensorBoard looks for them; only TensorFlow writes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from musicrnn.trainer.spare import Spare


class Board(Protocol):
    """Somewhere to put figures of a step."""

    def put(self, step: int, figures: Mapping[str, float]) -> None:
        """Put down figures by name."""
        ...

    def flush(self) -> None:
        """Write what was put down so far."""
        ...


class NoBoard:
    """Figures are in metrics.csv alone."""

    def put(self, step: int, figures: Mapping[str, float]) -> None:
        """Take no notice."""

    def flush(self) -> None:
        """Write nothing."""


class TensorBoard:
    """Writes event files into a folder; where that fails, ``spare`` is told, and no more is written."""

    def __init__(self, folder: Path, spare: Spare) -> None:
        self.folder, self.spare = folder, spare
        self._writer: Any = None
        self._has_failed = False

    def put(self, step: int, figures: Mapping[str, float]) -> None:
        """Put down figures by name."""
        self._try(lambda: self._put(step, figures))

    def flush(self) -> None:
        """Write what was put down so far."""
        if self._writer is not None:
            self._try(self._writer.flush)

    def _put(self, step: int, figures: Mapping[str, float]) -> None:
        import tensorflow as tf

        self._writer = self._writer or tf.summary.create_file_writer(str(self.folder))
        with self._writer.as_default(step=step):
            for name, value in figures.items():
                tf.summary.scalar(name, value)

    def _try(self, write: Callable[[], None]) -> None:
        """Write; of a full disk TensorFlow raises what it raises for want of memory, and that must not get out."""
        import tensorflow as tf

        if self._has_failed:
            return
        with self.spare.writing(self.folder):
            try:
                write()
            except tf.errors.OpError as error:
                self._has_failed = True
                raise OSError(" ".join(str(error.message).split())[:200]) from error
