"""Text of others as it may be printed: a file's name can hold anything but a slash."""

from __future__ import annotations

import re

#: Control characters of ASCII and Latin-1, ends of lines and paragraphs, what turns the direction of writing, and
#: halves of characters, as Python makes of names that are not UTF-8.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def printable(text: str) -> str:
    """Return a text on one line, each character that would steer a terminal or break the line escaped as in Python."""
    return _UNPRINTABLE.sub(lambda found: found[0].encode("unicode_escape").decode(), text)
