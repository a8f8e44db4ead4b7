"""The score: notes on a grid of ticks, with parts, bars and tempo.

Time is counted in ticks from the start of the piece. A beat is a quarter note. Pitches are MIDI
note numbers (C4 is 60), velocities MIDI velocities (1 to 127), channels 1 to 16 as people count them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

GRIDS = (4, 12, 24)
DRUM_CHANNEL = 10


def _require(condition: bool, rule: str, value: object) -> None:
    if not condition:
        raise ValueError(f"{rule}, got {value!r}")


@dataclass(frozen=True, slots=True)
class Part:
    """A named voice of a score.

    ``low`` and ``high`` bound its pitches (both included); ``polyphony`` is the most notes it sounds
    in one tick. Notes of a ``percussive`` part are hits: they last one tick and are never held.
    """

    name: str
    low: int = 21
    high: int = 108
    channel: int = 1
    program: int = 0
    percussive: bool = False
    polyphony: int = 16

    def __post_init__(self) -> None:
        _require(
            self.name != "" and all(c.isalnum() or c in "-_" for c in self.name),
            "a part's name must be made of letters, digits, '-' and '_'",
            self.name,
        )
        _require(0 <= self.low <= self.high <= 127, "a part's range must lie in 0..127", (self.low, self.high))
        _require(1 <= self.channel <= 16, "a channel must be in 1..16", self.channel)
        _require(0 <= self.program <= 127, "a program must be in 0..127", self.program)
        _require(1 <= self.polyphony <= 128, "a part's polyphony must be in 1..128", self.polyphony)


@dataclass(frozen=True, slots=True, order=True)
class Note:
    """One note: ``start`` and ``length`` in ticks, ``part`` an index into the score's parts."""

    start: int
    part: int
    pitch: int
    length: int
    velocity: int = 80

    def __post_init__(self) -> None:
        _require(self.start >= 0, "a note's start must be 0 or more", self.start)
        _require(self.length >= 1, "a note's length must be 1 tick or more", self.length)
        _require(0 <= self.pitch <= 127, "a pitch must be in 0..127", self.pitch)
        _require(1 <= self.velocity <= 127, "a velocity must be in 1..127", self.velocity)

    @property
    def end(self) -> int:
        """First tick at which the note no longer sounds."""
        return self.start + self.length


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: its first tick, its length in ticks, and the metre written at its head.

    A pickup bar, or one that a change of metre cuts short, is shorter than its metre says.
    """

    start: int
    length: int
    numerator: int = 4
    denominator: int = 4

    def __post_init__(self) -> None:
        _require(self.length >= 1, "a bar's length must be 1 tick or more", self.length)
        _require(1 <= self.numerator <= 255, "a metre's numerator must be in 1..255", self.numerator)
        _require(
            self.denominator in (1, 2, 4, 8, 16, 32, 64), "a metre's denominator must be a power of 2", self.denominator
        )

    @property
    def end(self) -> int:
        """First tick of the next bar."""
        return self.start + self.length


@lru_cache(maxsize=65_536)
def bar_at(start: int, length: int, numerator: int, denominator: int) -> Bar:
    """Return a bar, the same object for the same numbers: the pieces of a corpus have many bars in common."""
    return Bar(start, length, numerator, denominator)


@dataclass(frozen=True, slots=True)
class Tempo:
    """From ``tick`` on, ``bpm`` quarter notes a minute."""

    tick: int
    bpm: float

    def __post_init__(self) -> None:
        _require(self.tick >= 0, "a tempo's tick must be 0 or more", self.tick)
        _require(1.0 <= self.bpm <= 6000.0, "a tempo must be in 1..6000 bpm", self.bpm)


@dataclass(frozen=True, slots=True)
class Score:
    """A piece on the grid.

    ``notes`` are sorted by start, part and pitch, and no two notes of one part and pitch overlap.
    ``bars`` follow each other without a gap from tick 0 to the end of the piece.
    """

    ticks_per_beat: int
    parts: tuple[Part, ...]
    notes: tuple[Note, ...] = ()
    bars: tuple[Bar, ...] = ()
    tempos: tuple[Tempo, ...] = field(default=(Tempo(0, 120.0),))

    def __post_init__(self) -> None:
        _require(1 <= self.ticks_per_beat <= 96, "ticks_per_beat must be in 1..96", self.ticks_per_beat)
        names = [part.name for part in self.parts]
        _require(len(set(names)) == len(names), "the parts' names must differ", names)
        _require(bool(self.tempos) and self.tempos[0].tick == 0, "a tempo must stand at tick 0", self.tempos[:1])
        self._check_bars()
        self._check_notes()

    def _check_bars(self) -> None:
        at = 0
        for bar in self.bars:
            _require(bar.start == at, f"a bar must start at tick {at}", bar.start)
            at = bar.end

    def _check_notes(self) -> None:
        sounding: dict[tuple[int, int], int] = {}
        last: Note | None = None
        for note in self.notes:
            _require(0 <= note.part < len(self.parts), f"a note's part must be in 0..{len(self.parts) - 1}", note)
            _require(last is None or last <= note, "notes must be sorted", note)
            _require(note.end <= self.length, f"a note must end by tick {self.length}", note)
            key = (note.part, note.pitch)
            _require(sounding.get(key, 0) <= note.start, "notes of one part and pitch must not overlap", note)
            sounding[key] = note.end
            last = note

    @property
    def length(self) -> int:
        """Length of the piece in ticks: the end of its last bar."""
        return self.bars[-1].end if self.bars else 0


def bar_length(numerator: int, denominator: int, ticks_per_beat: int) -> int:
    """Return the length in ticks of a bar of this metre, at least 1, rounded where the grid is too coarse."""
    return max(1, round(numerator * 4 * ticks_per_beat / denominator))


def regular_bars(length: int, ticks_per_beat: int, numerator: int = 4, denominator: int = 4) -> tuple[Bar, ...]:
    """Return the bars of one metre that cover at least ``length`` ticks (at least one bar)."""
    size = bar_length(numerator, denominator, ticks_per_beat)
    count = max(1, -(-length // size))
    return tuple(Bar(i * size, size, numerator, denominator) for i in range(count))
