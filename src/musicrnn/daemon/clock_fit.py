"""The line through MIDI clocks that arrive too early and too late.

Lines and curves are fitted to the newest clocks, to few and to many. Many clocks even out more jitter, few notice a
change of tempo sooner. The steadiest fit is taken that those to fewer clocks do not contradict (Lepski's rule): a
steady tempo is known from up to sixteen beats, a ramp from a curve, and a jump of tempo after a few clocks. Clocks that
wander are another thing (:mod:`musicrnn.daemon.clock_wander`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from musicrnn.control import CONTROLS
from musicrnn.daemon.clock_wander import period, wanders

CLOCKS_PER_BEAT = 24
MOST_CLOCKS = 16 * CLOCKS_PER_BEAT
SIZES = (12, 24, 48, 96, 192, MOST_CLOCKS)
JITTER_CLOCKS = 4 * CLOCKS_PER_BEAT
LEAST_JITTER_SECONDS = 2e-5
AHEAD_CLOCKS = 6.0
AGREED_AT = (-12.0, 0.0, AHEAD_CLOCKS)
SHORTEST_PERIOD = 60.0 / CONTROLS["tempo"].high / CLOCKS_PER_BEAT
TOLERANCE = 5.0
BELIEVING_CLOCKS = 2 * CLOCKS_PER_BEAT
SHAPES, PAIRS = 1024, 8192  # of all numbers of clocks of which none is missing, and of the fits that are compared
NO_CLOCK_MISSING = np.array([[float((-clock) ** power) for clock in range(MOST_CLOCKS)] for power in range(5)])

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ClockLine:
    """Where clocks lie in time: number ``clock`` at ``seconds``, and one every ``period`` seconds."""

    clock: float
    seconds: float
    period: float

    def seconds_at(self, clock: float) -> float:
        """Return the moment of a clock."""
        return self.seconds + (clock - self.clock) * self.period

    def clock_at(self, seconds: float) -> float:
        """Return the clock, with its fraction, of a moment."""
        return self.clock + (seconds - self.seconds) / self.period


class _Look(NamedTuple):
    """What is known of a fit at one place: its variance, for a jitter of one second, and what tells a covariance.

    That with a fit to no more clocks is ``plain + curved * its square``, where ``square`` is what a fit would be there
    to the square of the clocks: that square for a parabola, the value of a line for a line.
    """

    variance: float
    square: float
    plain: float
    curved: float


@dataclass(frozen=True, slots=True, eq=False)
class _Shape:
    """What clocks of some numbers make of any seconds: the upper triangle of a covariance, and a look at each place.

    As long as no clock is missing the numbers are always the same, so shapes are kept.
    """

    covariance: tuple[float, float, float, float, float, float]
    looks: tuple[_Look, ...]


class _Fit(NamedTuple):
    """A polynomial around the newest clock, its shape, and its seconds at each place of ``AGREED_AT``."""

    coefficients: tuple[float, float, float]
    shape: _Shape
    seconds: tuple[float, ...]

    def at(self, clocks: float) -> float:
        """Return the seconds so many clocks after the newest."""
        a, b, c = self.coefficients
        return a + clocks * (b + clocks * c)


class ClockFit:
    """Fits a line to the last sixteen beats of clocks, each given with its number and the seconds of its arrival."""

    def __init__(self, period: float) -> None:
        """Begin without a clock; ``period`` in seconds is believed until the second one."""
        self._believed = period
        self._kept = np.empty((2, 4 * MOST_CLOCKS))
        self._from = self._to = 0
        self._noise = LEAST_JITTER_SECONDS
        self.jitter = 0.0

    def __len__(self) -> int:
        return self._to - self._from

    def begin_again(self, period: float, *, is_known: bool) -> None:
        """Forget all clocks; believe ``period`` until two have come.

        Where it ``is_known``, it is believed until clocks contradict it that jitter as those before, or less, or they
        are many.
        """
        if not is_known:
            self._noise = LEAST_JITTER_SECONDS
        elif len(self) >= SIZES[0]:
            self._noise = self.jitter
        self._believed = period
        self._from = self._to

    def add(self, clock: int, seconds: float) -> ClockLine:
        """Take one more clock, of a higher number than all before, and return the line as it is there."""
        self._keep(clock, seconds)
        if len(self) < 2:
            return ClockLine(clock, seconds, self._believed)
        x, y = self._kept[:, self._from : self._to][:, ::-1] - [[clock], [seconds]]
        self.jitter = _jitter(x, y)
        noise = self._noise if len(x) < SIZES[0] else min(self._noise, self.jitter)  # wild clocks may lie before
        if len(x) < BELIEVING_CLOCKS and _holds(self._believed, x, y, TOLERANCE * noise):
            return ClockLine(clock, seconds + float((y - x * self._believed).mean()), self._believed)
        if -x[-1] == len(x) - 1 and wanders(y, self.jitter):
            return ClockLine(clock, seconds, period(y, self.jitter))
        chosen = _chosen(x, y, self.jitter)
        here, nxt = chosen.at(0.0), chosen.at(1.0)
        return ClockLine(clock, seconds + here, max(nxt - here, SHORTEST_PERIOD))

    def _keep(self, clock: int, seconds: float) -> None:
        """Put a clock behind the others; forget the oldest where there are too many."""
        self._from = max(self._from, self._to + 1 - MOST_CLOCKS)
        if self._to == self._kept.shape[1]:
            newest = self._kept[:, self._from : self._to].copy()
            self._from, self._to = 0, newest.shape[1]
            self._kept[:, : self._to] = newest
        self._kept[:, self._to] = clock, seconds
        self._to += 1


def _holds(period: float, x: Floats, y: Floats, most: float) -> bool:
    """Tell whether a period goes with the clocks: none is further from a line of it, nor is their own slope."""
    errors = y - x * period
    errors -= errors.mean()
    places = x - x.mean()
    wide = float(places @ places)
    return bool(np.abs(errors).max() <= most and abs(float(places @ errors)) <= most * wide**0.5)


def _jitter(x: Floats, y: Floats) -> float:
    """Return the standard deviation of the newest arrivals, from second differences, which a steady ramp leaves alone.

    Older ones would let clocks that were wild hide for sixteen beats that they do not belong to the line.
    """
    x, y = x[:JITTER_CLOCKS], y[:JITTER_CLOCKS]
    if len(x) < 4:
        return LEAST_JITTER_SECONDS
    whole = x[1:] - x[:-1] == -1
    steps = y[1:] - y[:-1]
    bends = (steps[1:] - steps[:-1])[whole[:-1] & whole[1:]]
    if len(bends) < 2:
        return LEAST_JITTER_SECONDS
    return max(float(np.sqrt(np.mean(bends**2) / 6)), LEAST_JITTER_SECONDS)


def _chosen(x: Floats, y: Floats, jitter: float) -> _Fit:
    """Return the steadiest fit that none contradicts: a curve through as many clocks as go together, or a line."""
    sizes = [size for size in SIZES if size < len(x)] + [len(x)]
    last = np.array(sizes) - 1
    xx = x * x
    powers = (
        np.stack((np.ones_like(x), x, xx, x * xx, xx * xx)) if x[-1] != 1 - len(x) else NO_CLOCK_MISSING[:, : len(x)]
    )
    clocks = np.cumsum(powers, axis=1)[:, last].T.tolist()
    seconds = np.cumsum(np.stack((y, x * y, xx * y)), axis=1)[:, last].T.tolist()
    lines = [_line(_line_shape(*some), *sums) for some, sums in zip(clocks, seconds, strict=True)]
    if len(x) < SIZES[0]:
        return lines[0]
    curves = [_curve(_curve_shape(*some), *sums) for some, sums in zip(clocks, seconds, strict=True)]
    curves = _curves_that_agree(curves, jitter)
    accepted: list[_Fit] = []
    for number, line in enumerate(lines):
        shorter, longer = (line, curves[-1]) if number < len(curves) else (curves[-1], line)
        if _agree(shorter, longer, jitter) and all(_agree(other, line, jitter) for other in accepted):
            accepted.append(line)
    return min([curves[-1], *accepted], key=lambda fit: fit.shape.looks[-1].variance)


def _curves_that_agree(curves: list[_Fit], jitter: float) -> list[_Fit]:
    """Return the curves, to more and more clocks, before the first that does not agree with all before it."""
    for number, curve in enumerate(curves):
        if not all(_agree(shorter, curve, jitter) for shorter in curves[:number]):
            return curves[:number]
    return curves


@lru_cache(SHAPES)
def _line_shape(s0: float, s1: float, s2: float, s3: float, _: float) -> _Shape:
    """Return the shape of a line of least squares by the sums of 1, x, x^2, x^3 and x^4."""
    scale = 1 / (s0 * s2 - s1 * s1)
    aa, ab, bb = s2 * scale, -s1 * scale, s0 * scale
    return _shape((aa, ab, 0.0, bb, 0.0, 0.0), (aa * s2 + ab * s3, ab * s2 + bb * s3, 0.0))


@lru_cache(SHAPES)
def _curve_shape(s0: float, s1: float, s2: float, s3: float, s4: float) -> _Shape:
    """Return the shape of a parabola, from the same sums, by the inverse of a symmetric matrix of three rows."""
    aa, ab, ac = s2 * s4 - s3 * s3, s2 * s3 - s1 * s4, s1 * s3 - s2 * s2
    bb, bc, cc = s0 * s4 - s2 * s2, s1 * s2 - s0 * s3, s0 * s2 - s1 * s1
    scale = 1 / (s0 * aa + s1 * ab + s2 * ac)
    return _shape((aa * scale, ab * scale, ac * scale, bb * scale, bc * scale, cc * scale), (0.0, 0.0, 1.0))


def _shape(covariance: tuple[float, float, float, float, float, float], square: tuple[float, float, float]) -> _Shape:
    """Return the shape of this covariance and fit to the square."""
    aa, ab, ac, bb, bc, cc = covariance
    p, q, r = square
    looks: list[_Look] = []
    for x in AGREED_AT:
        xx = x * x
        plain = aa + x * (2 * ab + x * bb) + xx * (ac + x * bc)
        curved = ac + x * bc + xx * cc
        looks.append(_Look(plain + xx * curved, p + x * q + xx * r, plain, curved))
    return _Shape(covariance, tuple(looks))


def _line(shape: _Shape, y: float, xy: float, _: float) -> _Fit:
    """Return the line of least squares by its shape and the sums of y, xy and x^2 y."""
    aa, ab, _, bb, _, _ = shape.covariance
    return _fit(shape, (aa * y + ab * xy, ab * y + bb * xy, 0.0))


def _curve(shape: _Shape, y: float, xy: float, xxy: float) -> _Fit:
    """Return the parabola, from the same sums."""
    aa, ab, ac, bb, bc, cc = shape.covariance
    return _fit(shape, (aa * y + ab * xy + ac * xxy, ab * y + bb * xy + bc * xxy, ac * y + bc * xy + cc * xxy))


def _fit(shape: _Shape, coefficients: tuple[float, float, float]) -> _Fit:
    a, b, c = coefficients
    return _Fit(coefficients, shape, tuple([a + x * b + x * x * c for x in AGREED_AT]))


@lru_cache(PAIRS)
def _spreads(shorter: _Shape, longer: _Shape) -> tuple[float, ...]:
    """Return by how much two fits differ at each place, for a jitter of one second: standard deviations."""
    between = [
        one.variance + other.variance - 2 * (other.plain + other.curved * one.square)
        for one, other in zip(shorter.looks, longer.looks, strict=True)
    ]
    return tuple(max(square, 0.0) ** 0.5 for square in between)  # rounding may take it below 0


def _agree(shorter: _Fit, longer: _Fit, jitter: float) -> bool:
    """Tell whether two fits differ, half a beat ago, now and a quarter ahead, by no more than the jitter makes them.

    Three places, for a parabola through a break long ago crosses the right one somewhere.
    """
    most = TOLERANCE * jitter
    for one, other, spread in zip(shorter.seconds, longer.seconds, _spreads(shorter.shape, longer.shape), strict=True):
        if abs(one - other) > most * spread:
            return False
    return True
