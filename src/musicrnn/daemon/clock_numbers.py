"""The numbers of a host's MIDI clocks, and the line through them, whatever becomes of some on the way.

Clocks get lost, come twice, late, at once or rounded, and the tempo moves; what a message was is known from the line,
from its distance to the one before, and at times only from the next.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from statistics import median_low

import numpy as np

from musicrnn.daemon.clock_fit import CLOCKS_PER_BEAT, ClockFit, ClockLine
from musicrnn.daemon.clock_rounding import RoundedClocks
from musicrnn.daemon.clock_tally import ClockTally

NEAR = 0.35
SHORTEST, LONGEST = 0.5, 1.5
STILL_NEAR = 0.15
STEADY_CLOCKS = 12
LATE_JITTERS, LATE_PART = 5.0, 0.03
FIRM_CLOCKS = 24
GAP, AT_ONCE = 1.75, 0.25
RARE_CLOCKS = 36
DOUBTS_OF = 8
FEW_CLOCKS = 6
MOST_DOUBTS = 3
SILENCE_CLOCKS = 8
STOOD_SECONDS, KNOWN_CLOCKS = 1.0, 48
SILENCE_SECONDS = 0.3


@dataclass(frozen=True, slots=True)
class _Heard:
    """A clock as it came: when, the number of the one before it, and whether it was not where it was expected."""

    seconds: float
    before: int
    doubtful: bool


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A clock that waits for the next one before the line is fitted to it.

    Where that comes ``within`` so many clocks of where the line has it, this one is number ``number`` and came at
    ``seconds``, or would have; where that comes in the place of this one, this one was late; otherwise it is number
    ``counted`` and came when it did.
    """

    number: int
    seconds: float
    counted: int
    within: float


