"""Texts that have to fit."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from musicrnn.tui.paint import words, wrapped
from musicrnn.tui.panels import MOST_ROWS, last_lines

TEXTS = st.text("ab/声 -,", max_size=300)


@given(text=TEXTS, width=st.integers(2, 100))
def test_a_text_is_whole_in_rows_that_fit(text: str, width: int) -> None:
    """But for the spaces at which it is broken, also where a letter takes two columns."""
    rows = wrapped(text, width)
    assert all(cell_len(row) <= width for row in rows)
    assert "".join(rows).replace(" ", "") == text.replace(" ", "")


@given(text=TEXTS, width=st.integers(60, 300))
def test_the_last_line_has_rows_of_the_whole_width_and_not_too_many(text: str, width: int) -> None:
    """Whatever is said."""
    rows = [words(line) for line in last_lines(text, True, width)]
    assert 1 <= len(rows) <= MOST_ROWS
    assert all(cell_len(row) == width for row in rows)


def test_words_are_not_broken_where_there_is_room() -> None:
    """A path that is longer than a row is."""
    assert wrapped("one two three four", 8) == ["one two", "three", "four"]
    assert wrapped("no /a/long/path", 8) == ["no", "/a/long/", "path"]
    assert wrapped("", 8) == [""]


def test_what_has_no_room_at_all_ends_with_a_mark() -> None:
    """Of a text without end the beginning is shown."""
    rows = [words(line) for line in last_lines("x" * 1000, True, 60)]
    assert len(rows) == MOST_ROWS
    assert rows[-1].rstrip().endswith("…")
