"""A model's trial: what is wrong is found, with the rule, and what is too slow as well."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import onnx
import pytest

from musicrnn.daemon import trial
from musicrnn.daemon.trial import answer, step_seconds
from musicrnn.errors import ModelError
from musicrnn.models.catalogue import find_model
from musicrnn.models.untrained import untrained
from musicrnn.testing import FailingModel, random_model, small_vocabulary
from tests.models.model_files import SMALL, changed, put
from tests.models.wrong_models import wrong_contents

WRONG = wrong_contents()
MODEL = random_model(small_vocabulary(), 1)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the steps without pauses."""
    monkeypatch.setattr(trial, "PACE_SECONDS", 0.0)


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_model_is_refused_with_a_reason(what: str) -> None:
    """More than fifty of them, each sealed as if it were whole."""
    reason = answer("wrong", WRONG[what], 120.0)["error"]
    assert reason.startswith("model wrong: ")


@pytest.mark.parametrize("content", [b"", b"rubbish", SMALL.read_bytes()[:-1], SMALL.read_bytes()[1:]])
def test_what_is_not_sealed_is_refused(content: bytes) -> None:
    """Half a file is no model."""
    assert "seal" in answer("wrong", content, 120.0)["error"]


def test_a_good_model_is_told_the_time_of_its_steps() -> None:
    """Some hundredths of a millisecond, as small as it is."""
    found = answer("small", SMALL.read_bytes(), 120.0)
    assert 0.0 <= found["milliseconds"] < 20.0


def test_how_a_model_is_best_stepped_is_told() -> None:
    """So that whoever plays need not find it out; the untrained one has one way only."""
    ways = [
        answer(name, path.read_bytes(), 120.0)["way"]
        for name, path in (("small", SMALL), ("chorales", find_model("chorales")))
    ]
    assert [*ways, answer("untrained", b"", 120.0)["way"]] == ["blas", "plan", ""]


def test_the_untrained_model_needs_no_file() -> None:
    """It is made on the fly."""
    assert "milliseconds" in answer("untrained", b"", 120.0)
    assert untrained().info.name == "untrained"


def test_a_model_that_is_too_slow_for_the_tempo_is_refused() -> None:
    """At a billion beats a minute even the smallest is; the message names the tempo and both times."""
    reason = answer("small", SMALL.read_bytes(), 1e9)["error"]
    assert "99 of 100 steps must take at most half a tick, 0.0 ms at 1e+09 bpm, got 0." in reason


def _overflowing(graph: onnx.ModelProto) -> None:
    put(graph, "output_bias_weights", np.full(42, 3.4e38, np.float32))
    put(graph, "output_weights", np.full((8, 42), 3.4e38, np.float32))


def test_weights_that_overflow_are_refused() -> None:
    """Each is finite, what comes of them is not."""
    assert "finite numbers" in answer("huge", changed(_overflowing), 120.0)["error"]


@pytest.mark.parametrize(("how", "reason"), [("raise", "must take a step"), ("state", "finite"), ("logits", "finite")])
def test_a_model_that_fails_at_its_hundredth_step_is_refused(how: str, reason: str) -> None:
    """A few steps are not enough to know a model."""
    with pytest.raises(ModelError, match=reason):
        step_seconds(FailingModel(MODEL, lambda call: how if call == 100 else ""), "model late")


def test_it_runs_as_a_process_with_the_file_on_its_standard_input() -> None:
    """One line of JSON comes out, whatever goes in."""
    command = [sys.executable, "-m", "musicrnn.daemon.trial", "small", "120.0"]
    for content, key in ((SMALL.read_bytes(), "milliseconds"), (b"rubbish", "error")):
        done = subprocess.run(command, input=content, capture_output=True, check=True)
        assert key in json.loads(done.stdout)
