"""Histograms and how much they overlap."""

from __future__ import annotations

import math

import numpy as np
import pytest

from musicrnn.models.score import Note, Part, Score, regular_bars
from musicrnn.trainer.shapes import density_divergence, density_overlap, durations, overlap, shapes_of, shares

PARTS = (Part("voice", 40, 90), Part("bass", 30, 60, channel=2))


def piece(*notes: tuple[int, int, int, int]) -> Score:
    """Return one bar at 4 ticks a beat with notes of (start, part, pitch, length)."""
    return Score(4, PARTS, tuple(sorted(Note(*note) for note in notes)), regular_bars(16, 4))


def test_onsets_are_counted_by_sixteenth_of_the_bar() -> None:
    """On one, on the half of two, on three; a chord counts once."""
    found = shapes_of(piece((0, 0, 60, 4), (0, 1, 48, 4), (6, 0, 62, 2), (8, 0, 64, 4)))
    assert np.flatnonzero(found["place of onsets in the bar"]).tolist() == [0, 6, 8]
    assert found["place of onsets in the beat"].tolist() == [2, 0, 1, 0]


def test_durations_fall_into_classes_with_their_ends_inside() -> None:
    """A quarter and less, then up to a third, a half, …; over four beats is the last one."""
    assert np.flatnonzero(durations(np.array([4]), 4)).tolist() == [5]
    assert np.flatnonzero(durations(np.array([17]), 4)).tolist() == [10]
    assert durations(np.array([3, 4, 6]), 12).tolist()[:5] == [0, 1, 1, 1, 0]


def test_intervals_are_counted_up_and_down_with_octaves_in_the_last_class() -> None:
    """Two up, two octaves down."""
    found = shapes_of(piece((0, 0, 80, 4), (4, 0, 82, 4), (8, 0, 58, 4)))
    assert np.flatnonzero(found["voice: intervals of the top voice"]).tolist() == [0, 15]


def test_intervals_above_the_bass_are_of_all_that_sounds() -> None:
    """A held C under E and G counts with both."""
    found = shapes_of(piece((0, 1, 48, 16), (4, 0, 64, 4), (8, 0, 67, 4)))
    assert found["intervals above the bass"].tolist() == [0, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0]


def test_the_scale_is_turned_to_its_tonic() -> None:
    """The same tune in two keys has the same degrees."""
    tune = [0, 2, 4, 5, 7, 9, 11]
    a, b = (shapes_of(piece(*((i, 0, base + step, 1) for i, step in enumerate(tune)))) for base in (60, 63))
    assert a["degrees of the scale"].tolist() == b["degrees of the scale"].tolist()
    assert a["pitch classes"].tolist() != b["pitch classes"].tolist()


def test_each_piece_counts_alike_in_a_shared_histogram() -> None:
    """However many notes it has; one of none counts nothing."""
    rows = [np.array([100.0, 0.0]), np.array([0.0, 2.0]), np.zeros(2)]
    assert shares(rows).tolist() == [0.5, 0.5]
    assert shares([np.zeros(3)]).tolist() == [0.0, 0.0, 0.0]


def test_overlap_goes_from_none_to_all() -> None:
    """Of histograms that sum to one."""
    a, b = np.array([0.5, 0.5, 0.0]), np.array([0.0, 0.5, 0.5])
    assert overlap(a, a) == pytest.approx(1.0)
    assert overlap(a, b) == pytest.approx(0.5)


def test_densities_overlap_as_much_as_the_formula_says() -> None:
    """Two normal distributions, two standard deviations apart, share 2 * Phi(-1)."""
    grid = np.linspace(0.0005, 0.9995, 1000)
    normal = np.sqrt(2) * np.vectorize(_inverse_erf)(2 * grid - 1)
    assert density_overlap(normal, normal) == pytest.approx(1.0, abs=1e-3)
    assert density_overlap(normal, normal + 2) == pytest.approx(math.erfc(1 / math.sqrt(2)), abs=0.04)
    assert density_overlap(normal, normal + 50) == pytest.approx(0.0, abs=1e-6)


def test_samples_without_spread_overlap_wholly_or_not_at_all() -> None:
    """All pieces have four notes at once: there is no density, but an answer."""
    four, five = np.full(5, 4.0), np.full(7, 5.0)
    assert density_overlap(four, four) == 1.0
    assert density_overlap(four, five) == 0.0
    assert math.isnan(density_overlap(four[:1], four))
    assert math.isnan(density_overlap(np.array([np.nan, np.nan, 1.0]), four))


def test_densities_diverge_as_much_as_the_formula_says() -> None:
    """Two normal distributions of one width, one standard deviation apart, diverge by half a nat."""
    grid = np.linspace(0.0005, 0.9995, 1000)
    normal = np.sqrt(2) * np.vectorize(_inverse_erf)(2 * grid - 1)
    assert density_divergence(normal, normal) == pytest.approx(0.0, abs=1e-9)
    assert density_divergence(normal, normal + 1) == pytest.approx(0.5, abs=0.06)
    assert 5.0 < density_divergence(normal, normal + 50) < 20.0


def test_narrow_samples_that_are_far_apart_have_a_finite_divergence() -> None:
    """However far: no peak falls between the points at which the densities are looked at."""
    low, high = np.array([0.0, 1e-3]), np.array([0.0, 1.0, 2.0])
    for distance in (10.0, 1_000.0, 12_345.6):
        assert 5.0 < density_divergence(low, high + distance) < 20.0
        assert density_overlap(low, high + distance) == pytest.approx(0.0, abs=1e-6)


def test_samples_without_spread_do_not_diverge_or_have_no_answer() -> None:
    """No density can tell how far two constants are apart."""
    four, five = np.full(5, 4.0), np.full(7, 5.0)
    assert density_divergence(four, four) == 0.0
    assert math.isnan(density_divergence(four, five))
    assert math.isnan(density_divergence(four[:1], four))


def _inverse_erf(value: float) -> float:
    """Return the x for which erf(x) is the value, by halving."""
    low, high = -6.0, 6.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if math.erf(middle) < value else (low, middle)
    return low
