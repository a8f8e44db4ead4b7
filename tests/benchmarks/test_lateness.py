"""How late notes were, from what a receiver stamped."""

from __future__ import annotations

import pytest

from benchmarks.lateness import at, lateness
from benchmarks.timing_senders import TICK_SECONDS

HEARD = [(100.0 + tick * TICK_SECONDS + 0.001 * late, "903c64") for tick, late in enumerate((3, 1, 4))]


def test_notes_are_compared_with_the_moments_that_were_given() -> None:
    """Ends do not count."""
    assert lateness([*HEARD, (200.0, "803c00")], 3, 100.0) == pytest.approx([0.001, 0.003, 0.004])


def test_notes_without_moments_are_compared_with_the_line_of_the_soonest() -> None:
    """Which is in favour of whoever sent them."""
    assert lateness(HEARD, 3, None) == pytest.approx([0.0, 0.002, 0.003], abs=1e-9)


def test_a_note_that_does_not_come_is_told() -> None:
    """Those after it could not be told from it."""
    with pytest.raises(ValueError, match="all 4 notes must come, got 3"):
        lateness(HEARD, 4, 100.0)


def test_a_share_is_one_of_the_figures() -> None:
    """99.9 of a hundred are all of them."""
    late = [float(number) for number in range(1, 101)]
    assert [at(late, share) for share in (0.0, 0.5, 0.99, 0.999, 1.0)] == [1.0, 50.0, 99.0, 100.0, 100.0]
