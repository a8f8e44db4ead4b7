"""What is printed of a file's name."""

from __future__ import annotations

import io
import json
import sys

import pytest

from musicrnn.printable import counted, json_text, print_json, printable


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


def test_json_of_a_name_that_is_not_utf8_is_utf8_and_gives_the_name_back() -> None:
    """Other characters stand as they are."""
    names = {"file": "caf\udce9 – 歌.mid"}
    content = json_text(names).encode("utf-8")
    assert json.loads(content) == names
    assert "歌".encode() in content


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "cp1252"])
def test_json_is_printed_whatever_the_terminal_can_say(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it cannot is escaped."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding)
    monkeypatch.setattr(sys, "stdout", stream)
    print_json(["caf\udce9 – 歌.mid"], indent=None)
    stream.flush()
    assert json.loads(stream.buffer.getvalue().decode(encoding)) == ["caf\udce9 – 歌.mid"]


@pytest.mark.parametrize(("number", "said"), [(0, "0 notes"), (1, "1 note"), (2, "2 notes")])
def test_one_thing_is_no_plural(number: int, said: str) -> None:
    """In what is said to people."""
    assert counted(number, "note") == said
