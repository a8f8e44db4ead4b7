"""The silence watchdog: where too little sounds for too long, A is eased until notes come back.

The bi-axial RNN did so with a step of 0.02 a tick under two notes, and gave back 30 % of the way otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

HARDLY = 0.01


@dataclass(frozen=True, slots=True)
class Quiet:
    """How quiet it was up to a point between two ticks.

    ``ticks`` in a row had too few notes; ``unstruck`` in a row began none; ``ease`` is the share of A that is taken
    away, 0 to 1; ``alarm`` tells that the silence lasts too long.
    """

    ticks: int = 0
    unstruck: int = 0
    ease: float = 0.0
    alarm: bool = False


@dataclass(frozen=True, slots=True)
class Watchdog:
    """Fewer than ``notes`` in ``bars`` bars are too few: then ``step`` of A goes each tick, down to ``least``.

    Once there are enough again, ``back`` of what is missing comes back each tick. With 0 bars it sleeps.
    """

    bars: int = 0
    notes: int = 1
    step: float = 0.02
    back: float = 0.3
    least: float = 0.25

    def within(self, most: int) -> Watchdog:
        """Return the watchdog where no more than so many notes can sound: it waits for no more."""
        return self if self.notes <= most else replace(self, notes=most)

    def after(self, before: Quiet, sounding: int, *, struck: bool, bar_ticks: int, longest: int) -> Quiet:
        """Return how quiet it is after one more tick, in which so many notes sound and one was ``struck`` or none.

        ``longest`` is how many ticks a note may sound: what was held for longer is not heard any more.
        """
        if not self.bars:
            return Quiet()
        unstruck = 0 if struck else before.unstruck + 1
        heard = sounding if unstruck < longest else 0
        ticks = before.ticks + 1 if heard < self.notes else 0
        alarm = ticks >= self.bars * bar_ticks
        ease = min(before.ease + self.step, 1.0) if alarm else before.ease * (1.0 - self.back)
        return Quiet(ticks, unstruck, ease if alarm or ease >= HARDLY else 0.0, alarm)
