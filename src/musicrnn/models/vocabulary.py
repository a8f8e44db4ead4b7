"""The tokens that a model reads and writes, numbered."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from enum import IntEnum
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from musicrnn.models.declaration import of_their_kinds, part_of
from musicrnn.models.score import Part

START, END, TICK, SUSTAIN = range(4)
NOTE_NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")


class Kind(IntEnum):
    """What a token does."""

    START = 0
    END = 1
    TICK = 2
    SUSTAIN = 3
    VELOCITY = 4
    ATTACK = 5
    HOLD = 6


def pitch_name(pitch: int) -> str:
    """Return the name of a MIDI note number, C4 for 60 and C-1 for 0."""
    return f"{NOTE_NAMES[pitch % 12]}{pitch // 12 - 1}"


@dataclass(frozen=True)
class Vocabulary:
    """A numbering of tokens for one grid and one set of parts.

    Tokens are START, END, TICK and SUSTAIN (0 to 3), then the velocity bins, then for each part its
    attacks by falling pitch and its holds by falling pitch. Percussive parts have no holds, and
    without ``articulation`` no part has. A *slot* is a (part, pitch) in the canonical order in which
    a frame names its notes: parts in their order, pitch falling.
    """

    ticks_per_beat: int
    parts: tuple[Part, ...]
    articulation: bool = True
    velocity_bins: int = 0
    max_polyphony: int = 16
    _first: dict[tuple[Kind, int], int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.parts:
            raise ValueError("a vocabulary must have a part, got none")
        names = [part.name for part in self.parts]
        if len(set(names)) < len(names):
            raise ValueError(f"the parts' names must differ, got {', '.join(names)}")
        if not 0 <= self.velocity_bins <= 32:
            raise ValueError(f"velocity_bins must be in 0..32, got {self.velocity_bins}")
        if self.velocity_bins and not self.articulation:
            raise ValueError("velocity_bins must be 0 without articulation")
        if not 1 <= self.max_polyphony <= 128:
            raise ValueError(f"max_polyphony must be in 1..128, got {self.max_polyphony}")
        object.__setattr__(self, "_first", {})
        at = 4 + self.velocity_bins
        for index, part in enumerate(self.parts):
            for kind in self.kinds_of(part):
                self._first[kind, index] = at
                at += part.high - part.low + 1

    def kinds_of(self, part: Part) -> tuple[Kind, ...]:
        """Return the kinds of note token that a part has."""
        holds = self.articulation and not part.percussive
        return (Kind.ATTACK, Kind.HOLD) if holds else (Kind.ATTACK,)

    @cached_property
    def _columns(self) -> NDArray[np.int32]:
        rows = [(kind, -1, -1, -1) for kind in (Kind.START, Kind.END, Kind.TICK, Kind.SUSTAIN)]
        rows += [(Kind.VELOCITY, -1, -1, -1)] * self.velocity_bins
        slot = 0
        for index, part in enumerate(self.parts):
            pitches = range(part.high, part.low - 1, -1)
            for kind in self.kinds_of(part):
                rows += [(kind, index, pitch, slot + part.high - pitch) for pitch in pitches]
            slot += len(pitches)
        return np.array(rows, dtype=np.int32)

    @property
    def size(self) -> int:
        """Number of tokens."""
        return len(self._columns)

    @cached_property
    def slots(self) -> int:
        """Number of (part, pitch) slots."""
        return sum(part.high - part.low + 1 for part in self.parts)

    @cached_property
    def kind(self) -> NDArray[np.int32]:
        """Kind of each token, int32[size]."""
        return self._columns[:, 0]

    def is_kind(self, kind: Kind) -> NDArray[np.bool_]:
        """Tell for each token whether it is of that kind, bool[size].

        NumPy asks what it compares with for its methods and forgets what goes wrong there. Where that runs Python
        code, as with an enumeration in Python 3.11, a Ctrl-C that falls into it is lost: so it is given a plain number.
        """
        of_kind: NDArray[np.bool_] = self.kind == int(kind)
        return of_kind

    @cached_property
    def part(self) -> NDArray[np.int32]:
        """Part of each note token, -1 for the others, int32[size]."""
        return self._columns[:, 1]

    @cached_property
    def pitch(self) -> NDArray[np.int32]:
        """MIDI pitch of each note token, -1 for the others, int32[size]."""
        return self._columns[:, 2]

    @cached_property
    def slot(self) -> NDArray[np.int32]:
        """Slot of each note token, -1 for the others, int32[size]."""
        return self._columns[:, 3]

    def has(self, part: int, pitch: int) -> bool:
        """Tell whether the pitch lies in the part's range."""
        return 0 <= part < len(self.parts) and self.parts[part].low <= pitch <= self.parts[part].high

    def attack(self, part: int, pitch: int) -> int:
        """Return the token that attacks a note."""
        return self._note(Kind.ATTACK, part, pitch)

    def hold(self, part: int, pitch: int) -> int:
        """Return the token that holds a note; ValueError where the part has no holds."""
        return self._note(Kind.HOLD, part, pitch)

    def _note(self, kind: Kind, part: int, pitch: int) -> int:
        first = self._first.get((kind, part))
        if first is None or not self.has(part, pitch):
            raise ValueError(f"the vocabulary has no {kind.name} of pitch {pitch} in part {part}")
        return first + self.parts[part].high - pitch

    def velocity(self, bin_: int) -> int:
        """Return the token of a velocity bin, counted from 0 (soft)."""
        if not 0 <= bin_ < self.velocity_bins:
            raise ValueError(f"a velocity bin must be in 0..{self.velocity_bins - 1}, got {bin_}")
        return 4 + bin_

    def bin_of(self, velocity: int) -> int:
        """Return the bin of a MIDI velocity (1 to 127); bins are equally wide."""
        return (min(max(velocity, 1), 127) - 1) * self.velocity_bins // 127

    def velocity_of(self, bin_: int) -> int:
        """Return the MIDI velocity in the middle of a bin."""
        return 1 + int((bin_ + 0.5) * 127 / self.velocity_bins)

    def name(self, token: int) -> str:
        """Return a token as a person reads it: ``soprano:C5``, ``~bass:C2``, ``TICK``, ``!3``."""
        kind, part, pitch, _ = (int(value) for value in self._columns[token])
        if kind == Kind.VELOCITY:
            return f"!{token - 4}"
        if part < 0:
            return Kind(kind).name
        hold = "~" if kind == Kind.HOLD else ""
        return f"{hold}{self.parts[part].name}:{pitch_name(pitch)}"

    def to_dict(self) -> dict[str, Any]:
        """Return the vocabulary as plain values for JSON."""
        return {
            "ticks_per_beat": self.ticks_per_beat,
            "articulation": self.articulation,
            "velocity_bins": self.velocity_bins,
            "max_polyphony": self.max_polyphony,
            "parts": [asdict(part) for part in self.parts],
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Vocabulary:
        """Build a vocabulary from :meth:`to_dict`'s values; ValueError or TypeError where they are wrong."""
        fields = of_their_kinds(cls, dict(values))
        parts = fields.pop("parts")
        return cls(parts=tuple(part_of(part) for part in parts), **fields)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the vocabulary's canonical JSON, in hexadecimal."""
        text = json.dumps(self.to_dict(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()
