"""Bars from time signatures and back."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from musicrnn.models.bar_lines import Metre, bars_until, metres_of, nearest
from musicrnn.models.score import Bar
from tests.models.whole_scores import metres


def test_without_a_time_signature_bars_are_in_common_time() -> None:
    """And the last bar is completed."""
    assert bars_until(17, [], 4) == (Bar(0, 16), Bar(16, 16))


def test_a_change_of_metre_inside_a_bar_cuts_it_short() -> None:
    """Nothing is cut off the piece: the new bar begins there."""
    assert bars_until(20, [(0, 4, 4), (10, 3, 4)], 4) == (Bar(0, 10), Bar(10, 12, 3, 4))


def test_a_pickup_is_a_bar_of_its_own() -> None:
    """As notation programs write it: 1/4, then 4/4 a beat later."""
    assert bars_until(5, [(0, 1, 4), (4, 4, 4)], 4) == (Bar(0, 4, 1, 4), Bar(4, 16))


def test_a_metre_after_the_last_note_cuts_the_last_bar() -> None:
    """So a last bar cut short can be told."""
    assert bars_until(5, [(0, 4, 4), (12, 4, 4)], 4) == (Bar(0, 12),)


def test_metres_whose_bars_are_no_whole_ticks_do_not_drift() -> None:
    """5/32 is two and a half ticks on a grid of four; ten bars are 25 ticks."""
    bars = bars_until(25, [(0, 5, 32)], 4)
    assert [bar.length for bar in bars] == [3, 2] * 5


def test_of_several_metres_in_one_tick_the_last_holds() -> None:
    """Files repeat them in each track."""
    assert bars_until(1, [(0, 4, 4), (0, 3, 4)], 4) == (Bar(0, 12, 3, 4),)


def test_positions_go_to_the_nearest_tick_and_a_half_up() -> None:
    """In whole numbers, so that nothing drifts."""
    assert [nearest(position, 480, 4) for position in (0, 59, 60, 61, 179, 180)] == [0, 0, 1, 1, 1, 2]


def test_a_time_signature_on_a_bar_line_decides_which_bars_are_longer() -> None:
    """11/32 at a grid of four is five and a half ticks: 6, 5, 6, 5 from each place where it is written."""
    bars = bars_until(23, [(0, 11, 32), (6, 11, 32)], 4)
    assert [bar.length for bar in bars] == [6, 6, 5, 6]
    assert bars_until(23, metres_of(bars, 4), 4) == bars


@given(metres(200), st.integers(1, 200), st.sampled_from((4, 12, 24)))
def test_bars_come_back_from_their_time_signatures(signs: list[Metre], end: int, grid: int) -> None:
    """What was read once is read again, whatever was cut."""
    bars = bars_until(end, signs, grid)
    assert bars_until(bars[-1].end, metres_of(bars, grid), grid) == bars


@given(metres(200), st.integers(1, 200), st.sampled_from((4, 12, 24)))
def test_bars_follow_each_other_without_a_gap(signs: list[Metre], end: int, grid: int) -> None:
    """From 0 to the bar of the last tick."""
    bars = bars_until(end, signs, grid)
    assert bars[0].start == 0
    assert all(bar.end == following.start for bar, following in pairwise(bars))
    assert bars[-1].end >= end
