"""Which token may follow: one state machine for the sampler, the loss and the tests.

A piece is START, then one frame a tick, then END. A frame is SUSTAIN (nothing changes), or its notes
in canonical order closed by TICK. A note is named once; HOLD names only what sounds; an attack is
followed by its velocity where the vocabulary has velocities; a frame that would change nothing must
be written as SUSTAIN; and a frame never exceeds the polyphony of the model or of a part. No legal
state is without a legal token.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from musicrnn.errors import GrammarError
from musicrnn.models.legal import BEFORE, NAMING, OPEN, VELOCITY, Before, TokenRules, legal
from musicrnn.models.vocabulary import Kind, Vocabulary


class Phase(IntEnum):
    """Where in a piece the next token stands."""

    BEFORE = BEFORE
    OPEN = OPEN
    NAMING = NAMING
    VELOCITY = VELOCITY
    AFTER = 4


class State(NamedTuple):
    """All that the rules need of the past.

    ``sounding`` and ``naming`` are sets of slots as bit masks: what sounded in the tick before, and
    what this tick's frame has named so far that the next one can hold. ``named`` and ``part_count``
    count the notes named in this frame and in the last named note's part; ``kept`` those of them
    that sounded before and go on; ``changed`` tells that one was begun.
    """

    phase: int = Phase.BEFORE
    last_slot: int = -1
    named: int = 0
    part_count: int = 0
    kept: int = 0
    changed: bool = False
    sounding: int = 0
    naming: int = 0


class Columns(NamedTuple):
    """States as arrays, one row a state: small integers int16[N], sounding slots bool[N, slots]."""

    phase: NDArray[np.int16]
    last_slot: NDArray[np.int16]
    named: NDArray[np.int16]
    part_count: NDArray[np.int16]
    kept: NDArray[np.int16]
    changed: NDArray[np.int16]
    sounding: NDArray[np.bool_]


class Grammar:
    """The rules for one vocabulary."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self.start = State()
        kind, part = vocabulary.kind, vocabulary.part
        self._kind = kind.tolist()
        self._slot = vocabulary.slot.tolist()
        self._part = part.tolist()
        self._percussive = [p.percussive for p in vocabulary.parts]
        self._holds_apart = vocabulary.articulation
        self._rules = TokenRules.of(vocabulary, np.int16)
        self._part_of_slot = np.repeat(
            np.arange(len(vocabulary.parts), dtype=np.int16), [p.high - p.low + 1 for p in vocabulary.parts]
        )
        self._bytes = -(-vocabulary.slots // 8)

    def advance(self, state: State, token: int) -> State:
        """Return the state after a token; GrammarError where the token cannot stand there.

        The order of notes, holds, velocities and frames is checked; whether the polyphony allows the
        note, and whether an unchanged frame should have been SUSTAIN, only :meth:`legal` tells.
        """
        kind = self._kind[token]
        phase = state.phase
        if kind == Kind.ATTACK or kind == Kind.HOLD:
            return self._after_note(state, token, kind)
        if kind == Kind.VELOCITY and phase == Phase.VELOCITY:
            return state._replace(phase=Phase.NAMING)
        if kind == Kind.TICK and phase in (Phase.OPEN, Phase.NAMING):
            return State(Phase.OPEN, sounding=state.naming)
        if kind == Kind.SUSTAIN and phase == Phase.OPEN:
            return state
        if kind == Kind.END and phase == Phase.OPEN:
            return State(Phase.AFTER)
        if kind == Kind.START and phase == Phase.BEFORE:
            return State(Phase.OPEN)
        raise self._refusal(state, token)

    def _after_note(self, state: State, token: int, kind: int) -> State:
        slot, part = self._slot[token], self._part[token]
        bit = 1 << slot
        sounds = bool(state.sounding & bit)
        if state.phase not in (Phase.OPEN, Phase.NAMING) or slot <= state.last_slot:
            raise self._refusal(state, token)
        if kind == Kind.HOLD and not sounds:
            raise self._refusal(state, token)
        keeps = kind == Kind.HOLD or (sounds and not self._holds_apart)
        same_part = state.last_slot >= 0 and int(self._part_of_slot[state.last_slot]) == part
        wants_velocity = kind == Kind.ATTACK and self.vocabulary.velocity_bins > 0
        return State(
            Phase.VELOCITY if wants_velocity else Phase.NAMING,
            slot,
            state.named + 1,
            state.part_count + 1 if same_part else 1,
            state.kept + keeps,
            state.changed or not keeps,
            state.sounding,
            state.naming if self._percussive[part] else state.naming | bit,
        )

    def _refusal(self, state: State, token: int) -> GrammarError:
        name = self.vocabulary.name(token)
        return GrammarError(f"{name} cannot stand in phase {Phase(state.phase).name} after slot {state.last_slot}")

    def states(self, tokens: Iterable[int]) -> list[State]:
        """Return the state before each token of a piece; GrammarError at the first illegal one."""
        states = []
        state = self.start
        for token in tokens:
            states.append(state)
            state = self.advance(state, token)
        return states

    def columns(self, states: Sequence[State]) -> Columns:
        """Return states as arrays."""
        small = np.array([state[:6] for state in states], dtype=np.int16).reshape(-1, 6)
        packed = b"".join(state.sounding.to_bytes(self._bytes, "little") for state in states)
        bits = np.frombuffer(packed, dtype=np.uint8).reshape(len(states), self._bytes)
        sounding = np.unpackbits(bits, axis=1, count=self.vocabulary.slots, bitorder="little").astype(bool)
        phase, last_slot, named, part_count, kept, changed = small.T
        return Columns(phase, last_slot, named, part_count, kept, changed, sounding)

    def legal(self, state: State) -> NDArray[np.bool_]:
        """Return which tokens may follow, bool[size]."""
        mask: NDArray[np.bool_] = self.legal_many(self.columns([state]))[0]
        return mask

    def legal_many(self, columns: Columns) -> NDArray[np.bool_]:
        """Return which tokens may follow each state, bool[N, size]."""
        last = columns.last_slot
        at = Before(
            phase=columns.phase[:, None],
            last_slot=last[:, None],
            last_part=np.where(last < 0, np.int16(-1), self._part_of_slot[last])[:, None],
            named=columns.named[:, None],
            part_count=columns.part_count[:, None],
            kept=columns.kept[:, None],
            changed=columns.changed[:, None] > 0,
            count=columns.sounding.sum(1, dtype=np.int16)[:, None],
            sounds=columns.sounding[:, np.maximum(self._rules.slot, 0)],
        )
        mask: NDArray[np.bool_] = legal(self._rules, at)
        return mask
