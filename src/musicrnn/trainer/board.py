"""Figures where TensorBoard looks for them; only TensorFlow writes them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol


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
    """Writes event files into a folder."""

    def __init__(self, folder: Path) -> None:
        import tensorflow as tf

        self._scalar = tf.summary.scalar
        self._writer = tf.summary.create_file_writer(str(folder))

    def put(self, step: int, figures: Mapping[str, float]) -> None:
        """Put down figures by name."""
        with self._writer.as_default(step=step):
            for name, value in figures.items():
                self._scalar(name, value)

    def flush(self) -> None:
        """Write what was put down so far."""
        self._writer.flush()
