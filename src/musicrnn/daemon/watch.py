"""What the engine's thread leaves for those who look on: references in bounded queues, and only while somebody looks.

Nothing is computed here and nothing waits: whoever looks reads it in a thread of its own.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import NamedTuple

from musicrnn.daemon.timeline import Made
from musicrnn.models.fence import Fence
from musicrnn.models.generator import Choice
from musicrnn.models.vocabulary import Vocabulary

ROOM = 1024
FIGURES = 512


class Surroundings(NamedTuple):
    """What a tick is heard through: its language, its choice, its limits, and the parts that are not heard."""

    vocabulary: Vocabulary
    choice: Choice
    fence: Fence
    silent: frozenset[int]


class Glimpse(NamedTuple):
    """One tick that was played, as it was made."""

    made: Made
    around: Surroundings


class Ahead(NamedTuple):
    """The ticks that are made but not yet played, and the moment in seconds of the clock at which the next is due."""

    coming: tuple[Made, ...]
    around: Surroundings
    bar_ticks: int
    metre: tuple[int, int]
    due: float | None = None


@dataclass
class Watch:
    """Queues between the engine's thread, which fills them while ``on``, and one reader."""

    on: bool = False
    played: deque[Glimpse] = field(default_factory=lambda: deque(maxlen=ROOM))
    ahead: Ahead | None = None
    lateness: deque[float] = field(default_factory=lambda: deque(maxlen=FIGURES))
    making: deque[float] = field(default_factory=lambda: deque(maxlen=FIGURES))

    def take(self) -> list[Glimpse]:
        """Return the ticks played since the last call."""
        taken: list[Glimpse] = []
        while self.played:
            taken.append(self.played.popleft())
        return taken

    def switch(self, on: bool) -> None:
        """Begin to look on, or leave off; what was left before is forgotten."""
        if on != self.on:
            for queue in (self.played, self.lateness, self.making):
                queue.clear()
            self.ahead = None
        self.on = on
