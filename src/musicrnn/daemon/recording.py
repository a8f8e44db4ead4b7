"""What was played, kept as a score."""

from __future__ import annotations

from collections.abc import Iterable

from musicrnn.daemon.ledger import NoteEvent
from musicrnn.models.score import Note, Part, Score, Tempo, regular_bars


class Recording:
    """Collects the notes that were sent, in ticks of the session, and the tempo."""

    def __init__(self, ticks_per_beat: int, metre: tuple[int, int], parts: tuple[Part, ...], bpm: float) -> None:
        self.ticks_per_beat = ticks_per_beat
        self.metre = metre
        self.parts = parts
        self._bpm = {0: bpm}
        self._notes: list[tuple[int, int, int, int, int]] = []
        self._open: dict[tuple[int, int], tuple[int, int, int]] = {}

    def __len__(self) -> int:
        return len(self._notes) + len(self._open)

    def tempo(self, tick: int, bpm: float) -> None:
        """Let ``bpm`` hold from ``tick`` on."""
        self._bpm[tick] = bpm

    def add(self, tick: int, events: Iterable[NoteEvent]) -> None:
        """Add what was sent at ``tick``."""
        for event in events:
            key = (event.channel, event.pitch)
            if event.velocity:
                self._open[key] = (tick, event.part, event.velocity)
            elif key in self._open:
                start, part, velocity = self._open.pop(key)
                self._notes.append((start, part, event.pitch, tick - start, velocity))

    def score(self, until: int) -> Score:
        """Return the score so far, in whole bars that hold tick ``until - 1``; what still sounds ends at ``until``."""
        notes = tuple(Note(*note) for note in sorted(self._notes + self._ringing(until)))
        bars = regular_bars(until, self.ticks_per_beat, *self.metre)
        return Score(self.ticks_per_beat, self.parts, notes, bars, self.tempos())

    def window(self, start: int, until: int) -> list[Note]:
        """Return the notes that sound from tick ``start``, no more than a few bars ago, up to ``until``, cut to fit."""
        rows = self._ringing(until)
        for row in reversed(self._notes):
            if row[0] + row[3] <= start:
                break
            rows.append(row)
        cut = (
            (max(at, start), part, pitch, min(at + length, until) - max(at, start), velocity)
            for at, part, pitch, length, velocity in rows
            if at < until
        )
        return [Note(*row) for row in sorted(cut)]

    def _ringing(self, until: int) -> list[tuple[int, int, int, int, int]]:
        return [
            (start, part, pitch, until - start, velocity)
            for (_, pitch), (start, part, velocity) in self._open.items()
            if until > start
        ]

    def tempos(self) -> tuple[Tempo, ...]:
        """Return the changes of tempo, the first at tick 0."""
        tempos: list[Tempo] = []
        for tick, bpm in sorted(self._bpm.items()):
            if not tempos or tempos[-1].bpm != bpm:
                tempos.append(Tempo(tick, bpm))
        return tuple(tempos)
