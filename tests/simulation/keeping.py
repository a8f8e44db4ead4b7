"""Whoever writes the last bars and takes, in virtual time: each must be the end of the whole recording."""

from __future__ import annotations

from fractions import Fraction

from musicrnn.daemon.engine import Engine
from musicrnn.daemon.keepsakes import Music, Refuse
from musicrnn.models.score import Score
from tests.simulation.violation import Violation

Heard = tuple[Fraction, int, int]


class SimulatedKeepsakes:
    """Writes nothing, and judges what it would have written at once; ``kept`` counts that."""

    lately = ()

    def __init__(self, engine: Engine) -> None:
        self.kept = 0
        self._engine = engine

    def check(self) -> None:
        """Raise nothing."""

    def keep(self, music: Music, refuse: Refuse, kind: str = "kept") -> None:
        """Judge music: it has notes, and those that begin in it are those of the whole recording from there on."""
        del refuse
        try:
            found = music.score()
        except Exception as error:
            raise Violation(f"what is {kind} must be a score, got {error!r}") from error
        whole = self._engine.recording.score(self._engine.tick)
        if not found.notes:
            raise Violation(f"what is {kind} must have notes")
        if len(found.bars) > len(whole.bars):
            raise Violation(f"what is {kind} must not be longer than the whole, got {len(found.bars)} bars")
        first = whole.bars[-len(found.bars)].start
        wanted, got = _from(whole, first), _from(found, 0)
        if not wanted <= got or any(start > 0 for start, *_ in got - wanted):
            raise Violation(f"what is {kind} must be the end of the whole, got {len(got ^ wanted)} other notes")
        self.kept += 1


def _from(score: Score, first: int) -> set[Heard]:
    """Return what begins from tick ``first`` on: after how many beats, its pitch and loudness.

    A part of a model before may be called otherwise in the whole.
    """
    return {
        (Fraction(note.start - first, score.ticks_per_beat), note.pitch, note.velocity)
        for note in score.notes
        if note.start >= first
    }
