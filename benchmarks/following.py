"""How near to a host's beat one is who follows its MIDI clock: ``python -m benchmarks.following [--runs 12]``.

Hosts of many kinds send sixty beats each in virtual time: exact ones, ones that round to the periods of an audio server
or to the ticks of a timer, that are held back for a moment, whose threads are late now and then, whose tempo is dragged
or breathes. From the sixth beat on each follower says, at every clock, when the clock a quarter of a beat later is due:
that is what whoever plays ahead must know. Printed is how far that is from the truth, the host's own mean lateness left
out, for MusicRNN and for three ways that others follow: the last distance of two clocks goes on; the mean of the last
24 does, from the last clock on; a delay-locked loop of second order, as audio drivers filter their time (bandwidth
0.5 Hz). Medians, 99th percentiles and the worst over all runs; the same arrivals for all.
"""

from __future__ import annotations

import argparse
import math
from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from musicrnn.daemon.clock_fit import CLOCKS_PER_BEAT
from musicrnn.daemon.clock_numbers import ClockNumbers

Floats = NDArray[np.float64]
Host = Callable[[np.random.Generator], tuple[Floats, Floats]]  # the truth, one clock more than is sent, and arrivals
CLOCKS = 60 * CLOCKS_PER_BEAT
AHEAD = 6
FROM = 5 * CLOCKS_PER_BEAT
BANDWIDTH = 0.5


class Follower(Protocol):
    """Hears clocks one by one."""

    def hear(self, seconds: float) -> float:
        """Take a clock; return when the one a quarter of a beat later is due."""


class Ours:
    """MusicRNN's."""

    def __init__(self) -> None:
        self._numbers = ClockNumbers(100.0)
        self._heard, self._moved = -1, 0

    def hear(self, seconds: float) -> float:
        """Take a clock."""
        self._moved += self._numbers.take(seconds)
        self._heard += 1
        return self._numbers.line.seconds_at(self._heard + self._moved + AHEAD)


class LastDistance:
    """The last distance goes on."""

    def __init__(self) -> None:
        self._before: float | None = None

    def hear(self, seconds: float) -> float:
        """Take a clock."""
        since = 0.0 if self._before is None else seconds - self._before
        self._before = seconds
        return seconds + AHEAD * since


class MeanOfABeat:
    """The mean of the last 24 distances goes on, from the last clock on."""

    def __init__(self) -> None:
        self._heard: deque[float] = deque(maxlen=CLOCKS_PER_BEAT + 1)

    def hear(self, seconds: float) -> float:
        """Take a clock."""
        self._heard.append(seconds)
        mean = (seconds - self._heard[0]) / max(len(self._heard) - 1, 1)
        return seconds + AHEAD * mean


class Loop:
    """A delay-locked loop of second order; begins with the first distance."""

    def __init__(self) -> None:
        self._next: float | None = None
        self._before = self._period = 0.0

    def hear(self, seconds: float) -> float:
        """Take a clock."""
        if self._next is None or not self._period:
            self._period = seconds - self._before if self._next is not None else 0.0
            self._before, self._next = seconds, seconds + self._period
            return seconds + AHEAD * self._period
        omega = 2 * math.pi * BANDWIDTH * self._period
        error, now = seconds - self._next, self._next
        self._next += math.sqrt(2) * omega * error + self._period
        self._period += omega * omega * error
        return now + math.sqrt(2) * omega * error + AHEAD * self._period


FOLLOWERS: dict[str, Callable[[], Follower]] = {
    "MusicRNN": Ours,
    "delay-locked loop": Loop,
    "mean of a beat": MeanOfABeat,
    "last distance": LastDistance,
}


def moments(bpm: Floats | float) -> Floats:
    """Return when the clocks of a tempo are due, which is given for each or for all."""
    tempo = np.broadcast_to(np.asarray(bpm, dtype=np.float64), (CLOCKS,))
    return 1000.0 + np.concatenate(([0.0], np.cumsum(60.0 / CLOCKS_PER_BEAT / tempo)))


def any_tempo(rng: np.random.Generator) -> float:
    """Return a whole tempo."""
    return float(rng.integers(60, 181))


def late(truth: Floats, seconds: Floats) -> Floats:
    """Return arrivals so much later, in order."""
    return np.maximum.accumulate(truth + seconds)


def in_periods(truth: Floats, period: float, rng: np.random.Generator) -> Floats:
    """Return arrivals at the ends of periods."""
    phase = rng.uniform(0.0, period)
    return np.ceil((truth + phase) / period) * period - phase


