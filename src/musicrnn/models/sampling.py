"""Stochastic-exponent sampling: draw an exponent A, then a token from p^A, normalised."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Span = Literal["tick", "run", "bar", "token"]
Chance = Literal["always", "attacks", "beats", "bars", "never"]

MAX_EXPONENT = 16.0
TOKEN_STREAM, EXPONENT_STREAM = 0, 1
_WORD = 2**64


def generator_at(seed: int, stream: int, place: int) -> np.random.Generator:
    """Return the random numbers of one place (a tick, a bar): the same for the same seed, stream and place.

    Philox is counter-based, so a place's numbers do not depend on what was drawn elsewhere.
    """
    return np.random.Generator(np.random.Philox(key=seed % _WORD, counter=[0, 0, stream, place % _WORD]))


def draw_exponent(rng: np.random.Generator, mu: float, sigma: float) -> float:
    """Draw A from Normal(mu, sigma), clamped to 0..16; with sigma 0 it is mu."""
    value = mu + sigma * float(rng.standard_normal()) if sigma > 0 else mu
    return min(max(value, 0.0), MAX_EXPONENT)


def log_probabilities(logits: NDArray[np.float32], legal: NDArray[np.bool_]) -> Floats:
    """Return the log probabilities of the legal tokens, -inf for the others, float64[V].

    A logit of -inf is a probability of exactly 0. Raises FloatingPointError where a legal logit is
    NaN or +inf, or where no legal token has a probability above 0.
    """
    values = np.where(legal, logits, -np.inf).astype(np.float64)
    top = values.max()
    if not np.isfinite(top):
        raise FloatingPointError(f"the legal logits must be finite, got a maximum of {top}")
    shifted = values - top
    result: Floats = shifted - np.log(np.exp(shifted).sum())
    return result


def powered(log_p: Floats, exponent: float) -> Floats:
    """Return p^A / sum(p^A), float64[V], in log space: A = 0 is uniform over what has a probability above 0."""
    possible = np.isfinite(log_p)
    scaled = np.where(possible, exponent * np.where(possible, log_p, 0.0), -np.inf)
    weights = np.exp(scaled - scaled.max())
    result: Floats = weights / weights.sum()
    return result


def choose(probabilities: Floats, rng: np.random.Generator) -> int:
    """Draw one index by inverting the cumulative distribution; one of probability 0 is never drawn."""
    cumulative = np.cumsum(probabilities)
    index = int(np.searchsorted(cumulative, rng.random() * cumulative[-1], side="right"))
    if index >= len(probabilities) or probabilities[index] == 0.0:
        index = int(np.flatnonzero(probabilities)[-1])
    return index


def surest(log_p: Floats, chance_among: NDArray[np.bool_] | None = None) -> Floats:
    """Return the log probabilities of the likeliest alone; where it is one of ``chance_among``, of all of those."""
    best = int(np.argmax(log_p))
    kept = np.zeros(len(log_p), np.bool_)
    kept[best] = True
    if chance_among is not None and chance_among[best]:
        kept = chance_among
    result: Floats = np.where(kept, log_p, -np.inf)
    return result
