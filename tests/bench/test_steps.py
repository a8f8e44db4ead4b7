"""Steps are taken from where the last one left off, and timed one by one."""

from __future__ import annotations

import pytest

from musicrnn.bench.steps import FEWEST, HOT_STEPS, WARM_UP_STEPS, hot_steps, paced_steps
from musicrnn.testing import FailingModel, random_model, small_vocabulary


def counting() -> FailingModel:
    """Return a model that counts its steps."""
    return FailingModel(random_model(small_vocabulary()), lambda _: "")


def test_hot_steps_are_as_many_as_half_a_second_allows() -> None:
    """The first ones are not counted."""
    model = counting()
    found = hot_steps(model)
    assert FEWEST <= found.count <= HOT_STEPS
    assert model.calls == found.count + WARM_UP_STEPS
    assert 0 < found.p50 <= found.most


@pytest.mark.parametrize(("seconds", "count"), [(0.0, FEWEST), (0.5, 25)])
def test_paced_steps_are_fifty_a_second(seconds: float, count: int) -> None:
    """But never so few that they say nothing."""
    model = counting()
    assert paced_steps(model, seconds).count == count == model.calls
