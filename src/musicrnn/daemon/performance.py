"""Playing in ticks: deterministic, and the same live and in a replay.

Nothing here knows of seconds. What happens depends only on the operations and the ticks at which they
come, so a session log that holds those replays to the same notes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from musicrnn.config.controls import ControlValue
from musicrnn.daemon.ledger import Ledger, NoteEvent
from musicrnn.daemon.recording import Recording
from musicrnn.daemon.steering import OF_SILENCE, changed
from musicrnn.daemon.timeline import Begin, Made, Point, Timeline
from musicrnn.daemon.voices import channel_of, velocity_of
from musicrnn.daemon.watch import Surroundings
from musicrnn.errors import ControlError
from musicrnn.models.fence import Fence
from musicrnn.models.frames import Sounding, carried
from musicrnn.models.generator import Choice, Generator, TickRecord
from musicrnn.models.score import Bar, bar_length
from musicrnn.models.timing import Position, position
from musicrnn.models.tokens import sustained
from musicrnn.models.watchdog import Quiet

MAX_FAILURES = 8
LONGEST_NOTE_BARS = 8


class Performance:
    """Makes and plays the ticks of one session, one after the other.

    ``mutes`` and ``solos`` are names of parts, also of such as only other models of the session have.
    """

    def __init__(self, generator: Generator, choice: Choice, recording: Recording) -> None:
        self.generator = generator
        self.vocabulary = generator.vocabulary
        self.recording = recording
        self.ledger = Ledger()
        self.mutes: set[str] = set()
        self.solos: set[str] = set()
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
        if replace(self._choice, velocity=choice.velocity) != choice:
            self.timeline.cut()
        self._choice = choice

    @property
    def fence(self) -> Fence:
        """What may sound."""
        return self.generator.fence(self._choice.limits)

    def steer(self, name: str, value: ControlValue, part: str = "") -> None:
        """Give a control a value that it has checked, from the next tick on; tempo and offset are for others.

        Raises ControlError where the model has no such part.
        """
        if name in OF_SILENCE:
            self._check_part(part)
            names = self.mutes if name == "mute" else self.solos
            (names.add if value else names.discard)(part)
            return
        if part:
            self._check_part(part)
        self.choice = changed(self._choice, name, value, part)

    @property
    def surroundings(self) -> Surroundings:
        """Through what the next tick is heard."""
        return Surroundings(self.vocabulary, self._choice, self.fence, frozenset(self.silent))

    def part_values(self) -> dict[str, dict[str, int]]:
        """Return for each control of parts the value of each part."""
        parts = self.vocabulary.parts
        ranges = {part.name: self._choice.limits.range_of(part.name) for part in parts}
        return {
            "mute": {part.name: int(part.name in self.mutes) for part in parts},
            "solo": {part.name: int(part.name in self.solos) for part in parts},
            "low": {name: bounds.low for name, bounds in ranges.items()},
            "high": {name: bounds.high for name, bounds in ranges.items()},
        }

    def _check_part(self, part: str) -> None:
        names = [one.name for one in self.vocabulary.parts]
        if part not in names:
            raise ControlError(f"a part must be one of {', '.join(names)}, got {part!r}")

    @property
    def muted(self) -> set[int]:
        """Parts that are muted."""
        return self._numbers(self.mutes)

    @property
    def silent(self) -> set[int]:
        """Parts that are not heard: the muted ones and, where some are soloed, all but those."""
        soloed = self._numbers(self.solos)
        if not soloed:
            return self.muted
        return self.muted | (set(range(len(self.vocabulary.parts))) - soloed)

    def _numbers(self, names: set[str]) -> set[int]:
        return {index for index, part in enumerate(self.vocabulary.parts) if part.name in names}

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
        quiet = self._quiet(record, point, begins is not None)
        return Made(tick, record, Point(record.after, point.origin, record.ended, quiet=quiet), begins)

    def _model_tick(self, tick: int, point: Point) -> TickRecord:
        place = tick - point.origin
        where = self.position(tick)
        choice = self._choice.eased(point.quiet.ease)
        record = self.generator.tick(place, place // self.bar_ticks, where, choice, point.snapshot)
        if not np.isfinite(record.after.network).all():
            raise FloatingPointError("the network's state must be finite")
        return record

    def _quiet(self, record: TickRecord, point: Point, begins: bool) -> Quiet:
        """Return how quiet it is after a tick; who turns the density below 0, or the polyphony low, wants few notes."""
        if self._choice.density < 0:
            return Quiet()
        before = carried(point.snapshot.frame, self.vocabulary)
        struck = any(self._is_new(note, begins, before) for note in record.frame)
        longest = LONGEST_NOTE_BARS * self.bar_ticks
        most = min(self._choice.limits.polyphony, self.vocabulary.max_polyphony)
        return self._choice.watchdog.within(most).after(
            point.quiet, len(record.frame), struck=struck, bar_ticks=self.bar_ticks, longest=longest
        )

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
        return Made(tick, record, Point(after, point.origin, False, failures, point.quiet), begins, failure, error)

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
        silent, fence = self.silent, self.fence
        gone = [
            pair
            for pair, heard in self.ledger.heard().items()
            if pair not in kept or pair[0] in silent or not fence.allows(pair[0], heard)
        ]
        return self.ledger.end_all(gone) + self.ledger.end_all(self._too_old(self.tick))

    def _too_old(self, tick: int) -> list[tuple[int, int]]:
        """Return the (part, pitch) pairs that at ``tick`` have sounded for as long as any may."""
        return self.ledger.older_than(tick - LONGEST_NOTE_BARS * self.bar_ticks + 1)

    def _begins(self, made: Made, before: frozenset[tuple[int, int]]) -> list[NoteEvent]:
        silent, fence = self.silent, self.fence
        return [
            event
            for note in made.record.frame
            if note.part not in silent and self._is_new(note, made.begins is not None, before)
            if fence.allows(note.part, note.pitch + fence.shift(note.part))
            for event in self._begin_note(note, made.record.position)
        ]

    def _is_new(self, note: Sounding, begins: bool, before: frozenset[tuple[int, int]]) -> bool:
        """Tell whether a note is struck: attacked, or held over from the prime when the piece begins."""
        if begins:
            return True
        return note.attack and (self.vocabulary.articulation or (note.part, note.pitch) not in before)

    def _begin_note(self, note: Sounding, where: Position) -> Iterator[NoteEvent]:
        velocity = velocity_of(note, where, self.vocabulary, self._choice.velocity)
        channel = channel_of(self.vocabulary.parts[note.part])
        shift = self.fence.shift(note.part)
        return self.ledger.begin(note.part, channel, note.pitch, velocity, self.tick, shift=shift)

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
