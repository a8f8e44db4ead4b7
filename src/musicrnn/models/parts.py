"""Tracks on the grid to the parts of scores."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from musicrnn.config.corpus import PartRule
from musicrnn.models.grid_piece import GridNotes, GridPiece, GridTrack, note_rows
from musicrnn.models.part_plan import DRUMS, PartPlan, takes_drums
from musicrnn.models.score import DRUM_CHANNEL, Part, Score
from musicrnn.models.score_rows import ScoreRows

MOST_POLYPHONY = 16
_MELODIC_CHANNELS = tuple(channel for channel in range(1, 17) if channel != DRUM_CHANNEL)


@dataclass(frozen=True, slots=True)
class Assigned:
    """What giving tracks to parts left out or changed.

    ``unisons`` are notes that struck the same pitch of the same part in the same tick as another and
    were merged with it; ``cut_short`` ended early because their pitch was struck again.
    """

    unisons: int = 0
    cut_short: int = 0
    out_of_range: int = 0
    tracks_left_out: tuple[str, ...] = ()
    notes_left_out: int = 0


def discover_parts(pieces: Iterable[GridPiece], plan: PartPlan) -> tuple[Part, ...]:
    """Return the parts of a plan with the range, polyphony and program that the corpus gives them.

    Parts that no piece has a note for are left out, unless the files declare them. The pieces are gone through once.
    """
    found = {name: _Found() for name in plan.names}
    for piece in pieces:
        by_name = _by_part(piece, plan)
        for name in plan.names:
            if plan.kind == "declared":
                found[name].declare(next(part for part in piece.declared if part.name == name))
            if name in by_name:
                rule = _rule(plan, name)
                percussive = found[name].percussive(name, rule)
                found[name].add(_renumbered(by_name[name], rule), percussive)
    if plan.kind == "declared":
        return tuple(found[name].widened() for name in plan.names)
    present = [name for name in plan.names if found[name].programs]
    channels = _channels([_rule(plan, name) for name in present])
    return tuple(found[name].part(name, _rule(plan, name), next(channels)) for name in present)


@dataclass(slots=True)
class _Found:
    """What a corpus has for one part, gathered piece by piece; ``polyphony`` is held to 16."""

    low: int = 127
    high: int = 0
    polyphony: int = 1
    programs: Counter[int] = field(default_factory=Counter)
    declared: Part | None = None

    def add(self, tracks: Sequence[GridTrack], percussive: bool) -> None:
        """Take one piece's tracks for the part into account."""
        rows = settled(tracks, percussive)[0]
        self.low, self.high = min(self.low, int(rows[:, 2].min())), max(self.high, int(rows[:, 2].max()))
        self.polyphony = min(max(self.polyphony, most_at_once(rows)), MOST_POLYPHONY)
        self.programs.update(track.program for track in tracks)

    def declare(self, part: Part) -> None:
        """Take one file's declaration of the part into account: the first one's facts, the widest range."""
        first = self.declared or part
        self.declared = replace(
            first,
            low=min(first.low, part.low),
            high=max(first.high, part.high),
            polyphony=max(first.polyphony, part.polyphony),
        )

    def percussive(self, name: str, rule: PartRule | None) -> bool:
        """Tell whether the part's notes are hits."""
        if self.declared is not None:
            return self.declared.percussive
        return takes_drums(rule) if rule is not None else name == DRUMS

    def widened(self) -> Part:
        """Return one part that covers the declarations of all files and what they hold besides."""
        part = self.declared
        if part is None:
            raise ValueError("a part must be declared by a file, got none")
        if not self.programs:
            return part
        return replace(
            part,
            low=min(part.low, self.low),
            high=max(part.high, self.high),
            polyphony=max(part.polyphony, self.polyphony),
        )

    def part(self, name: str, rule: PartRule | None, channel: int) -> Part:
        """Return the part as it was found, with what its rule gives."""
        percussive = self.percussive(name, rule)
        part = Part(
            name,
            self.low,
            self.high,
            DRUM_CHANNEL if percussive else channel,
            self.programs.most_common(1)[0][0],
            percussive,
            self.polyphony,
        )
        return part if rule is None else _as_ruled(part, rule)


def assign(piece: GridPiece, plan: PartPlan, parts: Sequence[Part]) -> tuple[Score, Assigned]:
    """Return the piece as a score of these parts, and what was left out or changed on the way."""
    rows, assigned = assign_rows(piece, plan, parts)
    return rows.score, assigned


