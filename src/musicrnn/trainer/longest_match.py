"""The longest stretch that each place of some sequences shares with any place of others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Matches:
    """For each place of one query, how many symbols from there on stand in a source too, and where.

    ``source`` is the number of a source with such a run and ``place`` its place there, -1 where ``length`` is 0.
    """

    length: Ints
    source: Ints
    place: Ints


def longest_matches(queries: Sequence[Ints], sources: Sequence[Ints]) -> list[Matches]:
    """Return for each query, int64[n] of symbols of 0 and above, its matches; runs end where a sequence ends.

    All suffixes are sorted by prefix doubling; the best match of a suffix is its nearest neighbour of
    the sources, above or below. Costs n log n a level, and a level for each doubling of the longest query.
    """
    if not queries:
        return []
    sequences = [*sources, *queries]
    text, first = _joined(sequences)
    levels = _ranks(text, max((len(query) for query in queries), default=0))
    is_source = np.zeros(len(text), bool)
    is_source[: first[len(sources)]] = True
    above, below = _neighbours(levels[-1], is_source)
    best, at = _shared(levels, above), above
    other = _shared(levels, below)
    at, best = np.where(other > best, below, at), np.maximum(best, other)
    return [_matches_of(best, at, first, len(sources) + index, len(query)) for index, query in enumerate(queries)]


def _matches_of(best: Ints, at: Ints, first: Ints, index: int, size: int) -> Matches:
    here = slice(first[index], first[index] + size)
    length, place = best[here], at[here]
    source = np.searchsorted(first, place, side="right") - 1
    none = length == 0
    return Matches(length, np.where(none, -1, source), np.where(none, -1, place - first[source]))


def _joined(sequences: Sequence[Ints]) -> tuple[Ints, Ints]:
    """Return all sequences in one, each closed by a symbol of its own, and where each begins."""
    pieces = [np.append(sequence, -1 - index) for index, sequence in enumerate(sequences)]
    first = np.cumsum([0, *(len(piece) for piece in pieces)])[:-1]
    return np.concatenate(pieces) if pieces else np.zeros(0, np.int64), first.astype(np.int64)


def _ranks(text: Ints, longest: int) -> list[Ints]:
    """Return ranks of all places by their first 1, 2, 4, … symbols, until they differ or reach ``longest``."""
    levels = [np.unique(text, return_inverse=True)[1].astype(np.int64)]
    size = 1
    while size < longest and levels[-1].max(initial=0) < len(text) - 1:
        rank = levels[-1]
        following = np.zeros_like(rank)
        following[: max(len(rank) - size, 0)] = rank[size:] + 1
        levels.append(np.unique(rank * (len(text) + 1) + following, return_inverse=True)[1].astype(np.int64))
        size *= 2
    return levels


def _neighbours(rank: Ints, is_source: NDArray[np.bool_]) -> tuple[Ints, Ints]:
    """Return for each place the nearest place of a source before it and after it in sorted order, -1 for none."""
    order = np.argsort(rank, kind="stable")
    number = np.arange(len(order))
    marked = is_source[order]
    before = np.maximum.accumulate(np.where(marked, number, -1)) if len(order) else number
    after = np.minimum.accumulate(np.where(marked, number, len(order))[::-1])[::-1] if len(order) else number
    above, below = np.full(len(order), -1), np.full(len(order), -1)
    above[order] = np.where(before >= 0, order[before], -1)
    below[order] = np.where(after < len(order), order[np.minimum(after, len(order) - 1)], -1)
    return above, below


def _shared(levels: list[Ints], other: Ints) -> Ints:
    """Return how many symbols each place shares with another place, 0 where that is -1."""
    count = np.zeros(len(other), np.int64)
    here = np.arange(len(other))
    for level in reversed(range(len(levels))):
        mine, theirs = here + count, other + count
        inside = (other >= 0) & (mine < len(other)) & (theirs < len(other))
        mine, theirs = np.where(inside, mine, 0), np.where(inside, theirs, 0)
        same = inside & (levels[level][mine] == levels[level][theirs])
        count += same * 2**level
    return count
