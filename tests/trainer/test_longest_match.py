"""The longest shared run of every place is found, as a slow search finds it."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from musicrnn.trainer.longest_match import longest_matches

ROWS = st.lists(st.lists(st.integers(0, 2), max_size=12), max_size=4)


def slow(query: list[int], sources: list[list[int]], at: int) -> int:
    """Return the longest run from ``at`` by trying every place of every source."""
    best = 0
    for source in sources:
        for place in range(len(source)):
            count = 0
            while (
                at + count < len(query) and place + count < len(source) and query[at + count] == source[place + count]
            ):
                count += 1
            best = max(best, count)
    return best


def arrays(rows: list[list[int]]) -> list[np.ndarray[tuple[int], np.dtype[np.int64]]]:
    """Return rows as arrays."""
    return [np.array(row, dtype=np.int64) for row in rows]


@given(ROWS, ROWS)
def test_every_length_is_that_of_a_slow_search(queries: list[list[int]], sources: list[list[int]]) -> None:
    """Three symbols, so that there is much to share; and the run stands where it is said to."""
    found = longest_matches(arrays(queries), arrays(sources))
    assert len(found) == len(queries)
    for query, match in zip(queries, found, strict=True):
        assert match.length.tolist() == [slow(query, sources, at) for at in range(len(query))]
        for at, (length, source, place) in enumerate(zip(match.length, match.source, match.place, strict=True)):
            if length:
                assert sources[source][place : place + length] == query[at : at + length]
            else:
                assert (source, place) == (-1, -1)


def test_a_run_does_not_go_on_into_the_next_source() -> None:
    """Two sources end and begin with what the query has in one piece."""
    (match,) = longest_matches(arrays([[1, 2, 3, 4]]), arrays([[1, 2], [3, 4]]))
    assert match.length.tolist() == [2, 1, 2, 1]
    assert match.source.tolist() == [0, 0, 1, 1]


def test_queries_do_not_match_each_other() -> None:
    """Only the sources were learnt from."""
    found = longest_matches(arrays([[1, 2, 3], [1, 2, 3]]), arrays([[9, 3]]))
    assert [match.length.tolist() for match in found] == [[0, 0, 1], [0, 0, 1]]


def test_nothing_is_found_where_nothing_is() -> None:
    """No query, no source, and empty ones."""
    assert longest_matches([], arrays([[1]])) == []
    assert longest_matches(arrays([[1, 2]]), [])[0].length.tolist() == [0, 0]
    assert longest_matches(arrays([[]]), arrays([[]]))[0].length.tolist() == []
