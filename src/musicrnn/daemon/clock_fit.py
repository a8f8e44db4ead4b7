"""The line through MIDI clocks that arrive too early and too late.

Lines and curves are fitted to the newest clocks, to few and to many. Many clocks even out more jitter, few notice a
change of tempo sooner. The fit is taken for which two things together are least: by how much it contradicts those to
fewer clocks beyond what the jitter explains, and what the jitter may make of itself (the rule of Goldenshluger and
Lepski): a steady tempo is known from up to sixteen beats, a ramp from a curve, and a jump of tempo after a few clocks.
Clocks that wander are another thing (:mod:`musicrnn.daemon.clock_wander`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from musicrnn.control import CONTROLS
from musicrnn.daemon.clock_wander import SHORTEST, may_wander, period, wanders

CLOCKS_PER_BEAT = 24
MOST_CLOCKS = 16 * CLOCKS_PER_BEAT
SIZES = (12, 24, 48, 96, 192, MOST_CLOCKS)
JITTER_CLOCKS, NEWER_CLOCKS = 4 * CLOCKS_PER_BEAT, 2 * CLOCKS_PER_BEAT - 2
MUCH_LESS = 3.0
LEAST_JITTER_SECONDS = 2e-5
AHEAD_CLOCKS = 6.0
AGREED_AT = (-12.0, 0.0, AHEAD_CLOCKS)
SHORTEST_PERIOD = 60.0 / CONTROLS["tempo"].high / CLOCKS_PER_BEAT
TOLERANCE = 5.0
EXPLAINED, OWN_ERROR = 3.5, 4.0  # standard deviations: of the difference of two fits, and of one
WILD = 2.5  # times the jitter: clocks that lie further from a fit, in the mean of squares, are not its own
ROUNDED_JITTER = 0.7  # of a period: fits to clocks that are wrong by the same, one after another, are off by more
ROUNDED_WILD = 0.34  # of a period: a little more than the root of a twelfth
BELIEVING_CLOCKS = 2 * CLOCKS_PER_BEAT
WANDERING_CLOCKS = 2 * CLOCKS_PER_BEAT
PLACES = np.array([(1.0, at, at * at) for at in AGREED_AT])

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

    def moved(self, seconds: float) -> ClockLine:
        """Return the line on which each clock comes so much later."""
        return replace(self, seconds=self.seconds + seconds)


class _Shapes(NamedTuple):
    """What the numbers of some clocks alone tell of the fits to them: a line and a parabola for each of k sizes.

    Fits are in that order, the shortest first. ``last`` is the newest clock but so many up to which each size goes,
    int[k]; ``clocks`` how many each fit is to, int[2k]; ``inverse`` makes coefficients of sums, float64[2k, 3, 3];
    ``error`` is the standard deviation of each a quarter of a beat ahead, for a jitter of one second, float64[2k];
    ``spread`` that of what a fit differs by from a longer one at each place of ``AGREED_AT``, float64[2k, 2k, 3];
    ``contradicts`` tells whether one may contradict another: it is to fewer clocks, or is the curve to as many as the
    line, bool[2k, 2k].
    """

    last: NDArray[np.int64]
    clocks: NDArray[np.int64]
    inverse: Floats
    error: Floats
    spread: Floats
    contradicts: NDArray[np.bool_]


class ClockFit:
    """Fits a line to the last sixteen beats of clocks, each given with its number and the seconds of its arrival.

    ``rounded_to``, in seconds, is the period that their sender rounds them to, where that is known; 0 where it is not.
    """

    def __init__(self, period: float) -> None:
        """Begin without a clock; ``period`` in seconds is believed until the second one."""
        self._believed = period
        self._kept = np.empty((2, 4 * MOST_CLOCKS))
        self._from = self._to = 0
        self._noise = LEAST_JITTER_SECONDS
        self._wandering = 0
        self.jitter = self.rounded_to = 0.0

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
        self.jitter = max(_jitter(x, y), ROUNDED_JITTER * self.rounded_to)
        noise = self._noise if len(x) < SIZES[0] else min(self._noise, self.jitter)  # wild clocks may lie before
        if len(x) < BELIEVING_CLOCKS and _holds(self._believed, x, y, TOLERANCE * noise):
            return ClockLine(clock, seconds + float((y - x * self._believed).mean()), self._believed)
        if self._wanders(x, y):
            return ClockLine(clock, seconds, period(x, y, self.jitter))
        most = ROUNDED_WILD * self.rounded_to or WILD * self.jitter
        a, b, c = _chosen(x, y, self.jitter, most)
        return ClockLine(clock, seconds + a, max(a + (b + c) - a, SHORTEST_PERIOD))

    def _wanders(self, x: Floats, y: Floats) -> bool:
        """Tell whether clocks wander; those that did still do until they are seen not to for two beats.

        Where one is missing it cannot be seen that they do, and only those since then can tell that they do not.
        """
        is_whole = -x[-1] == len(x) - 1
        if self.rounded_to:
            self._wandering = 0
        elif is_whole and wanders(y, self.jitter):
            self._wandering = WANDERING_CLOCKS
        elif self._wandering and (is_whole or not may_wander(y[: _unbroken(x)])):
            self._wandering -= 1
        return self._wandering > 0 and len(x) > SHORTEST

    def move(self, seconds: float) -> None:
        """Let all clocks have come so much later."""
        self._kept[1, self._from : self._to] += seconds

    def _keep(self, clock: int, seconds: float) -> None:
        """Put a clock behind the others; forget the oldest where there are too many."""
        self._from = max(self._from, self._to + 1 - MOST_CLOCKS)
        if self._to == self._kept.shape[1]:
            newest = self._kept[:, self._from : self._to].copy()
            self._from, self._to = 0, newest.shape[1]
            self._kept[:, : self._to] = newest
        self._kept[:, self._to] = clock, seconds
        self._to += 1


def _unbroken(x: Floats) -> int:
    """Return how many clocks there are since the newest that is missing; one is."""
    return int((x == -np.arange(len(x))).argmin())


def _holds(period: float, x: Floats, y: Floats, most: float) -> bool:
    """Tell whether a period goes with the clocks: none is further from a line of it, nor is their own slope."""
    errors = y - x * period
    errors -= errors.mean()
    places = x - x.mean()
    wide = float(places @ places)
    return bool(np.abs(errors).max() <= most and abs(float(places @ errors)) <= most * wide**0.5)


def _jitter(x: Floats, y: Floats) -> float:
    """Return the standard deviation of the newest arrivals, from second differences, which a steady ramp leaves alone.

    Older ones would let clocks that were wild hide for sixteen beats that they do not belong to the line; two beats
    after such are over, those alone tell.
    """
    x, y = x[:JITTER_CLOCKS], y[:JITTER_CLOCKS]
    if len(x) < 4:
        return LEAST_JITTER_SECONDS
    whole = x[1:] - x[:-1] == -1
    steps = y[1:] - y[:-1]
    squares = (steps[1:] - steps[:-1]) ** 2 / 6
    is_whole = whole[:-1] & whole[1:]
    of_all, of_newest = squares[is_whole], squares[:NEWER_CLOCKS][is_whole[:NEWER_CLOCKS]]
    if len(of_all) < 2:
        return LEAST_JITTER_SECONDS
    least = MUCH_LESS**2 * of_newest.mean() if len(of_newest) >= SIZES[0] else np.inf
    return max(float(np.sqrt(min(of_all.mean(), least))), LEAST_JITTER_SECONDS)


def _chosen(x: Floats, y: Floats, jitter: float, most: float) -> tuple[float, float, float]:
    """Return the coefficients of the fit that is surest to be near, a curve or a line.

    Clocks lie no further from it than ``most``, in the mean of squares: through a break a long line may come near the
    right ones at all places where they are compared, and go elsewhere. Those places are half a beat ago, now and a
    quarter ahead: a parabola through a break long ago crosses the right one somewhere.
    """
    shapes = _steady_shapes(len(x)) if x[-1] == 1 - len(x) else _shapes(x)
    xy = x * y
    sums = np.cumsum(np.stack((y, xy, x * xy, y * y)), axis=1)[:, shapes.last].T
    sums = sums.repeat(len(shapes.inverse) // len(sums), axis=0)
    sums, squares = sums[:, :3], sums[:, 3]
    coefficients = (shapes.inverse * sums[:, None]).sum(axis=2)
    if len(x) < SIZES[0]:
        a, b, c = coefficients[0].tolist()
        return a, b, c
    seconds = (coefficients[:, None] * PLACES).sum(axis=2)
    apart = (np.abs(seconds[:, None] - seconds) - EXPLAINED * jitter * shapes.spread).max(axis=2)
    unexplained = np.where(shapes.contradicts, apart, 0.0).max(axis=0, initial=0.0)
    wild = squares - (coefficients * sums).sum(axis=1) > most**2 * shapes.clocks
    likely = unexplained + OWN_ERROR * jitter * shapes.error
    a, b, c = coefficients[np.where(wild & ~wild.all(), np.inf, likely).argmin()].tolist()
    return a, b, c


@lru_cache(MOST_CLOCKS)
def _steady_shapes(count: int) -> _Shapes:
    """Return the shapes of so many clocks of which none is missing, which are always the same."""
    return _shapes(-np.arange(float(count)))


def _shapes(x: Floats) -> _Shapes:
    """Return the shapes of clocks of some numbers, counted from the newest; too few for a parabola have but a line.

    The covariance with a fit to no more clocks is ``plain + curved * its square``, where ``square`` is what that would
    be for the squares of the clocks: those themselves for a parabola, the values of a line for a line.
    """
    last = np.array([size for size in SIZES if size < len(x)] + [len(x)]) - 1
    xx = x * x
    sums = np.cumsum(np.stack((np.ones_like(x), x, xx, x * xx, xx * xx)), axis=1)[:, last]
    inverse = _lines(*sums)
    if len(x) >= SIZES[0]:
        inverse = np.stack((inverse, _curves(*sums)), axis=1).reshape(-1, 3, 3)
    aa, ab, ac, bb, bc, cc = (inverse[:, row, column, None] for row, column in zip(*np.triu_indices(3), strict=True))
    at, at_at = PLACES[:, 1], PLACES[:, 2]
    plain = aa + at * (2 * ab + at * bb) + at_at * (ac + at * bc)
    curved = ac + at * bc + at_at * cc
    variance = plain + at_at * curved
    s2, s3 = sums[2:4, :, None].repeat(len(inverse) // len(last), axis=1)
    square = np.where(cc > 0, at_at, aa * s2 + ab * s3 + at * (ab * s2 + bb * s3))
    between = variance[:, None] + variance - 2 * (plain + curved * square[:, None])
    clocks = (last + 1).repeat(len(inverse) // len(last))
    spread = np.maximum(between, 0.0) ** 0.5  # rounding goes below 0
    is_curve = cc[:, 0] > 0
    contradicts = (clocks[:, None] < clocks) | ((clocks[:, None] == clocks) & (is_curve[:, None] & ~is_curve))
    return _Shapes(last, clocks, inverse, variance[:, -1] ** 0.5, spread, contradicts)


def _lines(s0: Floats, s1: Floats, s2: Floats, s3: Floats, _: Floats) -> Floats:
    """Return the inverses for lines of least squares by the sums of 1, x, x^2, x^3 and x^4, float64[k, 3, 3]."""
    scale, nothing = 1 / (s0 * s2 - s1 * s1), np.zeros_like(s3)
    return _symmetric(s2 * scale, -s1 * scale, nothing, s0 * scale, nothing, nothing)


def _curves(s0: Floats, s1: Floats, s2: Floats, s3: Floats, s4: Floats) -> Floats:
    """Return the inverses for parabolas."""
    aa, ab, ac = s2 * s4 - s3 * s3, s2 * s3 - s1 * s4, s1 * s3 - s2 * s2
    bb, bc, cc = s0 * s4 - s2 * s2, s1 * s2 - s0 * s3, s0 * s2 - s1 * s1
    scale = 1 / (s0 * aa + s1 * ab + s2 * ac)
    return _symmetric(aa * scale, ab * scale, ac * scale, bb * scale, bc * scale, cc * scale)


def _symmetric(aa: Floats, ab: Floats, ac: Floats, bb: Floats, bc: Floats, cc: Floats) -> Floats:
    """Return symmetric matrices of three rows by their upper triangles."""
    return np.stack((aa, ab, ac, ab, bb, bc, ac, bc, cc), axis=1).reshape(-1, 3, 3)
