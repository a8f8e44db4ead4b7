"""Text of others as it may be printed: a file's name can hold anything but a slash."""

from __future__ import annotations

import json
import re
import sys

#: Control characters of ASCII and Latin-1, ends of lines and paragraphs, what turns the direction of writing, and
#: halves of characters, as Python makes of names that are not UTF-8.
_HALVES = re.compile("[\ud800-\udfff]")
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def printable(text: str) -> str:
    """Return a text on one line, each character that would steer a terminal or break the line escaped as in Python."""
    return _UNPRINTABLE.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def counted(number: int, word: str) -> str:
    """Return how many there are of a thing, whose word takes an s where they are not one."""
    return f"{number} {word}{'' if number == 1 else 's'}"


def json_text(value: object, indent: int | None = 1) -> str:
    """Return a value as JSON that is UTF-8 whatever names it holds: halves of characters are escaped, and read back."""
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    return _HALVES.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def print_json(value: object, indent: int | None = 1) -> None:
    """Print a value as JSON; where standard output cannot say it, with all but ASCII escaped."""
    text = json_text(value, indent)
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        text = json.dumps(value, indent=indent)
    print(text)
