"""The parts of a score as one line of JSON, kept in the MIDI files that this program writes.

MIDI has no place for a part's range and polyphony; a text event at the head of the file keeps them,
so that what was written is read back as it was. Other programs ignore the event.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from musicrnn.models.score import Part

_MOST_PARTS = 64


def declaration_of(parts: Sequence[Part]) -> str:
    """Return the declaration of some parts."""
    return json.dumps({"parts": [asdict(part) for part in parts]}, separators=(",", ":"))


def parts_of_declaration(text: str) -> tuple[Part, ...]:
    """Return the parts that a declaration names; none where it is empty or makes no sense."""
    try:
        values: Any = json.loads(text) if text else {}
        parts = tuple(Part(**fields) for fields in values.get("parts", [])[:_MOST_PARTS])
    except (ValueError, TypeError, AttributeError, RecursionError):
        return ()
    return parts if len({part.name for part in parts}) == len(parts) else ()
