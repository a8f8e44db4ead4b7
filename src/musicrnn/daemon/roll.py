"""Ticks as numbers for a piano roll: what was played, and what is made but not yet heard."""

from __future__ import annotations

from collections.abc import Iterable

from musicrnn.daemon.timeline import Made
from musicrnn.daemon.voices import velocity_of
from musicrnn.daemon.watch import Ahead, Glimpse, Surroundings
from musicrnn.models.frames import Frame, Sounding, carried

UNHEARD = 64
MOST_VALUES = 8000


def played_values(ticks: Iterable[tuple[Glimpse, Frame]]) -> tuple[int, ...]:
    """Return ticks, each with the frame before it, one after the other: tick, count, then part, pitch and velocity.

    The velocity of a note that goes on is 0; the part of one that is not heard has 64 added.
    """
    return _limited(_tick_values(glimpse.made, glimpse.around, before) for glimpse, before in ticks)


def coming_values(ahead: Ahead | None, before: Frame) -> tuple[int, ...]:
    """Return the ticks made but not yet played, as `played_values` does; ``before`` is the frame heard last."""
    if ahead is None:
        return ()
    rows: list[list[int]] = []
    for made in ahead.coming:
        rows.append(_tick_values(made, ahead.around, before))
        before = made.record.frame
    return _limited(rows)


def notes_begun(glimpse: Glimpse, before: Frame) -> int:
    """Return how many notes began in a tick, those that are not heard left out."""
    values = _tick_values(glimpse.made, glimpse.around, before)
    return sum(part < UNHEARD and velocity > 0 for part, velocity in zip(values[2::3], values[4::3], strict=True))


def _limited(rows: Iterable[list[int]]) -> tuple[int, ...]:
    values: list[int] = []
    for row in rows:
        if len(values) + len(row) > MOST_VALUES:
            break
        values += row
    return tuple(values)


def _tick_values(made: Made, around: Surroundings, before: Frame) -> list[int]:
    held = frozenset() if made.begins is not None else carried(before, around.vocabulary)
    values = [made.tick, 0]
    for note in made.record.frame:
        pitch = note.pitch + around.fence.shift(note.part)
        if around.fence.allows(note.part, pitch):
            silent = UNHEARD if note.part in around.silent else 0
            values += (note.part + silent, pitch, _velocity(note, made, around, held))
    values[1] = (len(values) - 2) // 3
    return values


def _velocity(note: Sounding, made: Made, around: Surroundings, held: frozenset[tuple[int, int]]) -> int:
    is_new = note.attack and (around.vocabulary.articulation or (note.part, note.pitch) not in held)
    if not is_new and made.begins is None:
        return 0
    return velocity_of(note, made.record.position, around.vocabulary, around.choice.velocity)
