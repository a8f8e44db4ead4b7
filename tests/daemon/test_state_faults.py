"""Numbers that no network should give, in every place of its state: the table of docs/faults.md, S1 to S3."""

from __future__ import annotations

import platform
import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest

from musicrnn.control import Start
from musicrnn.daemon.performance import MAX_FAILURES
from musicrnn.models.step import Logits, NetworkState, StepModel
from musicrnn.models.timing import Position
from musicrnn.testing import FailingModel, random_model, small_vocabulary
from tests.daemon.driving import driver

UNITS = 8
TICKS_TO_RECOVER = 16
VALUES = {"nan": np.nan, "inf": np.inf, "minus inf": -np.inf}


class SpoiltModel(FailingModel):
    """Another model of which ``spoil`` may change the state, of each call, after the step."""

    def __init__(self, model: StepModel, spoil: Callable[[int, NetworkState], None]) -> None:
        super().__init__(model, lambda _: "")
        self._spoil = spoil

    def step(self, token: int, position: Position, state: NetworkState) -> tuple[Logits, NetworkState]:
        """Return the other model's step, spoilt."""
        call = self.calls
        logits, after = super().step(token, position, state)
        self._spoil(call, after)
        return logits, after


def states_of(spoil: Callable[[int, NetworkState], None]) -> tuple[list[bool], int, int]:
    """Play four bars; return for each tick whether its state is finite, the failures, and the note-ons."""
    player = driver(SpoiltModel(random_model(small_vocabulary(), 3, units=UNITS, calm=2.0), spoil))
    player.do(Start())
    finite: list[bool] = []
    for _ in range(64):
        player.ticks(1)
        point = player.engine._lineup.performance.timeline.point
        finite.append(bool(np.isfinite(point.snapshot.network).all()))
    begun = sum(message.data[0] & 0xF0 == 0x90 for message in player.sent)
    failures = player.engine.status(player.clock.now()).failures
    player.end()
    return finite, failures, begun


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
@pytest.mark.parametrize("row", [0, 1], ids=["h", "c"])
def test_a_number_that_is_not_finite_in_any_place_of_the_state_costs_one_tick(row: int, value: float) -> None:
    """In h or c of each unit, at some step or other: the tick is left out, and the state before it gone on from.

    What is in h alone may be gone with the next step of the same tick.
    """
    for unit in range(UNITS):
        for call in (0, 7, 40 + unit):

            def spoil(number: int, state: NetworkState, unit: int = unit, call: int = call) -> None:
                if number == call:
                    state[0, row, 0, unit] = value

            finite, failures, begun = states_of(spoil)
            assert all(finite)
            assert failures == 1 or (failures == 0 and row == 0)
            assert begun > 0


def test_a_state_that_is_never_finite_again_is_begun_anew() -> None:
    """From call 20 to call 50: within sixteen ticks of the last fault it plays on from nothing."""

    def spoil(number: int, state: NetworkState) -> None:
        if 20 <= number < 50:
            state[:] = np.nan

    finite, failures, begun = states_of(spoil)
    assert all(finite)
    assert MAX_FAILURES < failures <= 30
    assert begun > 0


@pytest.mark.parametrize("size", [1e3, 1e30, 3e38])
def test_a_state_that_is_huge_but_finite_is_played_on_from(size: float) -> None:
    """No step of it raises or warns; where it overflows it is a state that is not finite."""

    def spoil(number: int, state: NetworkState) -> None:
        if number == 20:
            state[:] = size

    finite, failures, begun = states_of(spoil)
    assert all(finite)
    assert failures <= TICKS_TO_RECOVER
    assert begun > 0


LOADING = """
import numpy as np
from musicrnn.models.onnx_step import load_model

def multiply():
    return float((np.array([1e-38], np.float32) * np.float32(0.1))[0])

before = multiply()
load_model("chorales")
print(before > 0.0, multiply() == 0.0)
"""


@pytest.mark.skipif(platform.machine().lower() not in ("x86_64", "amd64"), reason="ONNX Runtime does it on x86 only")
def test_numbers_next_to_nothing_are_nothing_to_whoever_loaded_the_model() -> None:
    """Arithmetic with subnormal numbers is slow; the thread that loads the first model of a process has none."""
    told = subprocess.run([sys.executable, "-c", LOADING], capture_output=True, text=True, check=True)
    assert told.stdout.split() == ["True", "True"]
