"""What must hold of the silence watchdog, by the ticks that were played."""

from __future__ import annotations

from musicrnn.daemon.performance import LONGEST_NOTE_BARS, Performance
from musicrnn.daemon.timeline import Made
from tests.simulation.violation import Violation

SETTLED_TICKS = 20  # in which A is back, by 30 % of the way each tick
CLOSE = 1e-9


class SilenceJudge:
    """Counts for itself in how many ticks in a row too little sounded, and enough."""

    def __init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        self._quiet = self._enough = self._unstruck = 0
        self._keys: set[tuple[int, int]] = set()

    def played(self, made: Made, performance: Performance, *, acts: bool) -> None:
        """Judge A and whether the watchdog acts, of each tick that was played."""
        if made.begins is not None:
            self._begin()
        if not made.record.exponents:  # a substitute, or what follows the end of a piece
            return
        self._judge_exponents(made, performance)
        self._count(made, performance)
        self._judge_alarm(performance, acts=acts)

    def _judge_exponents(self, made: Made, performance: Performance) -> None:
        choice = performance.choice
        if choice.sigma:
            return
        least = min(choice.mu, choice.watchdog.least)
        for exponent in made.record.exponents:
            if not least - CLOSE <= exponent <= choice.mu:
                raise Violation(f"A must be in {least}..{choice.mu}, got {exponent}")
            if exponent != choice.mu and (
                self._enough > SETTLED_TICKS or choice.density < 0 or not choice.watchdog.bars
            ):
                raise Violation(f"a control must act on the next tick: A must be {choice.mu}, got {exponent}")

    def _count(self, made: Made, performance: Performance) -> None:
        choice, frame = performance.choice, made.record.frame
        keys = {(note.part, note.pitch) for note in frame}
        struck = any(note.attack for note in frame) if performance.vocabulary.articulation else not keys <= self._keys
        self._keys = keys
        self._unstruck = 0 if struck else self._unstruck + 1
        is_quiet = len(frame) < choice.watchdog.notes
        awake = choice.density >= 0 and choice.watchdog.bars > 0
        self._quiet = self._quiet + 1 if is_quiet and awake else 0
        self._enough = 0 if is_quiet or self._is_stale(performance) else self._enough + 1

    def _is_stale(self, performance: Performance) -> bool:
        """Tell whether all that the model holds has ended, for it was held too long."""
        return self._unstruck >= LONGEST_NOTE_BARS * performance.bar_ticks

    def _judge_alarm(self, performance: Performance, *, acts: bool) -> None:
        watchdog = performance.choice.watchdog
        is_long = watchdog.bars > 0 and self._quiet >= watchdog.bars * performance.bar_ticks
        if is_long and not acts:
            raise Violation(f"after {self._quiet} ticks of silence the watchdog must act")
        if acts and not is_long and not self._is_stale(performance):
            raise Violation(f"the watchdog must not act after {self._quiet} ticks of silence")
