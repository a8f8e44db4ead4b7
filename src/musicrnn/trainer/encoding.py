"""The tokens of a whole piece and the grammar's states before them, made with arrays.

What comes out is to the last number what :func:`~musicrnn.models.frames.frames_of`,
:func:`~musicrnn.models.tokens.encode` and :meth:`~musicrnn.models.grammar.Grammar.states` say, one tick and one token
after another; tests hold the one against the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from musicrnn.models.frames import Fit, fitting
from musicrnn.models.grammar import Phase
from musicrnn.models.score_rows import LENGTH, PART, PITCH, START, VELOCITY, ScoreRows
from musicrnn.models.vocabulary import END, SUSTAIN, TICK, Vocabulary
from musicrnn.models.vocabulary import START as START_TOKEN
from musicrnn.trainer.sounding import sounding_slots

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Tables:
    """A vocabulary's parts and slots as arrays."""

    vocabulary: Vocabulary

    @cached_property
    def low(self) -> Ints:
        """Lowest pitch of each part."""
        return np.array([part.low for part in self.vocabulary.parts])

    @cached_property
    def high(self) -> Ints:
        """Highest pitch of each part."""
        return np.array([part.high for part in self.vocabulary.parts])

    @cached_property
    def polyphony(self) -> Ints:
        """Most notes of each part in a tick."""
        return np.array([part.polyphony for part in self.vocabulary.parts])

    @cached_property
    def percussive(self) -> Flags:
        """Which parts have hits, that do not go on."""
        return np.array([part.percussive for part in self.vocabulary.parts])

    @cached_property
    def first_slot(self) -> Ints:
        """Slot of each part's highest pitch."""
        return np.cumsum([0, *(self.high - self.low + 1)[:-1]])

    @cached_property
    def part_of_slot(self) -> Ints:
        """Part of each slot."""
        return np.repeat(np.arange(len(self.low)), self.high - self.low + 1)

    @cached_property
    def sounding(self) -> NDArray[np.int16]:
        """Slot that each token keeps sounding."""
        return sounding_slots(self.vocabulary)

    @cached_property
    def attack(self) -> Ints:
        """Token that attacks each slot."""
        return self._tokens(hold=False)

    @cached_property
    def hold(self) -> Ints:
        """Token that holds each slot, that of the attack where there is none."""
        return self._tokens(hold=True)

    def _tokens(self, hold: bool) -> Ints:
        v = self.vocabulary
        found = []
        for index, part in enumerate(v.parts):
            name = v.hold if hold and v.articulation and not part.percussive else v.attack
            found += [name(index, pitch) for pitch in range(part.high, part.low - 1, -1)]
        return np.array(found)


@lru_cache(maxsize=4)
def tables_of(vocabulary: Vocabulary) -> Tables:
    """Return the tables of a vocabulary."""
    return Tables(vocabulary)


@dataclass(frozen=True, slots=True, eq=False)
class Encoded:
    """A piece of T ticks as N + 1 tokens.

    ``tokens`` int16[N + 1]; of each prediction ``rules`` int16[N, 6], the small numbers of the grammar's state before
    it, and ``tick`` int64[N], the tick in which it stands, T for the last.
    """

    tokens: NDArray[np.int16]
    rules: NDArray[np.int16]
    tick: Ints


def kept_notes(rows: ScoreRows, tables: Tables) -> tuple[NDArray[np.int32], Fit]:
    """Return the notes that range and polyphony allow, and how many they do not."""
    notes = rows.notes
    part, pitch = notes[:, PART], notes[:, PITCH]
    inside = (pitch >= tables.low[part]) & (pitch <= tables.high[part])
    outside = len(notes) - int(np.count_nonzero(inside))
    if outside:
        notes = notes[inside]
    if _roomy(notes, tables):
        return notes, Fit(outside, 0)
    kept, fit = fitting(rows.score, tables.vocabulary)
    found = [(note.start, note.part, note.pitch, note.length, note.velocity) for note in kept]
    return np.array(found, np.int32).reshape(-1, 5), fit


def _roomy(notes: NDArray[np.int32], tables: Tables) -> bool:
    """Tell whether no tick has more notes than the polyphony of the model and of each part allows."""
    part = notes[:, PART]
    if _most(notes, tables) > tables.vocabulary.max_polyphony:
        return False
    polyphony = tables.polyphony.tolist()
    return all(_most(notes[part == index], tables) <= room for index, room in enumerate(polyphony))


def _most(notes: NDArray[np.int32], tables: Tables) -> int:
    """Return the most notes at once, hits being over in the tick after they begin."""
    if not len(notes):
        return 0
    starts, length = notes[:, START], _lengths(notes, tables)
    ended = np.searchsorted(np.sort(starts + length), starts, side="right")
    return int((np.arange(1, len(starts) + 1) - ended).max())


def _lengths(notes: NDArray[np.int32], tables: Tables) -> NDArray[np.int32]:
    return np.where(tables.percussive[notes[:, PART]], 1, notes[:, LENGTH]).astype(np.int32)


