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
LOST_FOR_SURE = 3
BENT = 0.05
REMEMBERED_CLOCKS = 16 * 24


class ClockTally:
    """Counts every clock as one, and remembers the line from when it last agreed with the numbers.

    Where the clocks lie on that line again, twelve in a row, it tells whether those that did not lie there were late or
    lost: where it has each at the place that this count gives it, nothing was lost and nothing came twice, whatever
    the numbers are. Where the tempo has changed meanwhile, that line says nothing, and the count holds: a tempo that
    changes fast looks like clocks that are lost or come twice, which happens far less often; unless, before it did,
    some clocks in a row lay on the line where only their numbers were right. Where only the phase has
    changed the numbers hold; but where it changes back, so that clocks lie on the line of before that change at the
    places of the count, all of them were late meanwhile, and none of those at the end came twice.
    """

    def __init__(self) -> None:
        self._line: ClockLine | None = None
        self._left: ClockLine | None = None
        self._returned = self._since_left = 0
        self._count = 0
        self._before = 0
        self._counted = self._numbered = self._settled = self._only_numbered = 0
        self._gap = False

    def forget(self) -> None:
        """Know no line, until the clocks are steady again."""
        self._leave(None)
        self._forget_line()

    def move(self, seconds: float) -> None:
        """Let the clocks on both lines have come so much later."""
        self._line = self._line and self._line.moved(seconds)
        self._left = self._left and self._left.moved(seconds)

    def _forget_line(self) -> None:
        self._line = None
        self._gap = False
        self._counted = self._numbered = self._settled = self._only_numbered = 0

    def take(self, seconds: float, number: int, line: ClockLine) -> int:
        """Take a clock with its number and the line that it is on; return by how many the numbers are too high."""
        self._count += 1
        self._gap |= number > self._before + MOST_LOST
        follows = number == self._before + 1
        self._before = number
        as_expected = follows and abs(line.clock_at(seconds) - number) < CLOSE
        self._settled = self._settled + 1 if as_expected else 0
        self._look_back(seconds, number, follows=follows)
        has_returned = self._returned >= AGREED_CLOCKS
        agrees = max(self._counted, self._numbered) >= AGREED_CLOCKS
        if not (has_returned or agrees or self._settled >= SETTLED_CLOCKS):
            return 0
        is_bent = self._is_bent(line)
        is_right = has_returned or self._counted >= AGREED_CLOCKS or (self._numbered < AGREED_CLOCKS and is_bent)
        too_high = number - self._count if is_right else 0
        if has_returned or not agrees:
            self._leave(None if has_returned or is_bent or self._gap else self._line)
        self._forget_line()
        self._line, self._count = line, number
        return too_high

    def _leave(self, line: ClockLine | None) -> None:
        """Remember a line that the clocks have left, to which they may return."""
        self._left, self._returned, self._since_left = line, 0, 0

    def _is_bent(self, line: ClockLine) -> bool:
        """Tell whether the tempo has changed and every clock was heard, so that the count holds."""
        if self._line is None or self._gap or self._only_numbered >= LOST_FOR_SURE:
            return False
        return abs(line.period / self._line.period - 1.0) > BENT

    def _look_back(self, seconds: float, number: int, *, follows: bool) -> None:
        """See where on the old lines a clock lies; a number that leaves some out or comes again begins a new row."""
        if self._left is not None:
            self._since_left += 1
            returns = abs(self._left.clock_at(seconds) - self._count) < CLOSE
            self._returned = self._returned + 1 if returns else 0
            self._left = self._left if self._since_left < REMEMBERED_CLOCKS else None
        if self._line is None:
            return
        place = self._line.clock_at(seconds)
        self._counted = self._counted + 1 if abs(place - self._count) < CLOSE else 0
        self._numbered = self._numbered + 1 if follows and abs(place - number) < CLOSE else 0
        self._only_numbered = max(self._only_numbered, self._numbered - self._counted)
