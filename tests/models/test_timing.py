"""Positions in beat and bar, and the anchored tempo line."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musicrnn.models.score import Bar
from musicrnn.models.timing import Position, TempoLine, metre_class, position, position_rows, positions


def test_positions_count_ticks_and_beats_of_each_bar() -> None:
    """A bar of 3/4 on a grid of 4 has three beats of four ticks, and the next bar begins again."""
    bars = (Bar(0, 12, 3, 4), Bar(12, 12, 3, 4))
    assert [place[:2] for place in positions(bars, 4)][10:14] == [(2, 2), (3, 2), (0, 0), (1, 0)]


def test_a_pickup_counts_towards_the_bar_line_that_follows() -> None:
    """A first bar of one beat in 4/4 stands on the fourth beat."""
    assert position(0, Bar(0, 4, 4, 4), 4) == Position(0, 3, 4)


def test_compound_metres_are_told_from_simple_ones_of_the_same_length() -> None:
    """6/8 and 3/4 last as long, and are not the same metre."""
    assert metre_class(6, 8) != metre_class(3, 4)


@pytest.mark.parametrize(
    ("numerator", "denominator", "number"),
    [
        (4, 4, 4),
        (3, 4, 3),
        (6, 4, 6),
        (7, 8, 4),
        (1, 8, 1),
        (3, 8, 2),
        (6, 8, 19),
        (12, 8, 22),
        (9, 16, 19),
        (40, 4, 16),
    ],
)
def test_a_metre_is_its_length_in_beats_and_sixteen_more_where_they_divide_in_three(
    numerator: int, denominator: int, number: int
) -> None:
    """Rounded up, 16 at most; a bar of three eighths is too short to be two beats of three."""
    assert metre_class(numerator, denominator) == number


def test_only_the_first_bar_can_be_a_pickup() -> None:
    """One that is cut short later begins at its beginning; a very long one ends on its sixteenth beat."""
    assert position(0, Bar(16, 4, 4, 4), 4) == Position(0, 0, 4)
    assert [position(tick, Bar(0, 80, 20, 4), 4).beat for tick in (59, 60, 79)] == [14, 15, 15]
    bars = (Bar(0, 4, 4, 4), Bar(4, 80, 20, 4), Bar(84, 4, 4, 4))
    assert [tuple(row) for row in position_rows(bars, 4).tolist()] == positions(bars, 4)


def test_a_tempo_must_be_above_nothing() -> None:
    """Or a tick would never come."""
    line = TempoLine(4, 60.0)
    with pytest.raises(ValueError, match="above 0 bpm, got 0"):
        line.bend(4, 0.0)


def test_before_its_first_tick_a_line_goes_on_as_from_there() -> None:
    """A bend right there takes its place."""
    line = TempoLine(4, 60.0, 8, 10.0)
    assert (line.seconds_at(4), line.tick_at(9.0)) == (9.0, 4.0)
    line.bend(16, 30.0)
    assert (line.seconds_at(4), line.tick_at(9.0)) == (9.0, 4.0)
    line.bend(8, 120.0)
    assert (line.seconds_at(12), line.tick_at(11.0)) == (10.5, 16.0)


@given(
    st.lists(st.tuples(st.integers(1, 500), st.floats(20, 999)), max_size=6),
    st.floats(20, 999),
    st.sampled_from((4, 12, 24)),
)
def test_ticks_come_back_from_their_seconds(bends: list[tuple[int, float]], bpm: float, ticks_per_beat: int) -> None:
    """seconds_at and tick_at are inverse over any bends, and time never goes back."""
    line = TempoLine(ticks_per_beat, bpm)
    at = 0
    for distance, tempo in bends:
        at += distance
        line.bend(at, tempo)
    moments = [line.seconds_at(tick) for tick in range(at + 50)]
    assert all(a < b for a, b in pairwise(moments))
    assert [round(line.tick_at(moment)) for moment in moments] == [*range(at + 50)]


def test_a_bend_forgets_later_ones_and_keeps_the_past() -> None:
    """A new tempo at a tick holds from there on; what came before stays where it was."""
    line = TempoLine(4, 60.0)
    line.bend(8, 120.0)
    line.bend(16, 30.0)
    line.bend(8, 240.0)
    assert line.seconds_at(8) == 2.0
    assert line.seconds_at(24) == pytest.approx(3.0)


def test_nothing_adds_up_over_a_day() -> None:
    """Tick n lies at n ticks' worth of seconds, to a microsecond, after 24 hours at 24 ticks a beat."""
    line = TempoLine(24, 120.0)
    tick = 24 * 2 * 86_400
    assert line.seconds_at(tick) == pytest.approx(86_400.0, abs=1e-6)
