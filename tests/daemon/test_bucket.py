"""The token bucket."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from musicrnn.daemon.bucket import Bucket


def test_a_burst_is_allowed_and_then_the_rate() -> None:
    """Ten at once, then one every tenth of a second."""
    bucket = Bucket(rate=10.0, burst=10)
    assert sum(bucket.allows(5.0) for _ in range(20)) == 10
    assert not bucket.allows(5.05)
    assert bucket.allows(5.15)


@given(st.lists(st.floats(0, 1), max_size=200))
def test_no_more_than_rate_and_burst_are_allowed(gaps: list[float]) -> None:
    """Over any time."""
    bucket = Bucket(rate=7.0, burst=3)
    now = allowed = 0.0
    for gap in gaps:
        now += gap
        allowed += bucket.allows(now)
    assert allowed <= 3 + 7 * now + 1e-6


def test_looking_takes_nothing() -> None:
    """However often."""
    bucket = Bucket(rate=1.0, burst=1)
    assert all(bucket.ready(5.0) for _ in range(9))
    assert bucket.allows(5.0)
    assert not bucket.ready(5.5)
    assert bucket.ready(6.0)


def test_time_that_goes_back_gives_nothing() -> None:
    """A clock that goes back is no gift."""
    bucket = Bucket(rate=1000.0, burst=1)
    assert bucket.allows(10.0)
    assert not bucket.allows(9.0)