def exact(rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Return a host that knows frames, heard to the frame."""
    truth = moments(any_tempo(rng))
    return truth, np.round(truth * 48_000) / 48_000


def jitters(rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Return a host whose clocks are up to 2 ms late."""
    truth = moments(any_tempo(rng))
    return truth, late(truth, rng.uniform(0.0, 0.002, len(truth)))


def tails(rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Return a host whose clocks are a millisecond late in the mean, few of them much more."""
    truth = moments(any_tempo(rng))
    return truth, late(truth, rng.exponential(0.001, len(truth)))


def late_alone(rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Return a host of whose clocks one of fifty is 3 to 15 ms late."""
    truth = moments(any_tempo(rng))
    is_late = rng.random(len(truth)) < 0.02
    return truth, late(truth, np.where(is_late, rng.uniform(0.003, 0.015, len(truth)), 0.0))


def held_back(rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Return a host that stands still for 30 to 150 ms every ten beats, and then sends what it owes at once."""
    truth = moments(any_tempo(rng))
    arrivals = truth + rng.uniform(0.0, 0.0003, len(truth))
    for clock in range(200, CLOCKS - 40, 240):
        until = truth[clock] + rng.uniform(0.03, 0.15)
        arrivals[(truth >= truth[clock]) & (truth < until)] = until
    return truth, np.maximum.accumulate(arrivals)


def rounds_to(frames: int) -> Host:
    """Return a host that sends at the ends of periods of so many frames at 48 kHz."""

    def host(rng: np.random.Generator) -> tuple[Floats, Floats]:
        truth = moments(any_tempo(rng))
        return truth, in_periods(truth, frames / 48_000, rng)

    return host


def timer(seconds: float) -> Host:
    """Return a host that sends at the ticks of a timer, up to half a millisecond late."""

    def host(rng: np.random.Generator) -> tuple[Floats, Floats]:
        truth = moments(any_tempo(rng))
        return truth, late(in_periods(truth, seconds, rng), rng.uniform(0.0, 0.0005, len(truth)))

    return host


def dragged(rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Return a host whose tempo somebody drags, three times for four beats, by steps of half a bpm to two."""
    tempo = np.full(CLOCKS, float(rng.integers(80, 150)))
    for _ in range(3):
        begin = int(rng.integers(200, 1200))
        steps = np.cumsum(rng.choice((0.0, 0.0, 1.0, -1.0), 96)) * rng.choice((0.5, 1.0, 2.0))
        tempo[begin : begin + 96] += steps
        tempo[begin + 96 :] += steps[-1]
    truth = moments(np.clip(tempo, 40.0, 220.0))
    return truth, late(truth, rng.uniform(0.0, 0.0003, len(truth)))


def breathes(rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Return a host whose tempo goes up and down by a hundredth, over some thirty beats."""
    truth = moments(any_tempo(rng) * (1.0 + 0.01 * np.sin(np.arange(CLOCKS) / CLOCKS_PER_BEAT * 2 * math.pi / 30)))
    return truth, late(truth, rng.uniform(0.0, 0.0005, len(truth)))


def in_bars(rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Return a host with another tempo each bar, 3 % around 120 bpm."""
    truth = moments(np.repeat(120.0 * rng.uniform(0.97, 1.03, CLOCKS // 96), 96))
    return truth, truth.copy()


HOSTS: dict[str, Host] = {
    "to the frame": exact,
    "up to 2 ms late": jitters,
    "1 ms late in the mean, exponentially": tails,
    "one of fifty 3 to 15 ms late": late_alone,
    "held back 30 to 150 ms every ten beats": held_back,
    "a timer of 1 ms": timer(0.001),
    "a timer of 10 ms": timer(0.01),
    "periods of 256 frames": rounds_to(256),
    "periods of 512": rounds_to(512),
    "periods of 1,024": rounds_to(1024),
    "tempo dragged": dragged,
    "tempo breathes by 1 %": breathes,
    "another tempo each bar, 3 %": in_bars,
}


def errors(follower: Follower, truth: Floats, arrivals: Floats) -> Floats:
    """Return how far a quarter of a beat ahead was told wrong, in ms, the median left out."""
    told = np.array([follower.hear(arrival) for arrival in arrivals.tolist()])[FROM : CLOCKS - AHEAD]
    off = told - truth[FROM + AHEAD : CLOCKS]
    return 1e3 * np.abs(off - np.median(off))


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a row for each kind of host."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=12, help="runs of each host (default 12)")
    options = parser.parse_args(arguments)
    if options.runs < 1:
        parser.error(f"--runs must be at least 1, got {options.runs}")
    print("ms, median / 99 % / worst, a quarter of a beat ahead\n")
    print("| host | " + " | ".join(FOLLOWERS) + " |")
    print("|---" * (1 + len(FOLLOWERS)) + "|")
    for name, host in HOSTS.items():
        runs = [host(np.random.default_rng(seed)) for seed in range(options.runs)]
        cells = []
        for make in FOLLOWERS.values():
            found = np.concatenate([errors(make(), truth, arrivals) for truth, arrivals in runs])
            cells.append(" / ".join(f"{np.quantile(found, share):.2f}" for share in (0.5, 0.99, 1.0)))
        print(f"| {name} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
