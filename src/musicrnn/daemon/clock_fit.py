"""The line through MIDI clocks that arrive too early and too late.

Lines and curves are fitted to the newest clocks, to few and to many. Many clocks even out more jitter, few notice a
change of tempo sooner. The steadiest fit is taken that those to fewer clocks do not contradict (Lepski's rule): a
steady tempo is known from up to sixteen beats, a ramp from a curve, and a jump of tempo after a few clocks. Clocks that
wander are another thing (:mod:`musicrnn.daemon.clock_wander`).
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
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
    """A fit at one place: its seconds and their variance, for a jitter of one second, and what tells a covariance.

    That with a fit to no more clocks is ``plain + curved * its square``, where ``square`` is what a fit would be there
    to the square of the clocks: that square for a parabola, the value of a line for a line.
    """

    seconds: float
    variance: float
    square: float
    plain: float
    curved: float


class _Fit(NamedTuple):
    """A polynomial around the newest clock, and a look at it at each place of ``AGREED_AT``."""

    coefficients: tuple[float, float, float]
    looks: tuple[_Look, ...]

    def at(self, clocks: float) -> float:
        """Return the seconds so many clocks after the newest."""
        a, b, c = self.coefficients
        return a + clocks * (b + clocks * c)


class ClockFit:
    """Fits a line to the last sixteen beats of clocks, each given with its number and the seconds of its arrival."""

    def __init__(self, period: float) -> None:
        """Begin without a clock; ``period`` in seconds is believed until the second one."""
        self._believed = period
        self._clocks: deque[int] = deque(maxlen=MOST_CLOCKS)
        self._seconds: deque[float] = deque(maxlen=MOST_CLOCKS)
        self._noise = LEAST_JITTER_SECONDS
        self.jitter = 0.0

    def __len__(self) -> int:
        return len(self._clocks)

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
        self._clocks.clear()
        self._seconds.clear()

    def add(self, clock: int, seconds: float) -> ClockLine:
        """Take one more clock, of a higher number than all before, and return the line as it is there."""
        self._clocks.append(clock)
        self._seconds.append(seconds)
        if len(self._clocks) < 2:
            return ClockLine(clock, seconds, self._believed)
        x = np.array(self._clocks, dtype=np.float64)[::-1] - clock
        y = np.array(self._seconds, dtype=np.float64)[::-1] - seconds
        self.jitter = _jitter(x, y)
        noise = self._noise if len(x) < SIZES[0] else min(self._noise, self.jitter)  # wild clocks may lie before
        if len(x) < BELIEVING_CLOCKS and _holds(self._believed, x, y, TOLERANCE * noise):
            return ClockLine(clock, seconds + float((y - x * self._believed).mean()), self._believed)
        if -x[-1] == len(x) - 1 and wanders(y, self.jitter):
            return ClockLine(clock, seconds, period(y, self.jitter))
        chosen = _chosen(x, y, self.jitter)
        here, nxt = chosen.at(0.0), chosen.at(1.0)
        return ClockLine(clock, seconds + here, max(nxt - here, SHORTEST_PERIOD))


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
    whole = (np.diff(x[:-1]) == -1) & (np.diff(x[1:]) == -1)
    bends = np.diff(y, 2)[whole]
    if len(bends) < 2:
        return LEAST_JITTER_SECONDS
    return max(float(np.sqrt(np.mean(bends**2) / 6)), LEAST_JITTER_SECONDS)


def _chosen(x: Floats, y: Floats, jitter: float) -> _Fit:
    """Return the steadiest fit that none contradicts: a curve through as many clocks as go together, or a line."""
    sums = np.cumsum(np.stack([x**k for k in range(5)] + [y, x * y, x * x * y]), axis=1)
    sizes = [size for size in SIZES if size < len(x)] + [len(x)]
    columns = [sums[:, size - 1].tolist() for size in sizes]
    lines = [_line(column) for column in columns]
    if len(x) < SIZES[0]:
        return lines[0]
    curves = _curves_that_agree([_curve(column) for column in columns], jitter)
    accepted: list[_Fit] = []
    for number, line in enumerate(lines):
        shorter, longer = (line, curves[-1]) if number < len(curves) else (curves[-1], line)
        if _agree(shorter, longer, jitter) and all(_agree(other, line, jitter) for other in accepted):
            accepted.append(line)
    return min([curves[-1], *accepted], key=lambda fit: fit.looks[-1].variance)


def _curves_that_agree(curves: list[_Fit], jitter: float) -> list[_Fit]:
    """Return the curves, to more and more clocks, before the first that does not agree with all before it."""
    for number, curve in enumerate(curves):
        if not all(_agree(shorter, curve, jitter) for shorter in curves[:number]):
            return curves[:number]
    return curves


def _line(s: list[float]) -> _Fit:
    """Return the line of least squares; ``s`` are the sums of 1, x, x^2, x^3, x^4, y, xy and x^2 y."""
    scale = 1 / (s[0] * s[2] - s[1] * s[1])
    aa, ab, bb = s[2] * scale, -s[1] * scale, s[0] * scale
    square = aa * s[2] + ab * s[3], ab * s[2] + bb * s[3], 0.0
    return _fit((aa * s[5] + ab * s[6], ab * s[5] + bb * s[6], 0.0), (aa, ab, 0.0, bb, 0.0, 0.0), square)


def _curve(s: list[float]) -> _Fit:
    """Return the parabola of least squares, from the same sums, by the inverse of a symmetric matrix of three rows."""
    aa, ab, ac = s[2] * s[4] - s[3] * s[3], s[2] * s[3] - s[1] * s[4], s[1] * s[3] - s[2] * s[2]
    bb, bc, cc = s[0] * s[4] - s[2] * s[2], s[1] * s[2] - s[0] * s[3], s[0] * s[2] - s[1] * s[1]
    scale = 1 / (s[0] * aa + s[1] * ab + s[2] * ac)
    aa, ab, ac, bb, bc, cc = (value * scale for value in (aa, ab, ac, bb, bc, cc))
    y, xy, xxy = s[5], s[6], s[7]
    coefficients = aa * y + ab * xy + ac * xxy, ab * y + bb * xy + bc * xxy, ac * y + bc * xy + cc * xxy
    return _fit(coefficients, (aa, ab, ac, bb, bc, cc), (0.0, 0.0, 1.0))


def _fit(
    coefficients: tuple[float, float, float],
    covariance: tuple[float, float, float, float, float, float],
    square: tuple[float, float, float],
) -> _Fit:
    """Return the fit of these coefficients, by the upper triangle of their covariance and its fit to the square."""
    a, b, c = coefficients
    aa, ab, ac, bb, bc, cc = covariance
    p, q, r = square
    looks: list[_Look] = []
    for x in AGREED_AT:
        xx = x * x
        plain = aa + x * (2 * ab + x * bb) + xx * (ac + x * bc)
        curved = ac + x * bc + xx * cc
        looks.append(_Look(a + x * b + xx * c, plain + xx * curved, p + x * q + xx * r, plain, curved))
    return _Fit(coefficients, tuple(looks))


def _agree(shorter: _Fit, longer: _Fit, jitter: float) -> bool:
    """Tell whether two fits differ, half a beat ago, now and a quarter ahead, by no more than the jitter makes them.

    Three places, for a parabola through a break long ago crosses the right one somewhere.
    """
    most = TOLERANCE * jitter
    for (one, variance, square, _, _), other in zip(shorter.looks, longer.looks, strict=True):
        between = variance + other.variance - 2 * (other.plain + other.curved * square)
        if between < 0.0:  # rounding
            between = 0.0
        if abs(one - other.seconds) > most * between**0.5:
            return False
    return True
