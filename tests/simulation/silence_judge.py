"""What must hold of the silence watchdog, by the ticks that were played."""

from __future__ import annotations

from musicrnn.daemon.performance import LONGEST_NOTE_BARS, Performance
from musicrnn.daemon.timeline import Made
from musicrnn.models.generator import Choice
from musicrnn.models.watchdog import HARDLY
from tests.simulation.violation import Violation

CLOSE = 1e-9


class SilenceJudge:
    """Counts for itself in how many ticks in a row too little was heard, and what that takes away of A."""

    def __init__(self) -> None:
        self._performance: Performance | None = None
        self._begin()

    def _begin(self) -> None:
        self._quiet = self._unstruck = 0
        self._ease = 0.0
        self._keys: set[tuple[int, int]] = set()

    def played(self, made: Made, performance: Performance, *, acts: bool) -> None:
        """Judge A, and whether the watchdog acts, of each tick that was played."""
        if made.begins is not None or performance is not self._performance:  # another model has been quiet for no time
            self._performance = performance
            self._begin()
        if not made.record.exponents:  # a substitute, or what follows the end of a piece
            self._keys = self._held(made, performance)
            return
        self._judge_exponents(made, performance.choice)
        self._count(made, performance)
        dog = performance.choice.watchdog
        must = self._is_awake(performance.choice) and self._quiet >= dog.bars * performance.bar_ticks
        if acts is not must:
            raise Violation(f"after {self._quiet} ticks of silence the watchdog must {'' if must else 'not '}act")
        self._ease = min(self._ease + dog.step, 1.0) if must else self._ease * (1.0 - dog.back)
        if not must and (self._ease < HARDLY or not self._is_awake(performance.choice)):
            self._ease = 0.0

    @staticmethod
    def _is_awake(choice: Choice) -> bool:
        return choice.watchdog.bars > 0 and choice.density >= 0

    def _judge_exponents(self, made: Made, choice: Choice) -> None:
        expected = max((1.0 - self._ease) * choice.mu, min(choice.mu, choice.watchdog.least))
        for exponent in made.record.exponents if choice.sigma == 0.0 else ():
            if abs(exponent - expected) > CLOSE:
                raise Violation(f"a control must act on the next tick: A must be {expected}, got {exponent}")

    @staticmethod
    def _held(made: Made, performance: Performance) -> set[tuple[int, int]]:
        """Return what the next frame can hold: all but hits."""
        percussive = [part.percussive for part in performance.vocabulary.parts]
        return {(note.part, note.pitch) for note in made.record.frame if not percussive[note.part]}

    def _count(self, made: Made, performance: Performance) -> None:
        """Count the tick in; what is held for longer than any note may sound is not heard any more."""
        frame, articulated = made.record.frame, performance.vocabulary.articulation
        before, self._keys = self._keys, self._held(made, performance)
        begins = made.begins is not None  # what the prime holds is struck there
        struck = any(
            begins or (note.attack and (articulated or (note.part, note.pitch) not in before)) for note in frame
        )
        is_awake = self._is_awake(performance.choice)
        self._unstruck = 0 if struck or not is_awake else self._unstruck + 1
        heard = len(frame) if self._unstruck < LONGEST_NOTE_BARS * performance.bar_ticks else 0
        most = min(performance.choice.limits.polyphony, performance.vocabulary.max_polyphony)  # no more can sound
        is_quiet = heard < min(performance.choice.watchdog.notes, most)
        self._quiet = self._quiet + 1 if is_quiet and is_awake else 0
