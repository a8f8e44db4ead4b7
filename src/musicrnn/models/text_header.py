"""The header of a score text: ``# key = value`` lines before the first bar."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Any

from musicrnn.models.score import DRUM_CHANNEL, GRIDS, Part
from musicrnn.models.vocabulary import pitch_name

FREE_KEYS = ("title", "composer", "source", "licence", "comment")
KEYS = ("grid", "metre", "tempo", "velocity", "velocity_bins", "part.NAME", *FREE_KEYS)
DEFAULT_VELOCITY = 80

_STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_ACCIDENTALS = {"": 0, "#": 1, "♯": 1, "b": -1, "♭": -1}
_PITCH = re.compile(r"([A-Ga-g])([#b♯♭]?)(-1|[0-9])")
_FIELD = re.compile(r"(range|channel|program|polyphony)\s+(\S+)|(percussive)")


@dataclass(frozen=True, slots=True)
class Header:
    """What a header says: grid, first metre and tempo, how loud an unmarked attack is, and the parts."""

    grid: int = 12
    metre: tuple[int, int] = (4, 4)
    tempo: float = 120.0
    velocity: int = DEFAULT_VELOCITY
    velocity_bins: int = 0
    parts: tuple[Part, ...] = ()
    open_ranges: frozenset[str] = field(default_factory=frozenset)


def pitch_of(name: str) -> int:
    """Return the MIDI note number of a name such as C4 (60), F#3 or Bb-1; ValueError where it is none."""
    match = _PITCH.fullmatch(name)
    if match is None:
        raise ValueError(f"a note must be a letter A to G, '#' or 'b', and an octave -1 to 9, got {name!r}")
    step, accidental, octave = match.groups()
    pitch = 12 * (int(octave) + 1) + _STEPS[step.upper()] + _ACCIDENTALS[accidental]
    if not 0 <= pitch <= 127:
        raise ValueError(f"a note must lie in C-1..G9, got {name!r}")
    return pitch


def metre_of(text: str) -> tuple[int, int]:
    """Return numerator and denominator of a metre such as 6/8; ValueError where it is none."""
    match = re.fullmatch(r"([0-9]{1,3})/([0-9]{1,2})", text)
    numerator, denominator = (int(group) for group in match.groups()) if match else (0, 0)
    if not 1 <= numerator <= 255 or denominator not in (1, 2, 4, 8, 16, 32, 64):
        raise ValueError(f"a metre must be 1..255 over a power of 2 up to 64, got {text!r}")
    return numerator, denominator


def tempo_of(text: str) -> float:
    """Return a tempo in quarter notes a minute; ValueError where it is none in 1..6000."""
    number = re.fullmatch(r"[0-9]{1,4}(\.[0-9]{1,20})?", text)
    if number is None or not 1.0 <= float(text) <= 6000.0:
        raise ValueError(f"a tempo must be in 1..6000 bpm, got {text!r}")
    return float(text)


def whole_number(text: str, low: int, high: int, what: str) -> int:
    """Return a whole number in a range; ValueError, naming ``what``, where it is none."""
    if not re.fullmatch(r"[0-9]{1,9}", text) or not low <= int(text) <= high:
        raise ValueError(f"{what} must be in {low}..{high}, got {text!r}")
    return int(text)


def with_line(header: Header, key: str, value: str) -> Header:
    """Return the header with one more line in it; ValueError for what it cannot be."""
    match key:
        case "grid":
            if value not in map(str, GRIDS):
                raise ValueError(f"grid must be one of {', '.join(map(str, GRIDS))}, got {value!r}")
            return replace(header, grid=int(value))
        case "metre":
            return replace(header, metre=metre_of(value))
        case "tempo":
            return replace(header, tempo=tempo_of(value))
        case "velocity":
            return replace(header, velocity=whole_number(value, 1, 127, "velocity"))
        case "velocity_bins":
            bins = 0 if value == "0" else whole_number(value, 2, 32, "velocity_bins, where it is not 0,")
            return replace(header, velocity_bins=bins)
    if key.startswith("part."):
        return _with_part(header, key.removeprefix("part."), value)
    if key in FREE_KEYS:
        return header
    raise ValueError(f"a header's key must be one of {', '.join(KEYS)}, got {key!r}")


def _with_part(header: Header, name: str, value: str) -> Header:
    if any(part.name == name for part in header.parts):
        raise ValueError(f"a part must be declared once, got {name!r} again")
    fields: dict[str, Any] = {"low": 0, "high": 127}
    for word in filter(None, (word.strip() for word in value.split(","))):
        match = _FIELD.fullmatch(word)
        if match is None:
            raise ValueError(
                "a part must be 'range LOW..HIGH', 'channel N', 'program N', 'polyphony N' and 'percussive' "
                f"with commas between, got {word!r}"
            )
        fields |= _part_fields(match.group(1) or match.group(3), match.group(2) or "")
    is_open = {name} if "range" not in value else set()
    fields.setdefault("channel", DRUM_CHANNEL if "percussive" in fields else len(header.parts) % 9 + 1)
    return replace(header, parts=(*header.parts, Part(name, **fields)), open_ranges=header.open_ranges | is_open)


def _part_fields(key: str, value: str) -> dict[str, int | bool]:
    match key:
        case "range":
            low, separator, high = value.partition("..")
            if not separator:
                raise ValueError(f"a range must be LOW..HIGH, such as C2..G5, got {value!r}")
            if pitch_of(low) > pitch_of(high):
                raise ValueError(f"a range must be from a low note to one as high or higher, got {value!r}")
            return {"low": pitch_of(low), "high": pitch_of(high)}
        case "channel":
            return {"channel": whole_number(value, 1, 16, "channel")}
        case "program":
            return {"program": whole_number(value, 0, 127, "program")}
        case "polyphony":
            return {"polyphony": whole_number(value, 1, 128, "polyphony")}
        case _:
            return {"percussive": True}


def header_lines(header: Header) -> list[str]:
    """Return the header as lines of text."""
    lines = [
        f"# grid = {header.grid}",
        f"# metre = {header.metre[0]}/{header.metre[1]}",
        f"# tempo = {tempo_text(header.tempo)}",
    ]
    if header.velocity_bins:
        lines.append(f"# velocity_bins = {header.velocity_bins}")
    else:
        lines.append(f"# velocity = {header.velocity}")
    return lines + [f"# part.{part.name} = {_part_text(part)}" for part in header.parts]


def _part_text(part: Part) -> str:
    words = [
        f"range {pitch_name(part.low)}..{pitch_name(part.high)}",
        f"channel {part.channel}",
        f"program {part.program}",
        f"polyphony {part.polyphony}",
    ]
    return ", ".join([*words, "percussive"] if part.percussive else words)


def tempo_text(bpm: float) -> str:
    """Return a tempo in the fewest digits that give the same number back."""
    return next(text for digits in range(1, 18) if float(text := f"{bpm:.{digits}g}") == bpm and "e" not in text)
