"""The memory of whatever past is asked for: it goes on with the last one where it can."""

from __future__ import annotations

from collections import deque

from musicrnn.models.memory import Memory
from musicrnn.models.past import Past
from musicrnn.models.vocabulary import Vocabulary

NEAR = 512  # ticks that can be gone back


class Recall:
    """Keeps a memory, and brings it to a past.

    A past that goes on from the last one, or from up to 512 ticks before it, costs what its new ticks cost; one that
    begins anew costs nothing; any other is read from its first tick.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._memory = Memory(vocabulary)
        self._ticks = 0
        self._marks = deque([(0, 0)], NEAR)  # what stood for all, and how many tokens there were, after each tick

    def at(self, past: Past) -> Memory:
        """Return the memory of a past; what is read into it besides is taken back by the next call."""
        common = self._common(past)
        if common < 0:
            self._begin(past)
            common = self._ticks
        while self._ticks > common:
            self._marks.pop()
            self._ticks -= 1
        self._memory.back_to(self._marks[-1][1])
        for tick in range(common, past.ticks):
            heard = past.at(tick)
            self._memory.forget(past.forgotten)
            for token in heard.tokens:
                self._memory.read(token)
            self._marks.append((heard.mark, len(self._memory)))
        self._ticks = past.ticks
        self._memory.forget(past.forgotten)
        return self._memory

    def _begin(self, past: Past) -> None:
        """Begin a memory before the first tick of a past."""
        self._memory = Memory(self._vocabulary, past.forgotten)
        self._ticks = past.dropped
        self._marks = deque([(0, past.forgotten)], NEAR)

    def _common(self, past: Past) -> int:
        """Return how many ticks the memory and a past have in common, as far as can be gone back; -1 where none."""
        for tick in range(min(self._ticks, past.ticks), past.dropped, -1):
            if self._ticks - tick >= len(self._marks):
                return -1
            if self._marks[tick - self._ticks - 1][0] == past.at(tick - 1).mark:
                return tick
        return -1
