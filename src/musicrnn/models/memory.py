"""What was played in this piece, and what followed the last time that it went like this.

A recurrent state does not hold a piece word for word, and music comes back to what it was. The memory looks for the
last place at which the same onsets were heard as just now, goes along there token by token, and guesses that what
followed then follows again. What such a guess is worth is said by :mod:`musicrnn.models.trust`.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from typing import NamedTuple

from musicrnn.models.vocabulary import SUSTAIN, TICK, Kind, Vocabulary

ONSETS = 2  # that must be alike before a guess is made
FURTHEST = 2000  # tokens that a likeness is followed back
LONGEST = 512  # tokens that two onsets and what is between them may take
SLACK, BLOCK = 4000, 1024  # tokens: that can be taken back after others were forgotten, and that are let go at once


class Guess(NamedTuple):
    """A token that may follow, and for how many onsets it has gone as it goes now."""

    token: int
    onsets: int


class _Point(NamedTuple):
    """What is known after a token: the place of the guess (-1: none), and since which token it goes alike."""

    place: int
    since: int


class _Trace(NamedTuple):
    """What reading a token changed: the key of the onsets before it, what stood there, and more."""

    at: int
    key: int | None
    stood: int
    tick: int
    is_onset: bool


class Memory:
    """The tokens of a piece as they come.

    :meth:`back_to` takes the last ones back, as if they had never come, and :meth:`forget` the first ones: what is
    guessed depends on the tokens that are left alone. A token costs some microseconds, however many came before.
    """

    def __init__(self, vocabulary: Vocabulary, first: int = 0) -> None:
        """Begin with token number ``first``; those before it are not known."""
        self._attack = vocabulary.is_kind(Kind.ATTACK).tolist()
        self._first = self._offset = first  # the first token that counts, and the first that is stored
        self._tokens: list[int] = []
        self._points: list[_Point] = []
        self._traces: deque[_Trace] = deque()
        self._onsets: list[int] = []  # the first token of each tick in which a note begins
        self._tick = first
        self._places: dict[int, int] = {}

    def __len__(self) -> int:
        """Return the number of the next token: how many came."""
        return self._offset + len(self._tokens)

    def read(self, token: int) -> None:
        """Take the next token."""
        at, tick = len(self), self._tick
        self._tokens.append(token)
        is_onset = self._attack[token] and (not self._onsets or self._onsets[-1] < tick)
        if is_onset:
            self._onsets.append(tick)
        if token in (TICK, SUSTAIN):
            self._tick = at + 1
        key = self._key()
        self._points.append(self._alike(token, at, key))
        stood = -1
        if key is not None:
            stood, self._places[key] = self._places.get(key, -1), at + 1
        self._traces.append(_Trace(at, key, stood, tick, is_onset))

    def guess(self) -> Guess | None:
        """Return what followed the last time, or None where it never went like this."""
        if not self._points:
            return None
        place, since = self._points[-1]
        if place < self._first:
            return None
        since = max(since, self._first + len(self) - place)  # what was alike before the first token does not count
        onsets = len(self._onsets) - bisect_left(self._onsets, since)
        return Guess(self._tokens[place - self._offset], onsets) if onsets >= ONSETS else None

    def back_to(self, count: int) -> None:
        """Keep the first ``count`` tokens."""
        while len(self) > count and self._tokens:
            self._tokens.pop()
            self._points.pop()
            _, key, stood, self._tick, is_onset = self._traces.pop()
            if is_onset:
                self._onsets.pop()
            if key is None:
                continue
            if stood < 0:
                self._places.pop(key, None)
            else:
                self._places[key] = stood

    def forget(self, count: int) -> None:
        """Let the first ``count`` tokens of all count no more; of later ones up to ``SLACK`` can be taken back."""
        if count == self._first:
            return
        self._first = max(count, self._offset)
        while self._traces and self._traces[0].at < count - SLACK:
            old = self._traces.popleft()
            if old.key is not None and self._places.get(old.key) == old.at + 1:
                del self._places[old.key]
        if (gone := count - SLACK - self._offset) >= BLOCK:
            del self._tokens[:gone], self._points[:gone]
            self._offset += gone
            del self._onsets[: bisect_left(self._onsets, self._offset)]

    def _key(self) -> int | None:
        """Return a number that stands for the tokens since the onset before the last one."""
        if len(self._onsets) < ONSETS:
            return None
        begin = self._onsets[-ONSETS]
        if begin < self._offset or len(self) - begin > LONGEST:
            return None
        return hash(tuple(self._tokens[begin - self._offset :]))

    def _alike(self, token: int, at: int, key: int | None) -> _Point:
        """Go on along the place of the guess, or look for one."""
        if self._points:
            place, since = self._points[-1]
            if self._first <= place < at and self._tokens[place - self._offset] == token:
                return _Point(place + 1, since)
        place = -1 if key is None else self._places.get(key, -1)
        if place <= self._first:
            return _Point(-1, at + 1)
        return _Point(place, self._since(place, at))

    def _since(self, place: int, at: int) -> int:
        """Return the first token since which the last ones are those before a place."""
        tokens, offset = self._tokens, self._offset
        length, most = 0, min(FURTHEST, place - self._first)
        while length < most and tokens[place - 1 - length - offset] == tokens[at - length - offset]:
            length += 1
        return at + 1 - length