def assign_rows(piece: GridPiece, plan: PartPlan, parts: Sequence[Part]) -> tuple[ScoreRows, Assigned]:
    """Return the piece as :func:`assign` does, its notes as rows."""
    by_name = _by_part(piece, plan)
    found: list[GridNotes] = []
    unisons = cut = outside = 0
    for index, part in enumerate(parts):
        if part.name not in by_name:
            continue
        mine = _renumbered(by_name.pop(part.name), _rule(plan, part.name))
        rows, merged, shortened = settled(mine, part.percussive)
        inside = (rows[:, 2] >= part.low) & (rows[:, 2] <= part.high)
        outside += int((~inside).sum())
        unisons, cut = unisons + merged, cut + shortened
        found.append(_of_part(index, rows[inside]))
    taken = {id(track) for name in by_name for track in by_name[name]}
    left = [track for track in piece.tracks if plan.part_of(piece, track) is None or id(track) in taken]
    frame = Score(piece.ticks_per_beat, tuple(parts), (), piece.bars, piece.tempos)
    labels = tuple(f"{track.number}:{track.channel} {track.name}".rstrip() for track in left)
    return ScoreRows(frame, _notes(found)), Assigned(
        unisons, cut, outside, labels, sum(len(track.notes) for track in left)
    )


def _notes(found: Sequence[GridNotes]) -> GridNotes:
    """Return rows of a score in their order: by start, part and pitch."""
    rows = np.concatenate([np.zeros((0, 5), dtype=np.int32), *found])
    return rows[np.lexsort((rows[:, 2], rows[:, 1], rows[:, 0]))]


def _of_part(index: int, notes: GridNotes) -> GridNotes:
    """Return notes (start, length, pitch, velocity) as rows of a score (start, part, pitch, length, velocity)."""
    rows = np.empty((len(notes), 5), np.int32)
    rows[:, 0], rows[:, 1], rows[:, 2:] = notes[:, 0], index, notes[:, [2, 1, 3]]
    return rows


def settled(tracks: Sequence[GridTrack], percussive: bool) -> tuple[GridNotes, int, int]:
    """Return the notes of one part's tracks without collisions, how many were merged, and how many cut short.

    Of the notes of one pitch that start together the longest is kept (the louder of two as long); a note still
    sounding when its pitch is struck again ends there.
    """
    rows = np.concatenate([track.notes for track in tracks]) if tracks else note_rows([])
    rows = rows[np.lexsort((-rows[:, 3], -rows[:, 1], rows[:, 0], rows[:, 2]))].copy()
    if percussive:
        rows[:, 1] = 1
    same = (np.diff(rows[:, 2]) == 0) & (np.diff(rows[:, 0]) == 0)
    rows = rows[np.concatenate([[True], ~same])] if len(rows) else rows
    room = np.where(np.diff(rows[:, 2]) == 0, np.diff(rows[:, 0]), np.iinfo(np.int32).max)
    cut = rows[:-1, 1] > room
    rows[:-1, 1] = np.minimum(rows[:-1, 1], room)
    return rows, int(same.sum()), int(cut.sum())


def most_at_once(rows: GridNotes) -> int:
    """Return the most notes that sound in one tick."""
    if not len(rows):
        return 0
    times = np.concatenate([rows[:, 0], rows[:, 0] + rows[:, 1]])
    change = np.concatenate([np.ones(len(rows), np.int64), -np.ones(len(rows), np.int64)])
    return int(np.cumsum(change[np.lexsort((change, times))]).max())


def _by_part(piece: GridPiece, plan: PartPlan) -> dict[str, list[GridTrack]]:
    found: dict[str, list[GridTrack]] = {}
    for track in piece.tracks:
        name = plan.part_of(piece, track)
        if name is not None:
            found.setdefault(name, []).append(track)
    return found


def _rule(plan: PartPlan, name: str) -> PartRule | None:
    return next((rule for rule in plan.rules if rule.name == name), None)


def _renumbered(tracks: list[GridTrack], rule: PartRule | None) -> list[GridTrack]:
    """Return the tracks with the pitches that the rule reads as others."""
    if rule is None or not rule.notes:
        return tracks
    table = np.arange(128, dtype=np.int32)
    for pitch, other in rule.note_map().items():
        table[pitch] = other
    return [replace(track, notes=_with_pitches(track.notes, table)) for track in tracks]


def _with_pitches(notes: GridNotes, table: np.ndarray) -> GridNotes:
    rows = notes.copy()
    rows[:, 2] = table[rows[:, 2]]
    return rows


def _channels(rules: Sequence[PartRule | None]) -> Iterator[int]:
    """Yield the channel of each melodic part that asks for none: the first free ones, drums' left out."""
    asked = {rule.channel for rule in rules if rule is not None}
    free = [channel for channel in _MELODIC_CHANNELS if channel not in asked] or list(_MELODIC_CHANNELS)
    at = 0
    while True:
        yield free[at % len(free)]
        at += 1


def _as_ruled(part: Part, rule: PartRule) -> Part:
    """Return the part with the range, channel and program that the rule gives, where it gives one."""
    return replace(
        part,
        low=rule.low if rule.low > 0 else min(part.low, rule.high),
        high=rule.high if rule.high < 127 else max(part.high, rule.low),
        channel=rule.channel or part.channel,
        program=rule.program if rule.program >= 0 else part.program,
    )
