"""The timeline: what was played, and what is made already but not yet heard."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace

import numpy as np

from musicrnn.models.generator import Snapshot, TickRecord
from musicrnn.models.watchdog import Quiet

STIRS = Quiet()
_NO_NETWORK = np.zeros((0, 2, 1, 0), dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Point:
    """Where the music stands between two ticks.

    ``origin`` is the tick of the session at which the piece began, from which its random numbers are
    counted; ``over`` tells that the model ended the piece; ``failures`` counts the ticks in a row,
    up to here, that the model failed to make; ``quiet`` is how little sounds.
    """

    snapshot: Snapshot
    origin: int = 0
    over: bool = False
    failures: int = 0
    quiet: Quiet = STIRS


@dataclass(frozen=True, slots=True)
class Begin:
    """A piece is to begin at ``tick`` from the point after a prime.

    ``kind`` is why: "start" (its random numbers are counted from there), "reset" or "prime"; ``prime``
    is the prime's text.
    """

    tick: int
    snapshot: Snapshot
    kind: str = "start"
    prime: str = ""


@dataclass(frozen=True, slots=True)
class Made:
    """One tick of the session, made.

    ``begins`` is the piece that begins with it, if one does; ``failure`` is "rest" or "reset" where the model
    failed and a substitute stands for its tick, and ``error`` says how it failed.
    """

    tick: int
    record: TickRecord
    point: Point
    begins: Begin | None = None
    failure: str = ""
    error: str = ""


class Timeline:
    """A bounded past, with the points at bar lines kept, and the future.

    ``bar_ticks`` is the length of a bar; of the past the last ``bars`` bars are kept.
    """

    def __init__(self, start: Point, bar_ticks: int, bars: int = 64) -> None:
        self.point = start
        self.future: deque[Made] = deque()
        self.past: deque[Made] = deque(maxlen=bars * bar_ticks)
        self.bar_points: deque[tuple[int, Point]] = deque(maxlen=bars)
        self._bar_ticks = bar_ticks

    @property
    def last(self) -> Point:
        """The point after all that is made."""
        return self.future[-1].point if self.future else self.point

    def cut(self) -> None:
        """Forget the future."""
        self.future.clear()

    def play(self) -> Made:
        """Move the first tick of the future into the past and return it."""
        made = self.future.popleft()
        if made.tick % self._bar_ticks == 0:
            self.bar_points.append((made.tick, self.point))
        self.point = made.point
        self.past.append(_light(made))
        return made


def _light(made: Made) -> Made:
    """Return the tick without its network state and beliefs, which weigh more than all the rest."""
    snapshot = made.point.snapshot._replace(network=_NO_NETWORK)
    record = replace(made.record, after=snapshot, beliefs=())
    return replace(made, record=record, point=replace(made.point, snapshot=snapshot), begins=None)
