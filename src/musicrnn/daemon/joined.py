"""Several scores, one after the other, as one: what several models played in one session."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

from musicrnn.models.score import Bar, Note, Part, Score, Tempo

FINEST = 96
FILE_GRID = 480  # of the MIDI files that midi_write makes; importing it would take long


def common_grid(grids: Sequence[int]) -> int | None:
    """Return the ticks a beat of the coarsest grid that holds all of these; None where no file can have it.

    One grid alone is always good. Of several the common one has at most 96 ticks a beat and divides a MIDI file's 480.
    """
    grid = math.lcm(*grids)
    if len(set(grids)) > 1 and (grid > FINEST or FILE_GRID % grid):
        return None
    return grid


def joined(scores: Sequence[Score]) -> Score:
    """Return the scores as one, each beginning where the one before ends; ValueError where no grid holds them all.

    Parts that are the same in every respect are one part; of others with the same name the later ones get a number.
    """
    grid = common_grid([score.ticks_per_beat for score in scores])
    if grid is None:
        raise ValueError(f"the grids must have a common one, got {[score.ticks_per_beat for score in scores]}")
    parts: list[Part] = []
    notes: list[Note] = []
    bars: list[Bar] = []
    tempos: list[Tempo] = []
    for score in scores:
        at, by = bars[-1].end if bars else 0, grid // score.ticks_per_beat
        places = [_place(part, parts) for part in score.parts]
        bars += [Bar(at + bar.start * by, bar.length * by, bar.numerator, bar.denominator) for bar in score.bars]
        notes += [_moved(note, at, by, places) for note in score.notes]
        tempos += [Tempo(at + tempo.tick * by, tempo.bpm) for tempo in score.tempos]
    return Score(grid, tuple(parts), tuple(sorted(notes)), tuple(bars), _changes(tempos))


def _place(part: Part, parts: list[Part]) -> int:
    """Return the index of a part among the others, adding it where it is new."""
    names = {other.name for other in parts}
    for number in range(1, len(parts) + 2):
        name = part.name if number == 1 else f"{part.name}-{number}"
        named = dataclasses.replace(part, name=name)
        if named in parts:
            return parts.index(named)
        if name not in names:
            break
    parts.append(named)
    return len(parts) - 1


def _moved(note: Note, at: int, by: int, places: Sequence[int]) -> Note:
    return Note(at + note.start * by, places[note.part], note.pitch, note.length * by, note.velocity)


def _changes(tempos: Sequence[Tempo]) -> tuple[Tempo, ...]:
    """Return the tempos that differ from the one before them; of those of one tick the last holds."""
    changes: list[Tempo] = []
    for tick, bpm in {tempo.tick: tempo.bpm for tempo in tempos}.items():
        if not changes or changes[-1].bpm != bpm:
            changes.append(Tempo(tick, bpm))
    return tuple(changes)
