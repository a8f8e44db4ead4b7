"""Generated pieces beside held-out ones."""

from __future__ import annotations

import math

import numpy as np
import pytest

from musicrnn.trainer.compare import Spread, compare_figures, compare_shapes, measure, spread
from tests.trainer.pieces import tune

REAL = {"notes a beat": np.array([1.0, 2.0, 3.0, 2.0]), "thirds": np.zeros(4)}


def test_a_mean_within_one_standard_deviation_is_within() -> None:
    """The held-out pieces have 2 ± 0.71."""
    near, far = ({"notes a beat": np.full(3, 2.0) + shift, "thirds": np.zeros(3)} for shift in (0.7, 0.8))
    assert [row.within for row in compare_figures(near, REAL, REAL, 3)] == [True]
    assert [row.within for row in compare_figures(far, REAL, REAL, 3)] == [False]


def test_figures_that_are_nothing_everywhere_are_left_out() -> None:
    """A corpus on sixteenths has no thirds, and the card no row of zeros; one that only the model plays stays."""
    made = {"notes a beat": np.ones(3), "thirds": np.array([0.0, 0.1, 0.0])}
    assert [row.name for row in compare_figures(made, REAL, REAL, 3)] == ["notes a beat", "thirds"]
    assert [row.name for row in compare_figures(REAL, REAL, REAL, 3)] == ["notes a beat"]


def test_pieces_that_cannot_have_a_figure_do_not_count() -> None:
    """A part may be silent in some pieces, or in all."""
    assert spread(np.array([1.0, math.nan, 3.0])) == Spread(2.0, 1.0)
    assert math.isnan(spread(np.array([math.nan])).mean)


def test_a_figure_that_no_generated_piece_has_is_not_within() -> None:
    """A model that never plays the bass does not play it well."""
    rows = compare_figures({"notes a beat": np.full(3, math.nan)}, REAL, REAL, 3)
    assert [row.within for row in rows] == [False]


def test_pieces_beside_themselves_overlap_wholly() -> None:
    """And as many others of the same kind nearly so."""
    told: list[int] = []
    pieces = [tune(seed, bars=8) for seed in range(12)]
    same = measure(pieces, lambda: told.append(1))
    other = measure([tune(seed, bars=8) for seed in range(100, 112)])
    assert len(told) == same.count == 12
    assert set(same.parts) == {"soprano", "bass"}
    rows = compare_figures(same.figures, same.figures, other.figures, 12)
    assert all(row.within for row in rows)
    assert all(row.overlap == pytest.approx(1.0, abs=1e-3) for row in rows)
    assert all(row.divergence == pytest.approx(0.0, abs=1e-9) for row in rows)
    assert sum(row.real_divergence > 0 for row in rows) > 10
    assert all(row.learnt.mean == pytest.approx(np.nanmean(other.figures[row.name])) for row in rows)
    for shape in compare_shapes(same, same, other):
        assert shape.overlap == pytest.approx(1.0)
        assert 0.5 < shape.ceiling <= 1.0
        assert shape.generated == shape.held_out
        assert sum(shape.generated) == pytest.approx(1.0)
