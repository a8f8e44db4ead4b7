"""The estimate of how training scales: its arithmetic, and the page that shows it."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.scaling import LINKS, exchanged, paper, parameters, share

PAGE = Path(__file__).parent.parent.parent / "docs" / "scaling.md"


@pytest.mark.parametrize(("workers", "size"), [(1, 0), (2, 4000), (4, 6000)])
def test_a_ring_sends_twice_all_but_a_workers_own_part(workers: int, size: int) -> None:
    """1,000 numbers of 4 bytes: nothing alone, each number once for two, one and a half times for four."""
    assert exchanged(1000, workers) == size


def test_the_parameters_are_those_of_the_equations() -> None:
    """Two layers of 512 on an embedding of 64 have 1,181,696 and 2,099,200 numbers beside the tables."""
    tables = parameters(2, 512) - 1_181_696 - 2_099_200
    assert tables == 370 * (512 + 64)


def test_a_worker_alone_always_learns_and_a_slow_link_costs() -> None:
    """The share of the time is 1 without others, and grows with the link and with what there is to do."""
    slow, fast = LINKS["1 Gbit/s"], LINKS["10 Gbit/s"]
    assert share(1, 8192, 1e6, slow) == 1
    assert 0 < share(4, 8192, 1e6, slow) < share(4, 8192, 1e6, fast) < share(4, 32_768, 1e6, fast) < 1


def test_the_page_shows_what_the_script_prints() -> None:
    """Every line of the estimate stands in docs/scaling.md."""
    page = PAGE.read_text(encoding="utf-8")
    assert [line for line in paper(4) if line not in page] == []
