"""What is printed of a file's name."""

from __future__ import annotations

import pytest

from musicrnn.printable import printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Ünïcode – 歌.mid", "Ünïcode – 歌.mid"),
        ("a\x1b[31mb\nc\td\x7f", r"a\x1b[31mb\nc\td\x7f"),
        ("\x9b31m\u2028\u202e", r"\x9b31m\u2028\u202e"),
        ("bad\udcff.mid", r"bad\udcff.mid"),
    ],
)
def test_what_steers_a_terminal_is_escaped_and_other_text_is_left(text: str, shown: str) -> None:
    """Control characters, ends of lines, turns of direction, and bytes that are no characters."""
    assert printable(text) == shown
