"""Stochastic-exponent sampling draws what it says: frequencies are compared with p^A / sum(p^A) by chi-square."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from scipy import integrate, stats

from musicrnn.models.sampling import (
    EXPONENT_STREAM,
    MAX_EXPONENT,
    TOKEN_STREAM,
    choose,
    draw_exponent,
    generator_at,
    log_probabilities,
    powered,
)

Floats = NDArray[np.float64]

DRAWS = 10_000
LOGITS = np.array([2.0, 1.0, 0.5, 0.0, -0.5, -1.0, -2.0, -3.0, 1.5, -np.inf, 4.0], np.float32)
LEGAL = np.array([True] * 10 + [False])
SMALLEST_P = 1e-4  # with a fixed seed the outcome is fixed too; the bound only says how unlikely it may be


def log_p() -> Floats:
    """Return the log probabilities of the example: the last token is illegal, the one before it has probability 0."""
    return log_probabilities(LOGITS, LEGAL)


def reference(exponent: float) -> Floats:
    """Return p^A / sum(p^A) as it is written, with 0^A = 0, float64[V]."""
    p = np.exp(log_p())
    weights = np.where(p > 0, p**exponent, 0.0)
    result: Floats = weights / weights.sum()
    return result


def drawn(mu: float, sigma: float, draws: int = DRAWS) -> NDArray[np.int64]:
    """Count the tokens of so many ticks, each with its own exponent."""
    counts = np.zeros(len(LOGITS), np.int64)
    logs = log_p()
    for tick in range(draws):
        exponent = draw_exponent(generator_at(7, EXPONENT_STREAM, tick), mu, sigma)
        counts[choose(powered(logs, exponent), generator_at(7, TOKEN_STREAM, tick))] += 1
    return counts


def agreement(counts: NDArray[np.int64], expected: Floats) -> float:
    """Return the p-value of a chi-square test; tokens expected less than 5 times are counted together."""
    wanted = expected * counts.sum()
    assert counts[expected == 0].sum() == 0
    common = wanted >= 5
    observed = [*counts[common], counts[~common].sum()]
    hoped = [*wanted[common], wanted[~common].sum()]
    if hoped[-1] < 1e-9:
        observed, hoped = observed[:-1], hoped[:-1]
    if len(observed) < 2:
        return 1.0
    return float(stats.chisquare(observed, hoped, sum_check=False).pvalue)


@pytest.mark.parametrize("exponent", [0.0, 0.3, 1.0, 1.7, 3.0, 16.0])
def test_with_a_fixed_exponent_tokens_come_as_often_as_p_to_the_a(exponent: float) -> None:
    """Sigma 0, from uniform over the legal to almost always the likeliest."""
    assert agreement(drawn(exponent, 0.0), reference(exponent)) > SMALLEST_P


@pytest.mark.parametrize(("mu", "sigma"), [(1.0, 0.5), (0.5, 1.0), (2.0, 2.0), (0.0, 0.7), (15.0, 4.0)])
def test_with_a_drawn_exponent_tokens_come_as_often_as_the_mixture(mu: float, sigma: float) -> None:
    """Sigma above 0: p^A is integrated over Normal(mu, sigma), clamped to 0..16."""
    assert agreement(drawn(mu, sigma), mixture(mu, sigma)) > SMALLEST_P


def mixture(mu: float, sigma: float) -> Floats:
    """Integrate the reference over the clamped normal distribution by the trapezium rule, float64[V]."""
    grid = np.linspace(0.0, MAX_EXPONENT, 4001)
    density = stats.norm.pdf(grid, mu, sigma)
    inside = integrate.trapezoid(density[:, None] * np.array([reference(a) for a in grid]), grid, axis=0)
    below, above = stats.norm.cdf(0.0, mu, sigma), stats.norm.sf(MAX_EXPONENT, mu, sigma)
    result: Floats = inside + below * reference(0.0) + above * reference(MAX_EXPONENT)
    return result


def test_the_chi_square_test_notices_an_exponent_that_is_a_little_wrong() -> None:
    """The test of the test: 1.15 is told from 1."""
    assert agreement(drawn(1.15, 0.0), reference(1.0)) < SMALLEST_P


def test_a_of_zero_is_uniform_over_what_is_legal_and_possible() -> None:
    """Nine tokens are legal and have a probability above 0."""
    assert powered(log_p(), 0.0).tolist() == pytest.approx([1 / 9] * 9 + [0.0, 0.0])


def test_a_huge_exponent_takes_the_likeliest_and_shares_between_equals() -> None:
    """No overflow: the largest weight is 1 before it is normalised."""
    logs = log_probabilities(np.array([0.0, 5.0, 5.0], np.float32), np.ones(3, np.bool_))
    assert powered(logs, 1e6).tolist() == [0.0, 0.5, 0.5]


def test_a_probability_of_exactly_zero_stays_zero_for_every_exponent() -> None:
    """0^0 too."""
    logs = log_probabilities(np.array([0.0, -np.inf], np.float32), np.ones(2, np.bool_))
    for exponent in (0.0, 0.5, 1.0, 16.0):
        assert powered(logs, exponent).tolist() == [1.0, 0.0]


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_logits_that_are_not_finite_are_refused(bad: float) -> None:
    """A network that answers so has failed."""
    with pytest.raises(FloatingPointError):
        log_probabilities(np.array([0.0, bad], np.float32), np.ones(2, np.bool_))


def test_an_illegal_logit_may_be_anything() -> None:
    """What cannot be chosen does not matter."""
    logs = log_probabilities(np.array([0.0, np.nan], np.float32), np.array([True, False]))
    assert logs.tolist() == [0.0, -np.inf]


def test_no_legal_token_is_a_failure() -> None:
    """The grammar never leaves a state without one."""
    with pytest.raises(FloatingPointError):
        log_probabilities(np.zeros(2, np.float32), np.zeros(2, np.bool_))


def test_sigma_zero_gives_mu_itself() -> None:
    """No random number is used up for it."""
    assert draw_exponent(generator_at(1, EXPONENT_STREAM, 0), 1.25, 0.0) == 1.25


@given(st.floats(0, 16), st.floats(0, 1e300), st.integers(0, 1000))
def test_the_exponent_never_leaves_its_range(mu: float, sigma: float, place: int) -> None:
    """It is clamped to 0..16 after it is drawn."""
    assert 0.0 <= draw_exponent(generator_at(1, EXPONENT_STREAM, place), mu, sigma) <= MAX_EXPONENT


@given(st.integers(0, 2**63 - 1), st.integers(0, 10**9))
def test_a_place_has_its_own_numbers_whatever_was_drawn_elsewhere(seed: int, place: int) -> None:
    """The same again for the same seed and place; others for the next place, seed and stream."""
    first = generator_at(seed, TOKEN_STREAM, place).random(4).tolist()
    assert generator_at(seed, TOKEN_STREAM, place).random(4).tolist() == first
    assert generator_at(seed, TOKEN_STREAM, place + 1).random(4).tolist() != first
    assert generator_at(seed + 1, TOKEN_STREAM, place).random(4).tolist() != first
    assert generator_at(seed, EXPONENT_STREAM, place).random(4).tolist() != first


ANY_LOGITS = arrays(np.float32, 12, elements=st.floats(-(2.0**100), 2.0**100, width=32))


@given(ANY_LOGITS, st.floats(0, 1e6), st.integers(0, 99))
def test_any_finite_logits_and_any_exponent_choose_a_legal_token(
    logits: NDArray[np.float32], exponent: float, place: int
) -> None:
    """However large or small, and without a warning."""
    legal = np.arange(12) % 3 == 0
    probabilities = powered(log_probabilities(logits, legal), exponent)
    assert probabilities.sum() == pytest.approx(1.0)
    assert legal[choose(probabilities, generator_at(3, TOKEN_STREAM, place))]


@given(arrays(np.float32, 8, elements=st.floats(-20, 20, width=32)))
def test_the_entropy_never_rises_with_the_exponent(logits: NDArray[np.float32]) -> None:
    """A larger A is stricter."""
    logs = log_probabilities(logits, np.ones(8, np.bool_))
    entropies = [stats.entropy(powered(logs, exponent)) for exponent in (0.0, 0.25, 0.5, 1.0, 2.0, 4.0, 16.0)]
    assert all(later <= earlier + 1e-9 for earlier, later in pairwise(entropies))
