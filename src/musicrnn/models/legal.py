"""Which token may follow each of many states, by operators that arrays of NumPy, TensorFlow and JAX share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from musicrnn.models.vocabulary import END, START, SUSTAIN, TICK, Kind, Vocabulary

Array = Any
BEFORE, OPEN, NAMING, VELOCITY = range(4)


@dataclass(frozen=True, slots=True)
class TokenRules:
    """What the rules need of each token, arrays [size]: flags, ``slot``, ``part`` and its part's ``room``.

    ``single`` tells that the room is of one note.
    """

    note: Array
    attack: Array
    hold: Array
    velocity: Array
    last_of_part: Array
    later_part: Array
    tick: Array
    ends: Array
    start: Array
    slot: Array
    part: Array
    room: Array
    single: Array
    holds_apart: bool
    velocities: bool
    most: int

    @classmethod
    def of(cls, vocabulary: Vocabulary, kind: type[np.generic]) -> TokenRules:
        """Return them for a vocabulary, numbers of one kind, which that of the states must be too."""
        v, number = vocabulary, np.arange(vocabulary.size)
        lows = np.array([part.low for part in v.parts])
        rooms = np.array([part.polyphony for part in v.parts])
        note = v.part >= 0
        return cls(
            note=note,
            attack=v.is_kind(Kind.ATTACK),
            hold=v.is_kind(Kind.HOLD),
            velocity=v.is_kind(Kind.VELOCITY),
            last_of_part=note & (v.pitch == lows[v.part]),
            later_part=v.part < len(v.parts) - 1,
            tick=number == TICK,
            ends=(number == SUSTAIN) | (number == END),
            start=number == START,
            slot=v.slot.astype(kind),
            part=v.part.astype(kind),
            room=rooms[v.part].astype(kind),
            single=rooms[v.part] <= 1,
            holds_apart=v.articulation,
            velocities=v.velocity_bins > 0,
            most=v.max_polyphony,
        )


class Before(NamedTuple):
    """States before a token: numbers [..., 1], as those of :class:`~musicrnn.models.grammar.State`.

    ``last_part`` is the part of the last slot, -1 for none; ``changed`` a flag; ``count`` how many notes sounded in the
    tick before; and ``sounds`` [..., size] tells of each note token whether its slot did.
    """

    phase: Array
    last_slot: Array
    last_part: Array
    named: Array
    part_count: Array
    kept: Array
    changed: Array
    count: Array
    sounds: Array


def legal(of: TokenRules, at: Before) -> Array:
    """Return which tokens may follow, bool[..., size].

    Where ``|=`` and ``&=`` stand, NumPy writes into what was made here; tensors are made anew.
    """
    is_open, naming = at.phase == OPEN, at.phase == NAMING
    mask = _notes(of, at)
    mask &= is_open | naming
    closes = (naming & (at.changed | (at.kept < at.count))) | (is_open & (at.count > 0))
    mask |= of.tick & closes
    mask |= of.ends & is_open
    mask |= of.start & (at.phase == BEFORE)
    if of.velocities:
        mask |= of.velocity & (at.phase == VELOCITY)
    return mask


def _notes(of: TokenRules, at: Before) -> Array:
    """Return which notes may be named: a frame that would change nothing must have room for one that does."""
    same_part = of.part == at.last_part
    allowed = of.slot > at.last_slot
    allowed &= ~(same_part & (of.room <= at.part_count))
    allowed &= at.sounds | of.attack
    allowed &= of.note & (at.named < of.most)
    completes = (of.hold if of.holds_apart else at.sounds) & (~at.changed & (at.kept + 1 == at.count))
    ended = same_part & (of.room <= at.part_count + 1)
    ended |= of.single & ~same_part
    ended |= of.last_of_part
    more = (of.later_part | ~ended) & (at.named + 1 < of.most)
    allowed &= ~completes | more
    return allowed
