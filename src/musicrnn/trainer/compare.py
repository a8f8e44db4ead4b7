"""Generated pieces beside held-out ones, figure by figure and histogram by histogram."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from musicrnn.models.score import Score
from musicrnn.trainer.figures import Floats, figures_of, part_figures_of
from musicrnn.trainer.shapes import density_divergence, density_overlap, overlap, shapes_of, shares

DRAWS = 20


@dataclass(frozen=True, slots=True)
class Spread:
    """Mean and standard deviation over pieces."""

    mean: float
    sd: float


@dataclass(frozen=True, slots=True)
class FigureRow:
    """One figure: generated and held-out pieces, and how much their distributions overlap and diverge.

    ``learnt`` is of the training share. ``ceiling`` is the overlap of the held-out pieces with as many pieces of the
    training share as were generated, ``real_divergence`` (nats) their divergence; ``real_within`` is how often the
    mean of those lies within one standard deviation. ``values`` are those of each piece, generated and held out.
    """

    name: str
    generated: Spread
    held_out: Spread
    learnt: Spread
    overlap: float
    ceiling: float
    divergence: float
    real_divergence: float
    real_within: float
    values: tuple[tuple[float, ...], tuple[float, ...]]

    @property
    def within(self) -> bool:
        """Tell whether the generated mean lies within one standard deviation of the held-out mean."""
        return _within(self.generated, self.held_out)


def _within(some: Spread, real: Spread) -> bool:
    return abs(some.mean - real.mean) <= real.sd + 1e-12


@dataclass(frozen=True, slots=True)
class ShapeRow:
    """One histogram: the overlap of generated and held-out pieces, and the ceiling as in :class:`FigureRow`.

    ``generated`` and ``held_out`` are the histograms themselves, each of sum 1.
    """

    name: str
    overlap: float
    ceiling: float
    generated: tuple[float, ...]
    held_out: tuple[float, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """The figures and histograms of some pieces: by name, one value or row a piece."""

    figures: Mapping[str, Floats]
    parts: Mapping[str, Mapping[str, Floats]]
    shapes: Mapping[str, Sequence[Floats]]
    count: int


def measure(scores: Sequence[Score], done: Callable[[], None] = lambda: None) -> Measured:
    """Measure pieces of common parts; ``done`` is called after each."""
    rows, part_rows, shapes = [], [], []
    for score in scores:
        rows.append(figures_of(score))
        part_rows.append(part_figures_of(score))
        shapes.append(shapes_of(score))
        done()
    parts = {name: _columns([row[name] for row in part_rows]) for name in _names(part_rows)}
    by_name = {name: [row[name] for row in shapes if name in row] for name in _names(shapes)}
    return Measured(_columns(rows), parts, by_name, len(scores))


def _names(rows: Sequence[Mapping[str, object]]) -> list[str]:
    """Return all names in the order in which they are first met."""
    return list(dict.fromkeys(name for row in rows for name in row))


def _columns(rows: Sequence[Mapping[str, float]]) -> dict[str, Floats]:
    return {name: np.array([row.get(name, np.nan) for row in rows]) for name in _names(rows)}


def spread(values: Floats) -> Spread:
    """Return mean and standard deviation of the values that are numbers; nan of none."""
    real = values[np.isfinite(values)]
    return Spread(float(real.mean()), float(real.std())) if len(real) else Spread(float("nan"), float("nan"))


def compare_figures(
    generated: Mapping[str, Floats], held_out: Mapping[str, Floats], train: Mapping[str, Floats], count: int
) -> list[FigureRow]:
    """Return a row for each figure that both have; figures that are 0 throughout are left out.

    ``count`` pieces of the training share are drawn, several times, for the ceiling.
    """
    rows = []
    for name, made in generated.items():
        real, learnt = held_out.get(name), train.get(name)
        if real is None or learnt is None or not (np.any(np.nan_to_num(made)) or np.any(np.nan_to_num(real))):
            continue
        rows.append(_row(name, made, real, learnt, count))
    return rows


def _row(name: str, made: Floats, real: Floats, learnt: Floats, count: int) -> FigureRow:
    draws = _draws(learnt, count)
    return FigureRow(
        name,
        spread(made),
        spread(real),
        spread(learnt),
        density_overlap(made, real),
        float(np.mean([density_overlap(drawn, real) for drawn in draws])),
        density_divergence(real, made),
        float(np.mean([density_divergence(real, drawn) for drawn in draws])),
        float(np.mean([_within(spread(drawn), spread(real)) for drawn in draws])),
        (tuple(made.tolist()), tuple(real.tolist())),
    )


def compare_shapes(generated: Measured, held_out: Measured, train: Measured) -> list[ShapeRow]:
    """Return a row for each histogram that all three have."""
    rows = []
    for name, made in generated.shapes.items():
        real, learnt = held_out.shapes.get(name), train.shapes.get(name)
        if not real or not learnt:
            continue
        mine, whole = shares(made), shares(real)
        ceiling = float(np.mean([overlap(shares(drawn), whole) for drawn in _draws(np.stack(learnt), len(made))]))
        rows.append(ShapeRow(name, overlap(mine, whole), ceiling, tuple(mine.tolist()), tuple(whole.tolist())))
    return rows


def _draws(values: Floats, count: int) -> list[Floats]:
    """Draw ``count`` of the values, or all where they are fewer, several times."""
    rng = np.random.default_rng(0)
    size = min(count, len(values))
    return [values[rng.choice(len(values), size, replace=False)] for _ in range(DRAWS)]
