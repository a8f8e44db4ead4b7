"""What was played, kept as a score."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from musicrnn.daemon.joined import common_grid, joined
from musicrnn.daemon.ledger import NoteEvent
from musicrnn.models.score import Note, Part, Score, Tempo, bar_length, regular_bars

Row = tuple[int, int, int, int, int]
"""Start, part, pitch, length, velocity."""


@dataclass
class _Stretch:
    """What one model played, in its own ticks, from the tick ``start`` on; ``end`` is set when it is over."""

    ticks_per_beat: int
    parts: tuple[Part, ...]
    bpm: dict[int, float]
    start: int = 0
    end: int = 0
    notes: list[Row] = field(default_factory=list)

    def tempos(self) -> tuple[Tempo, ...]:
        tempos: list[Tempo] = []
        for tick, bpm in sorted(self.bpm.items()):
            if not tempos or tempos[-1].bpm != bpm:
                tempos.append(Tempo(tick, bpm))
        return tuple(tempos)

    def score(self, metre: tuple[int, int], until: int, ringing: Iterable[Row] = ()) -> Score:
        """Return it as a score that begins at tick 0, in whole bars that hold tick ``until - 1``."""
        rows = sorted([*self.notes, *ringing])
        notes = tuple(Note(at - self.start, part, pitch, length, loud) for at, part, pitch, length, loud in rows)
        tempos = tuple(Tempo(tempo.tick - self.start, tempo.bpm) for tempo in self.tempos())
        bars = regular_bars(until - self.start, self.ticks_per_beat, *metre)
        return Score(self.ticks_per_beat, self.parts, notes, bars, tempos)


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Some bars of one model as they were collected: cheap to take, and made a score of wherever there is time."""

    ticks_per_beat: int
    parts: tuple[Part, ...]
    metre: tuple[int, int]
    rows: list[Row]
    tempos: tuple[Tempo, ...]
    start: int
    until: int

    def score(self) -> Score:
        """Return it as a score that begins at tick 0, with the model's parts, whose ranges may not hold all notes."""
        notes = _cut(self.rows, self.start, self.until)
        moved = tuple(replace(note, start=note.start - self.start) for note in notes)
        bars = regular_bars(max(self.until - self.start, 1), self.ticks_per_beat, *self.metre)
        return Score(self.ticks_per_beat, self.parts, moved, bars, _tempos_from(self.tempos, self.start))


