"""How many lanes each core learns from."""

from __future__ import annotations

import pytest

from musicrnn.models.cores import usable_cores
from musicrnn.trainer.sharing import LEAST_LANES, share_sizes, shares


@pytest.mark.parametrize(
    ("threads", "lanes", "wanted"),
    [(1, 32, 1), (2, 32, 2), (4, 32, 4), (16, 32, 4), (2, 2 * LEAST_LANES - 1, 1), (2, 1, 1), (3, 100, 3)],
)
def test_a_share_is_for_one_thread_and_of_eight_lanes_at_least(threads: int, lanes: int, wanted: int) -> None:
    """As many as there are threads, fewer where the lanes are few."""
    assert shares(threads, lanes) == wanted


def test_no_number_of_threads_is_one_a_core() -> None:
    """That this process may use."""
    assert shares(0, 10_000) == usable_cores()


@pytest.mark.parametrize(("lanes", "among"), [(8, 2), (7, 3), (5, 5), (1, 1), (100, 7)])
def test_every_lane_is_in_one_share_and_shares_are_alike(lanes: int, among: int) -> None:
    """None differs from another by more than a lane."""
    found = share_sizes(lanes, among)
    assert sum(found) == lanes
    assert len(found) == among
    assert max(found) - min(found) <= 1
