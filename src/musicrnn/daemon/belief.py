"""What the network believed when it made a tick, as people look at it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from musicrnn.daemon.watch import Glimpse
from musicrnn.models.frames import Frame, carried
from musicrnn.models.sampling import Floats
from musicrnn.models.vocabulary import SUSTAIN

LIKELIEST = 8


class Belief(NamedTuple):
    """Probabilities of one tick.

    ``classes`` has for each pitch class, C first, how probable it was that one of that class sounds, as an estimate in
    0..1: what the network gave to naming it, and to letting it go on. ``likeliest`` are the first tokens it thought of,
    ``chosen`` those that were drawn, each with its probability; ``entropy`` is in nats, of all the tick's draws.
    """

    tick: int
    classes: tuple[float, ...]
    likeliest: tuple[tuple[str, float], ...]
    chosen: tuple[tuple[str, float], ...]
    entropy: float


def belief_of(glimpse: Glimpse, before: Frame) -> Belief | None:
    """Return what was believed in a tick that came after the frame ``before``; None where nothing was drawn."""
    record, name = glimpse.made.record, glimpse.around.vocabulary.name
    if not record.beliefs:
        return None
    first = np.exp(record.beliefs[0])
    likeliest = tuple((name(token), float(first[token])) for token in _best(first))
    drawn = zip(record.tokens, record.beliefs, strict=False)
    chosen = tuple((name(token), float(np.exp(log_p[token]))) for token, log_p in drawn)
    entropy = sum(_entropy(log_p) for log_p in record.beliefs)
    return Belief(glimpse.made.tick, _classes(glimpse, before), likeliest, chosen, entropy)


def _best(probabilities: Floats) -> list[int]:
    ordered = np.argsort(-probabilities, kind="stable")[:LIKELIEST]
    return [int(token) for token in ordered if probabilities[token] > 0.0]


def _entropy(log_p: Floats) -> float:
    possible = log_p[np.isfinite(log_p)]
    return float(-(np.exp(possible) * possible).sum())


def _classes(glimpse: Glimpse, before: Frame) -> tuple[float, ...]:
    vocabulary, fence = glimpse.around.vocabulary, glimpse.around.fence
    parts = vocabulary.parts
    shifts = np.array([fence.shift(index) for index in range(len(parts))])
    pitched = np.array([not part.percussive for part in parts])
    named = (vocabulary.part >= 0) & pitched[vocabulary.part]
    class_of: NDArray[np.int32] = (vocabulary.pitch + shifts[vocabulary.part]) % 12
    total = np.zeros(12)
    for log_p in glimpse.made.record.beliefs:
        total += np.bincount(class_of[named], weights=np.exp(log_p[named]), minlength=12)
    goes_on = float(np.exp(glimpse.made.record.beliefs[0][SUSTAIN]))
    for held in {(pitch + int(shifts[part])) % 12 for part, pitch in carried(before, vocabulary)}:
        total[held] += goes_on
    return tuple(float(value) for value in np.minimum(total, 1.0))