@dataclass(frozen=True, slots=True)
class Take:
    """What was played between two moments, a piece for each model that played."""

    pieces: tuple[Excerpt, ...]

    def __len__(self) -> int:
        return sum(len(piece.rows) for piece in self.pieces)

    def score(self) -> Score:
        """Return it as a score that begins at tick 0, with the parts of all."""
        scores = [piece.score() for piece in self.pieces]
        return _widened(joined(scores) if len(scores) > 1 else scores[0])


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a recording: a stretch, how many of its notes had ended before, and the tick."""

    stretch: _Stretch
    number: int
    ended: int
    tick: int

    def first(self) -> int:
        """Return which note of its stretch is the first to sound after it; some, made later, end right at its tick."""
        notes, first = self.stretch.notes, self.ended
        while first < len(notes) and _end(notes[first]) <= self.tick:
            first += 1
        return first


class Recording:
    """Collects the notes that were sent, in ticks of the model that plays, and the tempo."""

    def __init__(self, ticks_per_beat: int, metre: tuple[int, int], parts: tuple[Part, ...], bpm: float) -> None:
        self.metre = metre
        self._earlier: list[_Stretch] = []
        self._present = _Stretch(ticks_per_beat, parts, {0: bpm})
        self._open: dict[tuple[int, int], tuple[int, int, int]] = {}

    def __len__(self) -> int:
        return sum(len(stretch.notes) for stretch in [*self._earlier, self._present]) + len(self._open)

    @property
    def ticks_per_beat(self) -> int:
        """The grid of the model that plays."""
        return self._present.ticks_per_beat

    @property
    def parts(self) -> tuple[Part, ...]:
        """The parts of the model that plays."""
        return self._present.parts

    def takes(self, ticks_per_beat: int) -> bool:
        """Tell whether a model of that grid can be recorded beside those before it."""
        grids = [stretch.ticks_per_beat for stretch in [*self._earlier, self._present]]
        return common_grid([*grids, ticks_per_beat]) is not None

    def change(self, tick: int, to: int, ticks_per_beat: int, parts: tuple[Part, ...]) -> None:
        """Let another model play from a bar line on: its tick ``to`` stands where ``tick`` of the one before did.

        Every note must have ended.
        """
        before = self._present
        bpm = before.bpm[max(before.bpm)]
        if tick > before.start:
            before.end = tick
            self._earlier.append(before)
        self._present = _Stretch(ticks_per_beat, parts, {to: bpm}, to)

    def tempo(self, tick: int, bpm: float) -> None:
        """Let ``bpm`` hold from ``tick`` on."""
        self._present.bpm[tick] = bpm

    def add(self, tick: int, events: Iterable[NoteEvent]) -> None:
        """Add what was sent at ``tick``."""
        for event in events:
            key = (event.channel, event.pitch)
            if event.velocity:
                self._open[key] = (tick, event.part, event.velocity)
            elif key in self._open:
                start, part, velocity = self._open.pop(key)
                self._present.notes.append((start, part, event.pitch, tick - start, velocity))

    def score(self, until: int) -> Score:
        """Return the score so far, in whole bars that hold tick ``until - 1``; what still sounds ends at ``until``.

        Where several models played it has the parts of all, on a grid that holds theirs.
        """
        scores = [stretch.score(self.metre, stretch.end) for stretch in self._earlier]
        if not scores or until > self._present.start:
            scores.append(self._present.score(self.metre, until, self._ringing(until)))
        return _widened(joined(scores) if len(scores) > 1 else scores[0])

    def window(self, start: int, until: int) -> list[Note]:
        """Return the notes that sound from tick ``start``, no more than a few bars ago, up to ``until``, cut to fit."""
        return _cut(self._rows(start, until), start, until)

    def mark(self, tick: int) -> Mark:
        """Return a place to which `take` goes back: tick ``tick`` of the model that plays, a few bars ago at most."""
        return self._mark(len(self._earlier), max(tick, self._present.start))

    def last_bars(self, bars: int, until: int) -> Take:
        """Return the last bars up to tick ``until``, the one that is going on included, by whichever models."""
        stretches = [*self._earlier, self._present]
        for number, stretch in reversed([*enumerate(stretches)]):
            size = bar_length(*self.metre, stretch.ticks_per_beat)
            end = -(-(until if stretch is self._present else stretch.end) // size)
            there = end - stretch.start // size
            if bars <= there or not number:
                break
            bars -= there
        return self.take(self._mark(number, max((end - bars) * size, stretch.start)), until)

    def _mark(self, number: int, tick: int) -> Mark:
        stretch = [*self._earlier, self._present][number]
        ended = len(stretch.notes)
        while ended and _end(stretch.notes[ended - 1]) > tick:
            ended -= 1
        return Mark(stretch, number, ended, tick)

    def take(self, mark: Mark, until: int) -> Take:
        """Return what was played from a mark up to tick ``until``; cheap, however long that is."""
        pieces = []
        for stretch in [*self._earlier, self._present][mark.number :]:
            is_first, is_last = stretch is mark.stretch, stretch is self._present
            start, ended = (mark.tick, mark.first()) if is_first else (stretch.start, 0)
            end = until if is_last else stretch.end
            rows = stretch.notes[ended:] + (self._ringing(until) if is_last else [])
            if end > start:
                pieces.append(
                    Excerpt(stretch.ticks_per_beat, stretch.parts, self.metre, rows, stretch.tempos(), start, end)
                )
        return Take(tuple(pieces))

    def _rows(self, start: int, until: int) -> list[Row]:
        rows = self._ringing(until)
        for row in reversed(self._present.notes):
            if _end(row) <= start:
                break
            rows.append(row)
        return rows

    def _ringing(self, until: int) -> list[Row]:
        return [
            (start, part, pitch, until - start, velocity)
            for (_, pitch), (start, part, velocity) in self._open.items()
            if until > start
        ]

    def tempos(self) -> tuple[Tempo, ...]:
        """Return the changes of tempo since the model that plays began, the first at its first tick."""
        return self._present.tempos()


def _end(row: Row) -> int:
    return row[0] + row[3]


def _cut(rows: Iterable[Row], start: int, until: int) -> list[Note]:
    """Return rows as notes in their order, cut to what lies from ``start`` up to ``until``."""
    cut = (
        (max(at, start), part, pitch, min(at + length, until) - max(at, start), velocity)
        for at, part, pitch, length, velocity in rows
        if at < until
    )
    return [Note(*row) for row in sorted(cut)]


def _widened(score: Score) -> Score:
    """Return the score with parts whose ranges hold all their notes: what was transposed may lie outside."""
    low: dict[int, int] = {}
    high: dict[int, int] = {}
    for note in score.notes:
        low[note.part] = min(note.pitch, low.get(note.part, note.pitch))
        high[note.part] = max(note.pitch, high.get(note.part, note.pitch))
    parts = tuple(
        replace(part, low=min(part.low, low.get(index, part.low)), high=max(part.high, high.get(index, part.high)))
        for index, part in enumerate(score.parts)
    )
    return replace(score, parts=parts)


def _tempos_from(tempos: tuple[Tempo, ...], start: int) -> tuple[Tempo, ...]:
    """Return the changes of tempo as they are from ``start`` on, which becomes tick 0."""
    before = [tempo for tempo in tempos if tempo.tick <= start]
    after = [Tempo(tempo.tick - start, tempo.bpm) for tempo in tempos if tempo.tick > start]
    return (*(Tempo(0, tempo.bpm) for tempo in before[-1:]), *after)
