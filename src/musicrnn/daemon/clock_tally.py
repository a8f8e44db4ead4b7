"""A second count of a host's clocks, by which the first is put right after clocks that were late beyond telling.

A clock that comes more than half a clock late is nearer to the next one's place: it looks as if one had been lost, and
the next as if it had come twice. Being late, unlike being lost, leaves the number of clocks as it was.
"""

from __future__ import annotations

from musicrnn.daemon.clock_fit import ClockLine

CLOSE = 0.15
AGREED_CLOCKS = 12
SETTLED_CLOCKS = 24
MOST_LOST = 3
BENT = 0.05


class ClockTally:
    """Counts every clock as one, and remembers the line from when it last agreed with the numbers.

    Where the clocks lie on that line again, twelve in a row, it tells whether those that did not lie there were late or
    lost: where it has each at the place that this count gives it, nothing was lost and nothing came twice, whatever
    the numbers are. Where the tempo has changed meanwhile, that line says nothing, and the count holds: a tempo that
    changes fast looks like clocks that are lost or come twice, which happens far less often. Where only the phase has
    changed the numbers hold.
    """

    def __init__(self) -> None:
        self._line: ClockLine | None = None
        self._count = 0
        self._before = 0
        self._counted = self._numbered = self._settled = 0
        self._gap = False

    def forget(self) -> None:
        """Know no line, until the clocks are steady again."""
        self._line = None
        self._gap = False
        self._counted = self._numbered = self._settled = 0

    def take(self, seconds: float, number: int, line: ClockLine) -> int:
        """Take a clock with its number and the line that it is on; return by how many the numbers are too high."""
        self._count += 1
        self._gap |= number > self._before + MOST_LOST
        follows = number == self._before + 1
        self._before = number
        as_expected = follows and abs(line.clock_at(seconds) - number) < CLOSE
        self._settled = self._settled + 1 if as_expected else 0
        self._look_back(seconds, number, follows=follows)
        if self._counted < AGREED_CLOCKS and self._numbered < AGREED_CLOCKS and self._settled < SETTLED_CLOCKS:
            return 0
        is_right = self._counted >= AGREED_CLOCKS or (self._numbered < AGREED_CLOCKS and self._is_bent(line))
        too_high = number - self._count if is_right else 0
        self.forget()
        self._line, self._count = line, number
        return too_high

    def _is_bent(self, line: ClockLine) -> bool:
        """Tell whether the tempo has changed and every clock was heard, so that the count holds."""
        return self._line is not None and not self._gap and abs(line.period / self._line.period - 1.0) > BENT

    def _look_back(self, seconds: float, number: int, *, follows: bool) -> None:
        """See where on the old line a clock lies; a number that leaves some out or comes again begins a new row."""
        if self._line is None:
            return
        place = self._line.clock_at(seconds)
        self._counted = self._counted + 1 if abs(place - self._count) < CLOSE else 0
        self._numbered = self._numbered + 1 if follows and abs(place - number) < CLOSE else 0
