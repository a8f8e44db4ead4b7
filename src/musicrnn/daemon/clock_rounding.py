"""Clocks that their sender rounds to a grid: to the periods of an audio server, or to the ticks of a timer.

Most come at the same distance, a number of periods, and every so often one comes a period sooner or later than that. So
each is wrong by up to a period, though neighbours hardly differ in how much. Where a period is about a clock long, what
is rounded looks like clocks that are lost or come twice: two fall into one period, or none does.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

from musicrnn.daemon.clock_fit import MOST_CLOCKS

USUAL_PARTS = (0.005, 0.02, 0.1)  # the least: two thirds of a millisecond at 20 bpm, of buffers of 32 frames
FEWEST_USUAL, FEWEST_BETWEEN_LONG = 5, 3
LONG_PART = 0.4  # of a clock: an odd step so long is no jitter
ODD_STEPS = 2
ODD_STEPS_OF_A_CLOCK = 3
SAME_PART = 0.25
SAME_SPREADS, SAME_SURELY = 6.0, 0.02  # of the usual distances; and of the period, where those are exact
SPREAD_PART, SPREAD_PART_OF_A_CLOCK = 0.12, 0.03
WHOLE_PART = 0.2
JUDGED = 24
MOST_OFF, TOO_MANY_OFF = 3, 12
SWING_PERIODS = 2
PATIENCE = 4  # times the clocks between two odd steps


@dataclass(frozen=True, slots=True)
class _OddStep:
    """A distance unlike those around it: up to which clock, by how many seconds, and the number before that clock."""

    clock: int
    by: float
    before: int


@dataclass(frozen=True, slots=True)
class _Rounding:
    """What clocks are rounded to: a period in seconds, and whether that is a clock; and the first odd step of it.

    ``apart`` is how many clocks were between the last two odd steps.
    """

    period: float
    is_a_clock: bool
    first: _OddStep
    apart: int


class _Steps:
    """Tells odd distances from usual ones, which differ by no more than ``part`` of themselves."""

    def __init__(self, part: float) -> None:
        self._part = part
        self._odd: list[_OddStep] = []
        self._usual = self._squares = 0.0
        self._run = self._usuals = 0

    def begin(self, since: float) -> None:
        """Take a distance for the first of those to come."""
        self._odd.clear()
        self._usual, self._squares = since, 0.0
        self._run = self._usuals = 1

    def take(self, clock: int, since: float, before: int, *, is_whole: bool) -> _Rounding | None:
        """Take the distance to a clock, and the number before it; return what rounding it shows.

        One that is not whole, in which clocks may not have been heard, shows none where it is odd; nor do those before.
        """
        if abs(since - self._usual) <= self._part * self._usual:
            self._run += 1
            self._usuals += 1
            self._squares += (since - self._usual) ** 2
            self._usual += (since - self._usual) / min(self._run, JUDGED)
            return None
        if not is_whole:
            self._odd.clear()
            self._run = 0
            return None
        by = since - self._usual
        fewest = FEWEST_BETWEEN_LONG if abs(by) > LONG_PART * self._usual else FEWEST_USUAL
        if self._run < fewest:
            self.begin(since)
            return None
        self._run = 0
        self._odd.append(_OddStep(clock, by, before))
        return self._seen()

    def _seen(self) -> _Rounding | None:
        """See whether the odd distances are those of rounding."""
        by = self._odd[-1].by
        period = abs(by)
        spread = math.sqrt(self._squares / self._usuals)
        apart = min(SAME_PART * period, SAME_SPREADS * spread + SAME_SURELY * period)
        if not all(abs(one.by - by) < apart for one in self._odd):
            del self._odd[:-1]
        periods = self._usual / period
        whole = round(periods)
        is_a_clock = whole == 1
        odd = self._odd[-(ODD_STEPS_OF_A_CLOCK if is_a_clock else ODD_STEPS) :]
        del self._odd[:-ODD_STEPS_OF_A_CLOCK]
        if self._squares > self._usuals * ((SPREAD_PART_OF_A_CLOCK if is_a_clock else SPREAD_PART) * period) ** 2:
            return None
        if not whole or abs(periods - whole) > WHOLE_PART:  # none: whole handfuls come at once
            return None
        is_shown = _are_even(odd) if is_a_clock else len(odd) == ODD_STEPS
        if not is_shown:
            return None
        return _Rounding(self._usual / whole, is_a_clock, odd[0], odd[-1].clock - odd[-2].clock)


def _are_even(odd: list[_OddStep]) -> bool:
    """Tell whether there are enough odd steps, as far apart as rounding makes them."""
    if len(odd) < ODD_STEPS_OF_A_CLOCK:
        return False
    return abs(odd[2].clock - 2 * odd[1].clock + odd[0].clock) <= 1


class RoundedClocks:
    """Recognises clocks that are rounded, and to which period, by their distances alone.

    That takes two odd distances among usual ones, by the same period, of which the usual one is a multiple. Where the
    period is a clock, it takes three, evenly spread, as clocks that get lost are not. A sender that rounds goes on to,
    whatever the tempo: the period holds as long as nearly all distances are multiples of it, and their sum is one, and
    few are two periods longer or shorter than both of their neighbours: those are rounded to some longer period.
    """

    def __init__(self) -> None:
        self._arrivals: deque[float] = deque(maxlen=MOST_CLOCKS)
        self._beside: deque[float] = deque(maxlen=JUDGED)
        self._swings: deque[bool] = deque(maxlen=JUDGED)
        self._two_before = (0, 0)
        self._since_step, self._patience = 0, 0.0
        self._steps = [_Steps(part) for part in USUAL_PARTS]
        self._clock = self._before = self._whole = 0
        self._skipped = False
        self._period: float | None = None

    @property
    def period(self) -> float:
        """What the clocks are rounded to, in seconds; 0 where they are not."""
        if self._period is None or self._off > MOST_OFF or abs(sum(self._beside)) > WHOLE_PART:
            return 0.0
        return self._period if sum(self._swings) <= MOST_OFF else 0.0

    @property
    def blur(self) -> float:
        """How much too early or late clocks are, one as the next, in seconds; 0 where they are not, or not to be told.

        Those that show no rounding for four times as long as it took to show are exact for as long: what looked like it
        were two that came late, or the tempo is such that nothing is rounded off. Not where the period was a clock:
        three odd ones, evenly spread, are no accident, and a clock that is counted wrong is worse.
        """
        return self.period if self._since_step <= self._patience else 0.0

    @property
    def _off(self) -> int:
        """How many of the newest distances are no multiples of the period."""
        return sum(abs(part) > WHOLE_PART for part in self._beside)

    @property
    def arrivals(self) -> tuple[float, ...]:
        """The moments of the newest clocks."""
        return tuple(self._arrivals)

    @property
    def whole(self) -> tuple[float, ...]:
        """The moments of those of them between which no clock can have been there without being heard."""
        return tuple(self._arrivals)[-self._whole :]

    def forget(self) -> None:
        """Take the next clock for the first one; a period that is known stays known."""
        self._arrivals.clear()
        self._whole = 0
        for steps in self._steps:
            steps.begin(0.0)

    def move(self, seconds: float) -> None:
        """Let the clocks have come so much later."""
        self._arrivals = deque((arrival + seconds for arrival in self._arrivals), MOST_CLOCKS)

    def skip(self) -> None:
        """Know that clocks before the next one may not have been heard."""
        self._skipped = True

    def take(self, seconds: float, number: int) -> int | None:
        """Take a clock with its number; where it shows that they are rounded, return by how many that is too high.

        For all of them were meant. None where nothing new is shown.
        """
        since = seconds - self._arrivals[-1] if self._arrivals else 0.0
        before, self._before = self._before, number
        self._clock += 1
        self._arrivals.append(seconds)
        is_whole, self._skipped = not self._skipped, False
        self._whole = self._whole + 1 if is_whole else 1
        if self._period is not None:
            periods = since / self._period
            self._beside.append(periods - round(periods))
            self._swing(round(periods))
            self._period = self._period if self._off < TOO_MANY_OFF else None
        holds, known = self.period > 0, self._period or 0.0
        found = [steps.take(self._clock, since, before, is_whole=is_whole) for steps in self._steps]
        for seen in filter(None, found):
            self._period = seen.period
            self._since_step, self._patience = 0, math.inf if seen.is_a_clock else PATIENCE * seen.apart
            self._beside.clear()
            self._swings.clear()
            is_known = abs(known / seen.period - 1) < SAME_PART and (holds or not seen.is_a_clock)
            return None if is_known else number - (seen.first.before + 1 + self._clock - seen.first.clock)
        return None

    def _swing(self, periods: int) -> None:
        """Take a distance in periods; see whether it shows rounding, and whether the one before it swung out."""
        first, middle = self._two_before
        self._since_step = 0 if abs(periods - middle) == 1 else self._since_step + 1
        self._two_before = middle, periods
        least = min(middle - first, middle - periods)
        most = max(middle - first, middle - periods)
        self._swings.append(least >= SWING_PERIODS or most <= -SWING_PERIODS)
