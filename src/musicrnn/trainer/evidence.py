"""What was measured of a model at one setting of how it plays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from musicrnn.models.generator import Choice
from musicrnn.trainer.compare import FigureRow, ShapeRow
from musicrnn.trainer.copies import Copied

TEN = (
    "pitch-class entropy in bits", "pitch entropy in bits", "scale consistency", "groove similarity", "notes a beat",
    "notes an onset", "beats between onsets", "length of a note in beats", "pitch range in semitones",
    "top-voice interval in semitones",
)  # fmt: skip
REPETITION = ("bars like an earlier bar", "rhythms like an earlier bar's", "longest repeat in beats")


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """Figures, histograms and copied runs of generated pieces beside held-out ones.

    ``counts`` are the pieces generated, held out and of the training share that were measured; ``copies``
    and ``real_copies`` tell, sense by sense, what generated and held-out pieces share with the training.
    """

    choice: Choice
    counts: tuple[int, int, int]
    figures: Sequence[FigureRow]
    parts: Mapping[str, Sequence[FigureRow]]
    shapes: Sequence[ShapeRow]
    bars: int
    copies: Sequence[Copied] = ()
    real_copies: Sequence[Copied] = ()

    @property
    def every(self) -> list[FigureRow]:
        """All figures, those of the parts included."""
        return [*self.figures, *(row for rows in self.parts.values() for row in rows)]

    @property
    def ten(self) -> list[FigureRow]:
        """The figures that music is usually compared by, those that this music has."""
        return self._named(TEN)

    @property
    def repetition(self) -> list[FigureRow]:
        """The figures of what comes again within a piece."""
        return self._named(REPETITION)

    def _named(self, names: Sequence[str]) -> list[FigureRow]:
        by_name = {row.name: row for row in self.figures}
        return [by_name[name] for name in names if name in by_name]

    @property
    def within(self) -> int:
        """Number of figures whose generated mean is within one standard deviation of the held-out mean."""
        return sum(row.within for row in self.every)

    @property
    def real_within(self) -> float:
        """The same of as many pieces of the training share, on the average of several draws."""
        return sum(row.real_within for row in self.every)

    @property
    def figure_overlap(self) -> tuple[float, float]:
        """Mean overlap of the figures' distributions, and its ceiling."""
        return _means([(row.overlap, row.ceiling) for row in self.every])

    @property
    def shape_overlap(self) -> tuple[float, float]:
        """Mean overlap of the histograms, and its ceiling."""
        return _means([(row.overlap, row.ceiling) for row in self.shapes])

    def value(self, name: str) -> float:
        """Return the generated mean of a figure, nan where there is none of that name."""
        return next((row.generated.mean for row in self.figures if row.name == name), float("nan"))


def _means(pairs: Sequence[tuple[float, float]]) -> tuple[float, float]:
    if not pairs:
        return float("nan"), float("nan")
    first, second = np.nanmean(np.array(pairs, np.float64), axis=0)
    return float(first), float(second)
