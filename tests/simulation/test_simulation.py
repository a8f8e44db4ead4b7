"""The simulated daemon keeps its promises, whatever happens to it, and the same seed is the same session."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from musicrnn.daemon.protocols import TimedMessage
from musicrnn.models.frames import Frame
from musicrnn.models.generator import Choice
from musicrnn.models.grammar import Grammar
from musicrnn.models.score import Bar
from musicrnn.models.timing import position
from musicrnn.models.tokens import encode
from tests.simulation.family import vocabulary_of
from tests.simulation.port_judge import PortJudge
from tests.simulation.session import SimulatedSession
from tests.simulation.sketch import FlatModel, SketchGenerator
from tests.simulation.soak import COMMAND, Failure, soak
from tests.simulation.violation import Violation
from tests.simulation.world import World

HOURS = float(os.environ.get("MUSICRNN_SIMULATED_HOURS", "10"))
# First seeds and hours, which end where the next part begins: together the sessions that ten hours in a row would be.
PARTS = ((1, 2.65), (28, 2.78), (52, 2.45), (77, 2.12)) if HOURS == 10.0 else ((1, HOURS),)
ON, OFF = bytes((0x90, 62, 80)), bytes((0x80, 62, 0))
PROGRAMS = [bytes((0xC0, 1)), bytes((0xC1, 1)), bytes((0xC9, 1))]
SILENCE = [bytes((0xB0 + channel, number, 0)) for channel in (0, 1, 9) for number in (64, 123, 120)]


@pytest.mark.parametrize(("first", "hours"), PARTS)
def test_nothing_goes_wrong_in_ten_simulated_hours(first: int, hours: float) -> None:
    """Commands, floods, stalls, losses, failures and signals, in some ninety sessions."""
    failures = soak(first, hours)
    assert not failures, failures[0]


def test_the_same_seed_is_the_same_session_in_another_process() -> None:
    """Bit for bit: every message, log line and answer; strings are hashed differently there, and fresh seeds drawn."""
    here = SimulatedSession(14).run()
    environment = {**os.environ, "PYTHONHASHSEED": "77", "PYTHONPATH": os.pathsep.join(sys.path)}
    words = [sys.executable, *COMMAND.split()[1:], "14"]
    there = subprocess.run(words, env=environment, capture_output=True, text=True, check=True)
    assert here.seen > 100
    assert here.digest in there.stdout


def test_another_seed_is_another_session() -> None:
    """The digest is of what was sent, not of nothing."""
    assert SimulatedSession(3).run().digest != SimulatedSession(8).run().digest


def test_a_session_that_breaks_a_rule_says_how_to_have_it_again() -> None:
    """One command, and the rule that was broken first."""
    failure = Failure(42, "Violation: a rule", 1.5, "the trace")
    assert str(failure).splitlines()[-1] == f"again:  {COMMAND} 42"


def test_the_sketch_speaks_the_language_of_the_models() -> None:
    """What is made without a network is nothing that a network could not have made."""
    vocabulary = vocabulary_of(World(1).random("session"))
    generator = SketchGenerator(FlatModel(vocabulary, (4, 4)))
    grammar, frames = Grammar(vocabulary), list[Frame]()
    bar = Bar(0, 4 * vocabulary.ticks_per_beat, 4, 4)
    point = generator.begin()
    for tick in range(300):
        where = position(tick % bar.length, bar, vocabulary.ticks_per_beat)
        record = generator.tick(tick, tick // bar.length, where, Choice(seed=5), point)
        point = record.after
        frames.append(record.frame)
    state = grammar.start
    for token in encode(frames, vocabulary):
        assert grammar.legal(state)[token]
        state = grammar.advance(state, token)
    assert sum(note.attack for frame in frames for note in frame) > 100


def judge(*data: bytes) -> PortJudge:
    """Return a judge who has seen messages on a port that was opened."""
    vocabulary = vocabulary_of(World(1).random("session"))
    result = PortJudge(World(1), [vocabulary], lambda: 0, lambda: 100)
    result.opened()
    for number, one in enumerate(data):
        result.sent(TimedMessage(float(number), one))
    return result


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        ((ON,), "program"),
        ((*PROGRAMS, ON, ON), "must be up"),
        ((*PROGRAMS, OFF), "has not begun"),
        ((*PROGRAMS, ON, *SILENCE), "before they are silenced"),
        ((*PROGRAMS, bytes((0x90, 20, 80))), "a part's"),
        ((bytes((0xE0, 0, 0)),), "begin or end a note"),
        ((bytes((0xC3, 0)),), "on the parts' channels"),
    ],
)
def test_a_receiver_sees_what_is_wrong(data: tuple[bytes, ...], rule: str) -> None:
    """Each of these was sent by a broken engine."""
    with pytest.raises(Violation, match=rule):
        judge(*data)


def test_a_receiver_sees_what_is_left_at_the_end() -> None:
    """A note, or a channel that was not silenced."""
    with pytest.raises(Violation, match="when the port is closed"):
        judge(*PROGRAMS, ON).closed(lost=False)
    with pytest.raises(Violation, match="silence every channel"):
        judge(*PROGRAMS, ON, OFF, *SILENCE[:6]).closed(lost=False)
    judge(*PROGRAMS, ON, OFF, *SILENCE).closed(lost=False)


def test_a_receiver_wants_an_end_of_what_a_lost_port_was_left_with_and_of_nothing_else() -> None:
    """Where a begin could not be sent nobody knows whether it was heard."""
    came_back = judge(*PROGRAMS)
    came_back.failed(TimedMessage(3.0, ON))
    came_back.closed(lost=True)
    came_back.opened()
    with pytest.raises(Violation, match="left with must end"):
        came_back.sent(TimedMessage(0.0, SILENCE[0]))
    came_back.sent(TimedMessage(0.0, OFF))
    with pytest.raises(Violation, match="has not begun"):
        came_back.sent(TimedMessage(0.0, OFF))


def test_a_receiver_wants_silence_first_from_a_port_that_came_back() -> None:
    """It may still sound there."""
    came_back = judge(*PROGRAMS, ON)
    came_back.closed(lost=True)
    came_back.opened()
    for number, data in enumerate([OFF, *SILENCE, *PROGRAMS, ON, OFF]):
        came_back.sent(TimedMessage(float(number), data))
    came_back.closed(lost=True)
    came_back.opened()
    came_back.sent(TimedMessage(0.0, PROGRAMS[0]))
    with pytest.raises(Violation, match="silenced before a note"):
        came_back.sent(TimedMessage(1.0, ON))
