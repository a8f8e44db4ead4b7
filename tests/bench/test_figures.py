"""Percentiles by the nearest rank: each figure is one that was measured."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musicrnn.bench.figures import Spread, rank, spread


@pytest.mark.parametrize(
    ("percent", "value"), [(50, 500.0), (99, 990.0), (99.9, 999.0), (100, 1000.0), (0, 1.0), (50.01, 501.0)]
)
def test_of_a_thousand_values_each_percent_has_its_own(percent: float, value: float) -> None:
    """The values 1 to 1000."""
    assert rank([float(number) for number in range(1, 1001)], percent) == value


def test_one_value_is_every_figure() -> None:
    """There is nothing to interpolate."""
    assert spread([0.25]) == Spread(1, 0.25, 0.25, 0.25, 0.25)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=300))
def test_figures_are_measured_values_in_order(values: list[float]) -> None:
    """In whatever order the values come."""
    found = spread(values)
    assert found.count == len(values)
    assert {found.p50, found.p99, found.p999, found.most} <= set(values)
    assert found.p50 <= found.p99 <= found.p999 <= found.most == max(values)


def test_json_has_milliseconds() -> None:
    """0.25 s is 250 ms."""
    assert spread([0.25]).milliseconds() == {"count": 1, "p50": 250.0, "p99": 250.0, "p99.9": 250.0, "max": 250.0}
