"""A sender of MIDI clock in virtual time: exact moments, and what a bad one makes of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from musicrnn.daemon.protocols import TimedMessage

CLOCK, START, CONTINUE, STOP = b"\xf8", b"\xfa", b"\xfb", b"\xfc"
Tempo = Callable[[float], float]


def steady(bpm: float) -> Tempo:
    """Return a tempo that stays."""
    return lambda _: bpm


def ramp(start: float, end: float, after: float, beats: float) -> Tempo:
    """Return a tempo that goes evenly from one to another, once so many beats are over."""
    return lambda beat: start + (end - start) * min(max((beat - after) / beats, 0.0), 1.0)


@dataclass(frozen=True, slots=True)
class Beats:
    """The truth: where the clocks of a host lie. ``seconds`` has one more than are sent."""

    seconds: tuple[float, ...]

    def __len__(self) -> int:
        return len(self.seconds) - 1

    def seconds_at(self, clock: float) -> float:
        """Return the moment of a clock, with its fraction."""
        whole = min(int(clock), len(self.seconds) - 2)
        return self.seconds[whole] + (clock - whole) * (self.seconds[whole + 1] - self.seconds[whole])

    def bpm_at(self, clock: int) -> float:
        """Return the tempo between a clock and the next."""
        return 60.0 / 24 / (self.seconds[clock + 1] - self.seconds[clock])


def beats(tempo: Tempo, count: float, start: float = 1000.0) -> Beats:
    """Return the clocks of so many beats."""
    moments = [start]
    for clock in range(round(count * 24) + 1):
        moments.append(moments[-1] + 60.0 / 24 / tempo((clock + 0.5) / 24))
    return Beats(tuple(moments))


def jittered(truth: Beats, part: float, seed: int) -> list[float]:
    """Return arrivals that are early or late by up to that part of the distance of two clocks, in order."""
    rng = np.random.default_rng(seed)
    lengths = [after - before for before, after in pairwise(truth.seconds)]
    shifts = rng.uniform(-part, part, len(truth))
    arrivals = [
        moment + length * shift for moment, length, shift in zip(truth.seconds, lengths, shifts.tolist(), strict=False)
    ]
    return sorted(arrivals)


def in_periods(truth: Beats, period: float, phase: float = 0.0) -> list[float]:
    """Return arrivals at the middle of the periods in which an audio server handles them, which begin at that phase."""
    return [((moment / period - phase) // 1 + phase + 0.5) * period for moment in truth.seconds[:-1]]


def messages(moments: Iterable[float], data: bytes = CLOCK) -> Iterator[TimedMessage]:
    """Yield the same message at each moment."""
    return (TimedMessage(moment, data) for moment in moments)