class ClockNumbers:
    """Numbers the clocks of a stream, and fits the line through them.

    Once the line is steady, a clock that comes where the next but one should be tells that one was lost, and one where
    the last was that it came twice; unless its distance from the one before it is near enough a clock's, or the middle
    one of the six before, or the distance before that: of a tempo that changes fast the line is wrong, and of clocks
    that wander. One that was taken to have come twice counts after all where the next one comes at its distance: that
    is the tempo now. One at the distance before that which is also where a later one should be waits for the next: two
    clocks may have been lost with a single one between. So does one that is late, alone or because all were held back:
    those come at once then, and tell nothing of the tempo. Where more than three of eight are not where they should be,
    it is begun again, each clock counting one. What many clocks that came late made wrong is known once they are steady
    again (``ClockTally``).
    """

    def __init__(self, bpm: float) -> None:
        self._fit = ClockFit(60.0 / bpm / CLOCKS_PER_BEAT)
        self._recent: deque[_Heard] = deque(maxlen=DOUBTS_OF)
        self._tally = ClockTally()
        self._rounded = RoundedClocks()
        self._too_high = 0
        self.line = ClockLine(0, 0.0, 60.0 / bpm / CLOCKS_PER_BEAT)
        self.number = -1
        self.arrived = float("-inf")
        self._distance = 0.0
        self._distances: deque[float] = deque(maxlen=FEW_CLOCKS)
        self._resumed = False
        self._passed_over = False
        self._waiting: _Waiting | None = None
        self._firm = self._held_back = 0
        self._since_gap = 0
        self._made_up_for = False

    @property
    def silence(self) -> float:
        """How long no clock must come, in seconds, for the clock to be lost."""
        return max(SILENCE_CLOCKS * self.line.period, SILENCE_SECONDS)

    def take_first(self, seconds: float) -> None:
        """Take the clock that begins a song: the next one, even where the host's clocks have moved."""
        if seconds - self.arrived > self.silence or abs(self.line.clock_at(seconds) - self.number - 1) > STILL_NEAR:
            self._begin_again(self.number + 1, seconds)
        else:
            self._take(seconds)
        self._tally.forget()
        self._rounded.take(seconds, self.number - self._too_high)

    def take(self, seconds: float) -> int:
        """Take a clock that arrived; return by how many the numbers turn out to be too high, mostly none."""
        self._take(seconds)
        too_high = self._tally.take(seconds, self.number, self.line)
        too_high += self._settle_rounded(seconds, self.number - self._too_high - too_high)
        self._too_high += too_high
        return too_high

    def stand(self, seconds: float) -> None:
        """Know that the clock of the port at which the clocks come has stood still, so that all came so much later.

        Who sends by that clock stood too and goes on from there: none was lost. Who does not went on meanwhile.
        """
        if self._goes_on(seconds):
            return
        self.arrived += seconds
        self.line = self.line.moved(seconds)
        self._recent = deque((replace(heard, seconds=heard.seconds + seconds) for heard in self._recent), DOUBTS_OF)
        if self._waiting is not None:
            self._waiting = replace(self._waiting, seconds=self._waiting.seconds + seconds)
        self._fit.move(seconds)
        self._tally.move(seconds)
        self._rounded.move(seconds)

    def skip(self) -> None:
        """Know that clocks before the next one may not have been heard: a longer distance to it shows no rounding."""
        self._rounded.skip()

    def _goes_on(self, stood: float) -> bool:
        """Tell whether the sender went on while the port's clock stood: by that, more clocks came since than should."""
        arrivals = np.array(self._rounded.arrivals)
        known = int(np.searchsorted(arrivals, self.arrived - STOOD_SECONDS))
        if known < STEADY_CLOCKS:
            return False
        numbers = np.arange(len(arrivals))[max(0, known - KNOWN_CLOCKS) : known]
        period, first = np.polyfit(numbers, arrivals[numbers], 1)
        early = first + period * (len(arrivals) - 1) - self.arrived
        return bool(abs(early - stood) < abs(early))

    def _take(self, seconds: float) -> None:
        """Give a clock its number; after a silence it is the nearest one on the line, as if that had gone on."""
        if seconds - self.arrived > self.silence:
            is_known = self.number >= 0
            nearest = round(self.line.clock_at(seconds)) if is_known else 0
            self._begin_again(max(nearest, self.number + 1), seconds)
            self._resumed = is_known
            return
        since, before_that, last = seconds - self.arrived, self._distance, self.arrived
        self.arrived = seconds
        self._since_gap += 1
        if self._held_back and since < AT_ONCE * self.line.period:
            self._held_back -= 1
            self._waiting = None
            self.number += not self._made_up_for
            return
        self._distance, self._held_back = since, 0
        if self._passed_over and SHORTEST * before_that < since < LONGEST * before_that:
            self._add(self.number + 1, last)
        self._passed_over = False
        if self._waiting is not None:
            self._settle(self._waiting, seconds, last)
        self._give_number(seconds, since, before_that)

    def _give_number(self, seconds: float, since: float, before_that: float) -> None:
        """Give a clock its number by where it is on the line, and how long it came after the one before it."""
        place, before = self._place(seconds), self.number
        nearest = round(place)
        is_near = abs(place - nearest) <= NEAR
        expected = nearest == before + 1 and is_near
        usual = median_low(self._distances) if len(self._distances) == FEW_CLOCKS else 0.0
        self._distances.append(since)
        follows = any(SHORTEST * length < since < LONGEST * length for length in (self.line.period, usual))
        follows_that = SHORTEST * before_that < since < LONGEST * before_that
        doubtful = not (expected or follows or follows_that)
        self._recent.append(_Heard(seconds, before, doubtful))
        self._firm -= self._firm > 0
        if self._comes_after_a_gap(since):
            self._held_back = max(round(self.line.clock_at(seconds)) - before - 1, 0)
            self._made_up_for = doubtful and is_near
        if not (doubtful or expected or follows) and nearest > before and is_near:
            self._wait(_Waiting(nearest, seconds, before + 1, NEAR))
        elif not doubtful and self._strays(place - before - 1):
            self._wait(_Waiting(before + 1, self.line.seconds_at(before + 1), before + 1, (place - before - 1) / 2))
        elif not doubtful and not self._held_back:
            self._add(before + 1, seconds)
        elif sum(heard.doubtful for heard in self._recent) > MOST_DOUBTS:
            self._held_back = 0
            self._count_again()
        elif not doubtful or not is_near:
            self.number += 1  # too far from everything to be used, but it counts
        elif nearest > before:
            self._wait(_Waiting(nearest, seconds, nearest, 0.0))
        else:
            self._passed_over = True

    def _comes_after_a_gap(self, since: float) -> bool:
        """Tell whether a clock may be late because all were held back, which is rare, of a line that is known."""
        if since <= GAP * self.line.period + self._rounded.period:
            return False
        is_rare, self._since_gap = self._since_gap > RARE_CLOCKS, 0
        return is_rare and len(self._fit) >= STEADY_CLOCKS

    def _strays(self, late: float) -> bool:
        """Tell whether a clock is late by more than its jitter, in clocks, and may be so alone."""
        jitter = LATE_JITTERS * self._fit.jitter / self.line.period
        return late > max(jitter, LATE_PART) and not self._firm and len(self._fit) >= STEADY_CLOCKS

    def _wait(self, waiting: _Waiting) -> None:
        """Count a clock, and leave open what it tells of the tempo."""
        self.number = waiting.counted
        self._waiting = waiting

    def _settle(self, waiting: _Waiting, seconds: float, last: float) -> None:
        """Fit the line to the clock before this one, which waited."""
        self._waiting = None
        place = self.line.clock_at(seconds)
        if abs(place - waiting.counted) < AT_ONCE and seconds - last > AT_ONCE * self.line.period:
            self.number = waiting.counted - 1  # that one was late, not the next: here is the next
        elif abs(place - waiting.number - 1) <= waiting.within:
            self._add(waiting.number, waiting.seconds)
        else:
            self._firm = FIRM_CLOCKS
            self._add(waiting.counted, last)

    def _settle_rounded(self, seconds: float, number: int) -> int:
        """See whether clocks are rounded; return by how many the number is too high if all of them were meant."""
        too_high = self._rounded.take(seconds, number)
        self._fit.rounded_to = self._rounded.blur
        if too_high is not None:
            arrivals = self._rounded.whole
            self._fit.begin_again(self.line.period, is_known=False)
            for clock, arrival in enumerate(arrivals, start=self.number + 1 - len(arrivals)):
                self._add(clock, arrival)
        if too_high:
            self._tally.forget()
        return too_high or 0

    def _place(self, seconds: float) -> float:
        """Return where on the line a clock came; before the line is steady, each comes where it should.

        A line that outlasted a silence is steady from its first clock on; one through clocks that jitter by a seventh
        of a clock is not, nor one through those that are rounded to a fifth of one or more.
        """
        calm = 2.5 * self._fit.jitter < NEAR * self.line.period
        steady = calm if len(self._fit) >= STEADY_CLOCKS else self._resumed
        return self.line.clock_at(seconds) if steady else self.number + 1

    def _add(self, number: int, seconds: float) -> None:
        self.number = number
        self.line = self._fit.add(number, seconds)

    def _count_again(self) -> None:
        """Count the clocks anew from the first doubtful one on, and fit the line to them alone."""
        heard = list(self._recent)
        while not heard[0].doubtful:
            heard.pop(0)
        before = heard[0].before
        self._recent.clear()
        self._resumed = False
        self._fit.begin_again(self.line.period, is_known=False)
        for number, one in enumerate(heard, start=before + 1):
            self._add(number, one.seconds)

    def _begin_again(self, number: int, seconds: float) -> None:
        """Go on with that number and a new fit."""
        self.arrived, self._distance, self._resumed, self._passed_over = seconds, 0.0, False, False
        self._recent.clear()
        self._distances.clear()
        self._waiting, self._firm, self._held_back = None, 0, 0
        self._rounded.forget()
        self._fit.begin_again(self.line.period, is_known=True)
        self._add(number, seconds)
