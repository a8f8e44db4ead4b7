"""The stand-ins behave as what they stand in for."""

from __future__ import annotations

import numpy as np
import pytest

from musicrnn.daemon.protocols import Clock, MidiOut, TimedMessage
from musicrnn.errors import PortError
from musicrnn.models.frames import Frame, Sounding
from musicrnn.models.generator import Choice, Generator
from musicrnn.models.step import StepModel
from musicrnn.models.timing import Position
from musicrnn.testing import (
    FailingModel,
    ManualClock,
    RecordingPort,
    ScriptedModel,
    random_model,
    small_vocabulary,
)

HERE = Position(0, 0, 4)


def test_the_clock_stands_still_until_it_is_waited_on_or_moved() -> None:
    """A wake ends one wait, also one that begins after it."""
    clock: Clock = (manual := ManualClock(5.0))
    clock.wait_until(7.0)
    clock.wait_until(6.0)
    assert clock.now() == 7.0
    clock.wake()
    clock.wait_until(9.0)
    assert clock.now() == 7.0
    manual.advance(0.5)
    assert clock.now() == 7.5
    assert manual.waits == [7.0, 6.0, 9.0]


def test_the_port_keeps_what_is_sent_until_it_is_lost_or_closed() -> None:
    """Then it raises as a real one does."""
    port: MidiOut = (recording := RecordingPort(lasts=1))
    message = TimedMessage(1.0, b"\x90\x3c\x50")  # C4 on channel 1
    port.send(message)
    with pytest.raises(PortError):
        port.send(message)
    assert recording.messages == [message]
    other = RecordingPort()
    other.close()
    with pytest.raises(PortError):
        other.send(message)


def test_a_scripted_model_is_sure_of_its_frames() -> None:
    """Also where its script begins with a rest, and where it is empty."""
    script: list[Frame] = [(), (Sounding(0, 60),), (Sounding(0, 60, False), Sounding(1, 45))]
    for frames in (script, [()]):
        generator = Generator(ScriptedModel(small_vocabulary(), frames))
        point, made = generator.begin(), []
        for tick in range(2 * len(frames)):
            record = generator.tick(tick, 0, HERE, Choice(), point)
            point = record.after
            made.append(record.frame)
        assert made == [*frames, *frames]


def test_a_failing_model_fails_as_told() -> None:
    """At the calls that it is told."""
    ways = ["", "raise", "logits", "state"]
    model: StepModel = FailingModel(random_model(small_vocabulary()), lambda call: ways[call])
    state = model.initial_state()
    logits, after = model.step(0, HERE, state)
    assert np.isfinite(logits).all()
    assert np.isfinite(after).all()
    with pytest.raises(RuntimeError):
        model.step(0, HERE, state)
    assert np.isnan(model.step(0, HERE, state)[0]).all()
    assert np.isinf(model.step(0, HERE, state)[1]).all()


def test_a_random_model_is_the_same_for_the_same_seed() -> None:
    """And another for another."""
    vocabulary = small_vocabulary()
    first, same, other = (random_model(vocabulary, seed) for seed in (1, 1, 2))
    state = first.initial_state()
    assert (first.step(0, HERE, state)[0] == same.step(0, HERE, state)[0]).all()
    assert (first.step(0, HERE, state)[0] != other.step(0, HERE, state)[0]).any()
