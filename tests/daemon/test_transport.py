"""Deadlines lie on an anchored line; what is late is skipped, and with more room the later it gets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musicrnn.daemon.transport import START_DELAY_SECONDS, Transport


def transport(bpm: float = 120.0, grid: int = 12) -> Transport:
    """Return one whose tick 0 is due at 100 s."""
    line = Transport(grid, bpm)
    line.anchor(0, 100.0 - START_DELAY_SECONDS)
    return line


def test_ticks_are_due_at_equal_distances_from_the_anchor() -> None:
    """Half a second a beat; a day later still to the microsecond."""
    line = transport()
    assert line.due(0) == 100.0
    assert line.due(12) == pytest.approx(100.5, abs=1e-9)
    assert line.due(12 * 2 * 86_400) == pytest.approx(100.0 + 86_400, abs=1e-6)


def test_a_tempo_change_bends_the_line_and_breaks_nothing() -> None:
    """The tick of the change stays where it was."""
    line = transport()
    line.bend(24, 60.0)
    assert line.due(24) == pytest.approx(101.0)
    assert line.due(36) == pytest.approx(102.0)


@given(st.lists(st.tuples(st.integers(1, 200), st.floats(20, 999)), max_size=30))
def test_time_never_goes_back_over_any_changes_of_tempo(changes: list[tuple[int, float]]) -> None:
    """Each bend at a later tick."""
    line, tick, moments = transport(), 0, [100.0]
    for ahead, bpm in changes:
        tick += ahead
        line.bend(tick, bpm)
        moments += [line.due(tick), line.due(tick + 1)]
    assert moments == sorted(moments)


@pytest.mark.parametrize(
    ("bpm", "grid", "seconds"),
    [(120.0, 12, 0.05), (20.0, 4, 0.375), (999.0, 24, 4 * 60 / (999 * 24))],
)
def test_a_tick_may_be_late_by_50_ms_or_half_a_tick_but_never_by_five_ticks(
    bpm: float, grid: int, seconds: float
) -> None:
    """Just below and just above the limit."""
    line = transport(bpm, grid)
    assert not line.too_late(0, 100.0 + seconds * 0.99)
    assert line.too_late(0, 100.0 + seconds * 1.01)


def test_the_tick_to_go_on_with_is_the_next_that_is_due() -> None:
    """Two beats late: the next tick on the grid."""
    assert transport().catch_up(0, 101.01) == 25


def test_a_delay_after_a_delay_is_given_room() -> None:
    """As much as the one before took."""
    line = transport()
    first = line.catch_up(0, 100.3)
    assert line.due(first) == pytest.approx(100.3, abs=0.05)
    second = line.catch_up(first, 100.6)
    assert line.due(second) >= 100.9 - 1e-9


def test_ticks_that_are_played_in_time_take_the_room_back() -> None:
    """After a while a delay is the first again."""
    line = transport()
    line.catch_up(0, 100.5)
    for tick in range(13, 113):
        assert not line.played(tick, line.due(tick))
    assert line.due(line.catch_up(113, line.due(113) + 0.2)) <= line.due(113) + 0.25


def test_a_late_tick_is_told_from_one_in_time() -> None:
    """More than 10 ms."""
    line = transport()
    assert not line.played(0, 100.009)
    assert line.played(0, 100.011)
