"""What a guess of the memory is worth, and how it changes what the network expects.

The probability that a guess comes true is a logistic function of the network's own log odds for it, another one for
each length of the likeness: so the two are weighed as music weighs them. A cache of this kind over a recurrent
network is that of Grave, Joulin and Usunier (2017); the weighing by length and by the network's odds is the context
mixing of compressors (Mahoney 2005).
"""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass

from musicrnn.models.memory import Guess
from musicrnn.models.sampling import Floats

MOST_ODDS, LEAST = 14.0, 1e-6


@dataclass(frozen=True, slots=True)
class Trust:
    """How likely a guess comes true: σ(bias + slope * the network's log odds for it).

    ``bounds`` are numbers of onsets, rising; ``biases`` and ``slopes`` have one more: one for each range between them.
    """

    bounds: tuple[int, ...]
    biases: tuple[float, ...]
    slopes: tuple[float, ...]

    def likelihood(self, onsets: int, log_p: float) -> float:
        """Return the probability of a guess to which the network gives the log probability ``log_p``."""
        row = bisect_right(self.bounds, onsets)
        z = self.biases[row] + self.slopes[row] * log_odds(log_p)
        return 1.0 / (1.0 + math.exp(-z))


BOUNDS = (3, 4, 5, 6, 8, 12, 16, 24, 32, 48)
#: Learnt from the bundled corpora by scripts/memory_trust.py.
DEFAULT = Trust(
    BOUNDS,
    biases=(0.92, 1.07, 1.78, 1.97, 2.68, 2.97, 3.95, 4.09, 4.46, 4.31, 5.47),
    slopes=(0.61, 0.60, 0.64, 0.31, 0.28, 0.41, 0.23, 0.23, 0.17, 0.25, 0.26),
)


def log_odds(log_p: float) -> float:
    """Return log(p / (1 - p)), within ±MOST_ODDS."""
    if log_p > -1e-6:
        return MOST_ODDS
    return max(-MOST_ODDS, min(MOST_ODDS, log_p - math.log(-math.expm1(log_p))))


def recalled(log_p: Floats, guess: Guess | None, trust: Trust, share: float) -> Floats:
    """Return log probabilities, float64[V], with what the memory guesses made as likely as it deserves.

    ``share`` 0 leaves all as it is, 1 believes the memory as far as it is to be trusted. What has no probability gets
    none, and the others keep their proportions.
    """
    if guess is None or share <= 0.0:
        return log_p
    old = float(log_p[guess.token])
    if not can_change(old):
        return log_p
    new = made_likely(guess.onsets, old, trust, share)
    result: Floats = log_p + (math.log1p(-new) - math.log1p(-math.exp(old)))
    result[guess.token] = math.log(new)
    return result


def can_change(log_p: float) -> bool:
    """Tell whether a token is possible, and others are too."""
    return -math.inf < log_p < -1e-9


def made_likely(onsets: int, log_p: float, trust: Trust, share: float) -> float:
    """Return the probability of a guess with the memory, where the network's own logarithm of it is ``log_p``."""
    new = (1.0 - share) * math.exp(log_p) + share * trust.likelihood(onsets, log_p)
    return min(max(new, LEAST), 1.0 - LEAST)
