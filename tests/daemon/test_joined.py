"""What several models played, as one score."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musicrnn.daemon.joined import FILE_GRID, common_grid, joined
from musicrnn.models.midi_write import TICKS_PER_BEAT, midi_bytes
from musicrnn.models.score import Note, Part, Score, Tempo, regular_bars

LEAD = Part("lead", 60, 72, channel=1, program=52)
OTHER = Part("lead", 60, 72, channel=1, program=0)


def score(grid: int, *parts: Part, bars: int = 1, bpm: float = 120.0) -> Score:
    """Return bars with a note a part at the head of the first, one beat long."""
    notes = tuple(Note(0, index, part.low, grid) for index, part in enumerate(parts))
    return Score(grid, parts, notes, regular_bars(bars * 4 * grid, grid), (Tempo(0, bpm),))


def test_each_begins_where_the_one_before_ends_on_a_grid_that_holds_both() -> None:
    """Four ticks a beat and then three: twelve."""
    found = joined([score(4, LEAD, bars=2), score(3, LEAD)])
    assert (found.ticks_per_beat, found.parts) == (12, (LEAD,))
    assert found.notes == (Note(0, 0, 60, 12), Note(96, 0, 60, 12))
    assert found.bars == regular_bars(144, 12)


def test_a_part_of_the_same_name_that_is_another_gets_a_number() -> None:
    """And the same one, when it is back, its old place."""
    found = joined([score(4, LEAD), score(4, OTHER), score(4, LEAD), score(4, OTHER)])
    assert found.parts == (LEAD, dataclasses.replace(OTHER, name="lead-2"))
    assert [note.part for note in found.notes] == [0, 1, 0, 1]


def test_a_tempo_is_written_where_it_changes() -> None:
    """Not again at each model."""
    found = joined([score(4, LEAD), score(12, LEAD), score(4, LEAD, bpm=90.0)])
    assert found.tempos == (Tempo(0, 120.0), Tempo(96, 90.0))


@pytest.mark.parametrize(
    ("grids", "common"), [((7,), 7), ((4, 24), 24), ((16, 12), 48), ((7, 4), None), ((5, 64), None)]
)
def test_a_common_grid_is_one_that_a_file_can_have(grids: tuple[int, ...], common: int | None) -> None:
    """At most 96 ticks a beat, and a divisor of 480."""
    assert common_grid(grids) == common
    assert FILE_GRID == TICKS_PER_BEAT


def test_grids_without_a_common_one_are_refused() -> None:
    """Sevenths beside quarters."""
    with pytest.raises(ValueError, match=r"common one, got \[7, 4\]"):
        joined([score(7, LEAD), score(4, LEAD)])


@given(st.lists(st.tuples(st.sampled_from([4, 12, 24]), st.sampled_from([LEAD, OTHER])), min_size=1, max_size=5))
def test_nothing_is_lost_and_the_whole_can_be_written(kinds: list[tuple[int, Part]]) -> None:
    """As many notes and bars as there were."""
    scores = [score(grid, part) for grid, part in kinds]
    found = joined(scores)
    assert len(found.notes) == len(found.bars) == len(scores)
    assert midi_bytes(found)
