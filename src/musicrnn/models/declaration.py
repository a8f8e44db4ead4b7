"""The parts of a score as JSON: one line of it is kept in the MIDI files that this program writes.

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
_KINDS = ("str", "int", "bool")


def of_their_kinds(cls: type, values: dict[str, Any]) -> dict[str, Any]:
    """Return values from JSON for the fields of a class; TypeError for one of another kind, as 1.5 or true for 1."""
    for name, kind in cls.__annotations__.items():
        if kind in _KINDS and name in values and type(values[name]).__name__ != kind:
            raise TypeError(f"{name} must be of type {kind}, got {values[name]!r:.80}")
    return values


def part_of(values: dict[str, Any]) -> Part:
    """Return the part that values from JSON describe; ValueError or TypeError where they are wrong."""
    return Part(**of_their_kinds(Part, values))


def declaration_of(parts: Sequence[Part]) -> str:
    """Return the declaration of some parts."""
    return json.dumps({"parts": [asdict(part) for part in parts]}, separators=(",", ":"))


def parts_of_declaration(text: str) -> tuple[Part, ...]:
    """Return the parts that a declaration names; none where it is empty or makes no sense."""
    try:
        values: Any = json.loads(text) if text else {}
        parts = tuple(part_of(fields) for fields in values.get("parts", [])[:_MOST_PARTS])
    except (ValueError, TypeError, AttributeError, RecursionError):
        return ()
    return parts if len({part.name for part in parts}) == len(parts) else ()