def encoded(notes: NDArray[np.int32], ticks: int, tables: Tables) -> Encoded:
    """Return notes, such as :func:`kept_notes` gives, as a piece of so many ticks."""
    named = _named(notes, tables)
    changes = ~_unchanged(named, ticks)
    written = named.only(changes[named.tick])
    return _written(written, changes, tables)


@dataclass(frozen=True, slots=True, eq=False)
class Named:
    """Every note in every tick in which it sounds, in the order in which frames name them.

    ``keeps`` tells those that sounded before and go on, ``attack`` those that an attack names, with the velocity's
    ``bin``; ``goes_on`` those that the next tick can hold.
    """

    tick: Ints
    slot: Ints
    attack: Flags
    bin: Ints
    keeps: Flags
    goes_on: Flags

    def only(self, which: Flags) -> Named:
        """Return some of them."""
        return Named(*(getattr(self, name)[which] for name in self.__slots__))


def _named(notes: NDArray[np.int32], tables: Tables) -> Named:
    """Return the notes tick by tick: one number each, by tick and slot, is sorted and taken apart again."""
    vocabulary = tables.vocabulary
    part, lengths = notes[:, PART], _lengths(notes, tables)
    slots = tables.first_slot[part] + tables.high[part] - notes[:, PITCH]
    count = int(lengths.sum())
    after = np.arange(count) - np.repeat(np.cumsum(lengths) - lengths, lengths)  # ticks after the note's start
    places = (np.repeat(notes[:, START], lengths) + after) * vocabulary.slots + np.repeat(slots, lengths)
    bins = (np.clip(notes[:, VELOCITY], 1, 127) - 1) * vocabulary.velocity_bins // 127
    packed = np.sort((places << 6) | ((after == 0) << 5) | np.repeat(bins, lengths))
    place, struck = packed >> 6, (packed & 32) > 0
    tick, slot = np.divmod(place, vocabulary.slots)
    goes_on = ~tables.percussive[tables.part_of_slot[slot]]
    if vocabulary.articulation:
        return Named(tick, slot, struck, packed & 31, ~struck, goes_on)
    keeps = _contains(place[goes_on] + vocabulary.slots, place)
    return Named(tick, slot, np.ones(count, bool), packed & 31, keeps, goes_on)


def _contains(some: Ints, wanted: Ints) -> Flags:
    """Tell which of the wanted numbers are among some, which are sorted."""
    if not len(some):
        return np.zeros(len(wanted), bool)
    found: Flags = some[np.minimum(np.searchsorted(some, wanted), len(some) - 1)] == wanted
    return found


def _unchanged(named: Named, ticks: int) -> Flags:
    """Tell which ticks sound on as the one before them, bool[T]."""
    count = np.bincount(named.tick, minlength=ticks)
    kept = np.bincount(named.tick[named.keeps], minlength=ticks)
    goes_on = np.bincount(named.tick[named.goes_on], minlength=ticks)
    before = np.concatenate(([0], goes_on[:-1]))
    same: Flags = (kept == count) & (count == before)
    return same


def _written(named: Named, changes: Flags, tables: Tables) -> Encoded:
    """Write the notes of the ticks that change anything, and how each tick ends."""
    ticks, loud = len(changes), tables.vocabulary.velocity_bins > 0
    widths = 1 + (named.attack & loud)
    at = named.tick + np.cumsum(widths) - widths + 1  # START and a closing token for each tick before stand in front
    sizes = np.bincount(named.tick, widths, ticks).astype(np.int64) + 1
    closes = np.cumsum(sizes)
    tokens = np.empty(int(sizes.sum()) + 2, np.int16)
    tokens[0], tokens[-1] = START_TOKEN, END
    tokens[closes] = np.where(changes, TICK, SUSTAIN)
    tokens[at] = np.where(named.attack, tables.attack[named.slot], tables.hold[named.slot])
    states = _states(named, tables)
    rules = np.zeros((len(tokens) - 1, states.shape[1]), np.int16)
    rules[:, 0], rules[:, 1] = Phase.OPEN, -1
    rules[at] = states
    if loud:
        struck = named.attack
        tokens[at[struck] + 1] = tables.vocabulary.velocity(0) + named.bin[struck]
        rules[at[struck] + 1] = states[struck]
        rules[at[struck], 0] = Phase.VELOCITY
    tick = np.repeat(np.arange(ticks + 1), np.append(sizes, 1))
    return Encoded(tokens, rules, tick)


def _states(named: Named, tables: Tables) -> NDArray[np.int16]:
    """Return the small numbers of the grammar's state after each named note: all but the phase as it is then."""
    count = len(named.tick)
    place = np.arange(count)
    part = tables.part_of_slot[named.slot]
    first = _first_alike(named.tick)
    number = place - first
    in_part = place - _first_alike(named.tick * len(tables.low) + part)
    keeps: Ints = np.cumsum(named.keeps)
    kept: Ints = keeps - (keeps - named.keeps)[first]
    columns = (np.full(count, Phase.NAMING), named.slot, number + 1, in_part + 1, kept, kept <= number)
    return np.stack(columns, axis=1).astype(np.int16)


def _first_alike(values: Ints) -> Ints:
    """Return for each value of a sorted array the place of the first one that equals it."""
    return np.searchsorted(values, values)
