"""A session replays from its log to the same score, whatever happened in it."""

from __future__ import annotations

from collections import Counter
from typing import Protocol

from hypothesis import given
from hypothesis import strategies as st

from musicrnn.control import Prime
from musicrnn.daemon.protocols import TimedMessage
from musicrnn.daemon.replay import Replay
from musicrnn.daemon.session import parse_session
from musicrnn.daemon.transport import PATIENCE_TICKS
from musicrnn.models.generator import Generator
from musicrnn.testing import FailingModel, random_model, small_vocabulary
from tests.daemon.driving import Script, driver, perform, scripts

VOCABULARIES = {
    "articulated": small_vocabulary(),
    "with velocities": small_vocabulary(velocity_bins=4),
    "without articulation": small_vocabulary(articulation=False),
}
MODELS = {
    (name, metre): random_model(vocabulary, 5, scale=2.0, metre=metre, calm=3.0)
    for name, vocabulary in VOCABULARIES.items()
    for metre in ((4, 4), (3, 4))
}
PRIMES = [Prime("C4 . -3 E4 bass:C3 . -11"), Prime("[2/4] drums:C2 . -7 | C5 . -7"), Prime("")]
PARTS = [part.name for part in small_vocabulary().parts]
SCRIPTS = scripts(PARTS, PRIMES)


class Played(Protocol):
    """What was sent, and how many notes began at once at most."""

    sent: list[TimedMessage]
    most_at_once: int


def assert_sound(player: Played) -> None:
    """Check what must hold of any session: each on has one later off, time never goes back, and nothing bursts."""
    moments = [message.seconds for message in player.sent]
    assert moments == sorted(moments)
    down: Counter[tuple[int, int]] = Counter()
    for message in player.sent:
        status, *data = message.data
        if status & 0xF0 == 0x90:
            down[status & 0x0F, data[0]] += 1
        elif status & 0xF0 == 0x80:
            down[status & 0x0F, data[0]] -= 1
        assert set(down.values()) <= {0, 1}
    assert not +down
    assert player.most_at_once <= (PATIENCE_TICKS + 1) * small_vocabulary().max_polyphony


@given(st.sampled_from(sorted(MODELS)), SCRIPTS, st.sampled_from(["go-on", "restart", "stop"]), st.integers(0, 5))
def test_any_session_replays_to_the_same_score_and_leaves_no_note_on(
    kind: tuple[str, tuple[int, int]], script: Script, end: str, bars: int
) -> None:
    """Commands, delays and the end of pieces, in any order."""
    model = MODELS[kind]
    player = driver(model, end=end, bars=bars, sigma=0.5)
    perform(player, script)
    assert_sound(player)
    assert Replay(parse_session(player.log, "log"), Generator(model)).run() == player.score


@given(SCRIPTS, st.sets(st.integers(0, 400)), st.integers(0, 200), st.sampled_from(["raise", "logits", "state"]))
def test_a_session_with_failures_of_the_model_replays_and_leaves_no_note_on(
    script: Script, failing: set[int], broken_from: int, how: str
) -> None:
    """Single failures, and a stretch in which the model fails at every call."""

    def fails(call: int) -> str:
        return how if call in failing or broken_from <= call < broken_from + 60 else ""

    model = MODELS["articulated", (4, 4)]
    player = driver(FailingModel(model, fails))
    perform(player, script)
    assert_sound(player)
    assert Replay(parse_session(player.log, "log"), Generator(model)).run() == player.score


@given(SCRIPTS)
def test_the_same_session_twice_sends_the_same_messages(script: Script) -> None:
    """Nothing but the seed, the commands and the time decides what is played."""
    model = MODELS["with velocities", (4, 4)]
    first, second = driver(model, sigma=1.0), driver(model, sigma=1.0)
    perform(first, script)
    perform(second, script)
    assert first.sent == second.sent


@given(scripts(PARTS, PRIMES, longest_delay=0.0), st.integers(1, 12))
def test_how_far_ahead_ticks_are_made_is_not_heard(script: Script, lookahead: int) -> None:
    """A control is heard on the next tick although the ticks after it were made already."""
    model = MODELS["articulated", (4, 4)]
    near, far = driver(model, lookahead=1), driver(model, lookahead=lookahead)
    perform(near, script)
    perform(far, script)
    assert near.sent == far.sent
