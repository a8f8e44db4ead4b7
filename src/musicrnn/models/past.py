"""The tokens of a piece up to a point between two ticks: a value that is never changed and shares what it can."""

from __future__ import annotations

from typing import NamedTuple

Tokens = tuple[int, ...]
CHUNK, CHUNKS = 64, 128  # ticks that are kept together, and how many such


class Heard(NamedTuple):
    """The tokens of one tick, and a number that stands for all from the first on to them."""

    tokens: Tokens
    mark: int


class Past(NamedTuple):
    """What was heard, tick by tick: the last 8,192 at most.

    ``dropped`` are ticks before them, ``forgotten`` their tokens, and ``last`` all of the last tick.
    """

    chunks: tuple[tuple[Heard, ...], ...] = ()
    tail: tuple[Heard, ...] = ()
    dropped: int = 0
    forgotten: int = 0

    @property
    def ticks(self) -> int:
        """How many ticks were heard."""
        return self.dropped + CHUNK * len(self.chunks) + len(self.tail)

    @property
    def mark(self) -> int:
        """A number that stands for all that was heard."""
        return self.at(self.ticks - 1).mark if self.tail or self.chunks else 0

    def at(self, tick: int) -> Heard:
        """Return what was heard in a tick that is not dropped."""
        place, within = divmod(tick - self.dropped, CHUNK)
        return self.chunks[place][within] if place < len(self.chunks) else self.tail[within]

    def then(self, tokens: Tokens) -> Past:
        """Return the past after one more tick."""
        tail = (*self.tail, Heard(tokens, hash((self.mark, tokens))))
        if len(tail) < CHUNK:
            return self._replace(tail=tail)
        chunks = (*self.chunks, tail)
        if len(chunks) <= CHUNKS:
            return self._replace(chunks=chunks, tail=())
        gone = sum(len(heard.tokens) for heard in chunks[0])
        return Past(chunks[1:], (), self.dropped + CHUNK, self.forgotten + gone)


NOTHING = Past()
