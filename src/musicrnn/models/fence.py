"""What may sound at all: scale, pitch ranges and polyphony, kept to before a token is drawn.

A fence narrows what the grammar allows. It never leaves nothing: a frame that would need a note outside can always
be ended, and a note is named only where the frame can still be completed. A part that may be heard at none of its
pitches goes on unheard, as a muted one does: a model that is denied a part falls silent as a whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from musicrnn.config.scales import pitch_classes
from musicrnn.models.grammar import Phase, State
from musicrnn.models.vocabulary import SUSTAIN, Kind, Vocabulary

NO_LIMIT = 128
HIGHEST = 127


class Range(NamedTuple):
    """The pitches, both included, at which the part of that name sounds."""

    part: str
    low: int = 0
    high: int = HIGHEST


@dataclass(frozen=True, slots=True)
class Limits:
    """What may sound: at most ``polyphony`` notes in a tick, in the scale, in the ranges of the parts.

    All but the percussive parts are transposed by so many semitones, and the limits are of what is heard.
    """

    polyphony: int = NO_LIMIT
    transpose: int = 0
    scale: str = "chromatic"
    root: str = "C"
    ranges: tuple[Range, ...] = ()

    def range_of(self, part: str) -> Range:
        """Return the range of a part."""
        return next((one for one in self.ranges if one.part == part), Range(part))

    def with_range(self, new: Range) -> Limits:
        """Return the limits with another range for a part."""
        others = tuple(one for one in self.ranges if one.part != new.part)
        return Limits(self.polyphony, self.transpose, self.scale, self.root, (*others, new))


FREE = Limits()


class Fence:
    """The limits, for one vocabulary."""

    def __init__(self, vocabulary: Vocabulary, limits: Limits) -> None:
        self.limits = limits
        self._shifts = tuple(0 if part.percussive else limits.transpose for part in vocabulary.parts)
        self._classes = pitch_classes(limits.scale, limits.root)
        self._ranges = tuple(limits.range_of(part.name) for part in vocabulary.parts)
        self._percussive = tuple(part.percussive for part in vocabulary.parts)
        self._limit = min(limits.polyphony, vocabulary.max_polyphony)
        slots = [
            (index, pitch)
            for index, part in enumerate(vocabulary.parts)
            for pitch in range(part.high, part.low - 1, -1)
        ]
        inside = _opened(np.array([self.allows(part, pitch + self._shifts[part]) for part, pitch in slots]), slots)
        self.is_open = bool(inside.all()) and self._limit == vocabulary.max_polyphony
        self._slots = sum(1 << int(slot) for slot in np.flatnonzero(inside))
        self._part_of_slot = [part for part, _ in slots]
        self._lay_out(vocabulary, inside)

    def _lay_out(self, vocabulary: Vocabulary, inside: NDArray[np.bool_]) -> None:
        """Work out for each token whether it is inside, and whether a note inside can follow it."""
        self._note = vocabulary.part >= 0
        slot, part = np.maximum(vocabulary.slot, 0), np.maximum(vocabulary.part, 0)
        self._inside = ~self._note | inside[slot]
        self._token_slot, self._token_part = slot, part
        self._keeps: NDArray[np.bool_] | None = vocabulary.is_kind(Kind.HOLD) if vocabulary.articulation else None
        parts = np.array(self._part_of_slot)
        last_in_part = np.array(
            [max(np.flatnonzero(inside & (parts == one)), default=-1) for one in range(parts[-1] + 1)]
        )
        last = max(np.flatnonzero(inside), default=-1)
        self._below = slot < last_in_part[part]
        self._later = part < (parts[last] if last >= 0 else -1)
        self._room = np.array([one.polyphony for one in vocabulary.parts])[part]

    def shift(self, part: int) -> int:
        """Return how many semitones higher than written a part sounds."""
        return self._shifts[part]

    def allows(self, part: int, pitch: int) -> bool:
        """Tell whether a part may be heard at a pitch."""
        bounds = self._ranges[part]
        within = max(bounds.low, 0) <= pitch <= min(bounds.high, HIGHEST)
        return within and (self._percussive[part] or pitch % 12 in self._classes)

    def narrow(self, legal: NDArray[np.bool_], state: State) -> NDArray[np.bool_]:
        """Return which of the legal tokens may follow, bool[size]; at least one where one was legal."""
        if self.is_open or state.phase not in (Phase.OPEN, Phase.NAMING):
            return legal
        sounding = state.sounding.bit_count()
        narrowed: NDArray[np.bool_] = legal & self._inside
        if state.phase == Phase.OPEN and (state.sounding & ~self._slots or sounding > self._limit):
            narrowed[SUSTAIN] = False
        if state.named >= self._limit:
            narrowed &= ~self._note
        elif not state.changed and state.kept + 1 == sounding:
            narrowed &= ~self._keeping(state) | self._has_more(state)
        return narrowed

    def _keeping(self, state: State) -> NDArray[np.bool_]:
        """Return the tokens that let a note go on."""
        if self._keeps is not None:
            return self._keeps
        sounds = np.array([bool(state.sounding >> slot & 1) for slot in range(len(self._part_of_slot))])
        keeping: NDArray[np.bool_] = self._note & sounds[self._token_slot]
        return keeping

    def _has_more(self, state: State) -> NDArray[np.bool_]:
        """Return the tokens after which another note inside can be named."""
        last = self._part_of_slot[state.last_slot] if state.last_slot >= 0 else -1
        in_part = np.where(self._token_part == last, state.part_count + 1, 1)
        room_for_it = state.named + 1 < self._limit
        more: NDArray[np.bool_] = (self._later | self._below & (in_part < self._room)) & room_for_it
        return more


def _opened(inside: NDArray[np.bool_], slots: list[tuple[int, int]]) -> NDArray[np.bool_]:
    """Return which slots (part, pitch) may be named: all of a part of which none may be heard."""
    part_of = np.array([part for part, _ in slots])
    heard = np.unique(part_of[inside])
    return inside | ~np.isin(part_of, heard)
