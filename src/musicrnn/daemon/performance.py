"""Playing in ticks: deterministic, and the same live and in a replay.

Nothing here knows of seconds. What happens depends only on the operations and the ticks at which they
come, so a session log that holds those replays to the same notes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from musicrnn.daemon.ledger import Ledger, NoteEvent
from musicrnn.daemon.recording import Recording
from musicrnn.daemon.timeline import Begin, Made, Point, Timeline
from musicrnn.daemon.voices import channel_of, velocity_of
from musicrnn.models.frames import Sounding, carried
from musicrnn.models.generator import Choice, Generator, TickRecord
from musicrnn.models.score import Bar, bar_length
from musicrnn.models.timing import Position, position
from musicrnn.models.tokens import sustained

MAX_FAILURES = 8
LONGEST_NOTE_BARS = 8


class Performance:
    """Makes and plays the ticks of one session, one after the other."""

    def __init__(self, generator: Generator, choice: Choice, recording: Recording) -> None:
        self.generator = generator
        self.vocabulary = generator.vocabulary
        self.recording = recording
        self.ledger = Ledger()
        self.muted: set[int] = set()
        self.tick = 0
        self.begin: Begin | None = None
        self.forced: dict[int, str] = {}
        self._choice = choice
        numerator, denominator = recording.metre
        self.bar_ticks = bar_length(numerator, denominator, self.vocabulary.ticks_per_beat)
        self._bar = Bar(0, self.bar_ticks, numerator, denominator)
        self.timeline = Timeline(Point(generator.begin()), self.bar_ticks)

    @property
    def choice(self) -> Choice:
        """How tokens are chosen from the next tick on."""
        return self._choice

    @choice.setter
    def choice(self, choice: Choice) -> None:
        self._choice = choice
        self.timeline.cut()

    def next_bar(self, tick: int | None = None) -> int:
        """Return the first tick from ``tick`` on at which a bar begins; of those not yet played where none is given."""
        return -(-(self.tick if tick is None else tick) // self.bar_ticks) * self.bar_ticks

    def position(self, tick: int) -> Position:
        """Return where a tick stands in its bar."""
        return position(tick % self.bar_ticks, self._bar, self.vocabulary.ticks_per_beat)

    def begin_at(self, begin: Begin | None) -> None:
        """Let a piece begin at a tick, in place of one that was to begin before."""
        self.begin = begin
        self.timeline.cut()

    def make(self) -> None:
        """Make one more tick of the future."""
        tick = self.tick + len(self.timeline.future)
        point = self.timeline.last
        begin = self.begin
        if begin is not None and (tick < begin.tick or any(made.begins for made in self.timeline.future)):
            begin = None
        if begin is not None:
            point = Point(begin.snapshot, tick if begin.kind == "start" else point.origin)
        self.timeline.future.append(self._made(tick, point, begin))

    def _made(self, tick: int, point: Point, begins: Begin | None) -> Made:
        if point.over:
            return Made(tick, TickRecord(tick, self.position(tick), (), (), (), point.snapshot), point)
        forced = self.forced.get(tick)
        if forced is not None:
            return self._substitute(tick, point, begins, forced, "as in the session")
        try:
            record = self._model_tick(tick, point)
        except Exception as error:  # noqa: BLE001  whatever a model does, the music goes on
            failure = "reset" if point.failures + 1 >= MAX_FAILURES else "rest"
            return self._substitute(tick, point, begins, failure, f"{type(error).__name__}: {error}"[:200])
        return Made(tick, record, Point(record.after, point.origin, record.ended), begins)

    def _model_tick(self, tick: int, point: Point) -> TickRecord:
        place = tick - point.origin
        where = self.position(tick)
        record = self.generator.tick(place, place // self.bar_ticks, where, self._choice, point.snapshot)
        if not np.isfinite(record.after.network).all():
            raise FloatingPointError("the network's state must be finite")
        return record

    def _substitute(self, tick: int, point: Point, begins: Begin | None, failure: str, error: str) -> Made:
        """Stand in for a tick that the model did not make: what sounds goes on, or after many failures all ends."""
        if failure == "reset":
            after = self.generator.begin()
            failures = 0
        else:
            frame = sustained(point.snapshot.frame, self.vocabulary)
            after = point.snapshot._replace(frame=frame)
            failures = point.failures + 1
        record = TickRecord(tick, self.position(tick), after.frame, (), (), after)
        return Made(tick, record, Point(after, point.origin, False, failures), begins, failure, error)

    def play(self) -> tuple[Made, list[NoteEvent]]:
        """Play the next tick, making it if need be; return it and its note events, the ends first."""
        if not self.timeline.future:
            self.make()
        before = carried(self.timeline.point.snapshot.frame, self.vocabulary)
        made = self.timeline.play()
        if made.begins:
            self.begin = None
        events = self._ends(made) + self._begins(made, frozenset() if made.begins else before)
        events.sort(key=lambda event: event.velocity > 0)
        self.recording.add(self.tick, events)
        self.tick += 1
        return made, events

    def _ends(self, made: Made) -> list[NoteEvent]:
        kept = frozenset() if made.begins else carried(made.record.frame, self.vocabulary)
        gone = [pair for pair in self.ledger.sounding() if pair not in kept or pair[0] in self.muted]
        return self.ledger.end_all(gone) + self.ledger.end_all(self._too_old(self.tick))

    def _too_old(self, tick: int) -> list[tuple[int, int]]:
        """Return the (part, pitch) pairs that at ``tick`` have sounded for as long as any may."""
        return self.ledger.older_than(tick - LONGEST_NOTE_BARS * self.bar_ticks + 1)

    def _begins(self, made: Made, before: frozenset[tuple[int, int]]) -> list[NoteEvent]:
        return [
            event
            for note in made.record.frame
            if note.part not in self.muted and self._is_new(note, made.begins is not None, before)
            for event in self._begin_note(note, made.record.position)
        ]

    def _is_new(self, note: Sounding, begins: bool, before: frozenset[tuple[int, int]]) -> bool:
        """Tell whether a note is struck: attacked, or held over from the prime when the piece begins."""
        if begins:
            return True
        return note.attack and (self.vocabulary.articulation or (note.part, note.pitch) not in before)

    def _begin_note(self, note: Sounding, where: Position) -> Iterator[NoteEvent]:
        velocity = velocity_of(note, where, self.vocabulary)
        channel = channel_of(self.vocabulary.parts[note.part])
        return self.ledger.begin(note.part, channel, note.pitch, velocity, self.tick)

    def mute(self, part: int, muted: bool) -> None:
        """Silence a part, or let it be heard again, from the next tick on."""
        if muted:
            self.muted.add(part)
        else:
            self.muted.discard(part)

    def release_all(self) -> list[NoteEvent]:
        """End all that sounds, as of the next tick; what the model holds is heard again with its next attack."""
        return self._released(self.ledger.end_all())

    def skip_to(self, tick: int) -> list[NoteEvent]:
        """Leave out the ticks up to ``tick``: nothing is played in them, hits end, and what is not too old goes on."""
        hits = [pair for pair in self.ledger.sounding() if self.vocabulary.parts[pair[0]].percussive]
        events = self._released(self.ledger.end_all(hits + self._too_old(tick)))
        self.timeline.cut()
        self.tick = tick
        if self.begin is not None and self.begin.tick < tick:
            self.begin = replace(self.begin, tick=self.next_bar())
        return events

    def _released(self, events: list[NoteEvent]) -> list[NoteEvent]:
        self.recording.add(self.tick, events)
        return events
