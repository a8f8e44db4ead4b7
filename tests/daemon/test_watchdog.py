"""A model that falls silent is heard again; it is told and logged, and the log plays the same again."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musicrnn.control import Set, Start
from musicrnn.daemon.replay import Replay
from musicrnn.daemon.session import parse_session
from musicrnn.models.frames import Frame, Sounding
from musicrnn.models.generator import Generator
from musicrnn.models.midi_write import midi_bytes
from musicrnn.models.sampling import Chance
from musicrnn.testing import ScriptedModel, random_model, small_vocabulary
from tests.daemon.driving import Driver, Script, driver, perform, scripts

VOCABULARY = small_vocabulary()
SHY = random_model(VOCABULARY, 3, calm=24.0)  # which begins a note in one of a thousand million ticks
BAR = 16
PARTS = ("soprano", "bass", "drums")


def played(bars: int, **settings: Any) -> Driver:
    """Return a session of so many bars with the shy model, which may not end its piece."""
    player = driver(SHY, end="go-on", **settings)
    player.do(Start())
    player.ticks(bars * BAR)
    return player


def acts(player: Driver) -> list[tuple[int, bool]]:
    """Return when the watchdog began to act and when it let go, by the log."""
    entries: list[dict[str, Any]] = [json.loads(line) for line in player.log.splitlines()[1:]]
    return [(entry["tick"], entry["acts"]) for entry in entries if entry["do"] == "watchdog"]


def replayed(log: bytes) -> bytes:
    """Return the MIDI file that a log makes."""
    return midi_bytes(Replay(parse_session(log, "log"), Generator(SHY)).run())


def test_without_it_the_model_stays_silent() -> None:
    """Sixty-four bars of nothing."""
    assert played(64, watchdog_bars=0).notes() == []


@pytest.mark.parametrize("mu", [1.0, 16.0])
@pytest.mark.parametrize("chance", ["always", "attacks", "beats"])
def test_after_some_bars_of_silence_notes_come_back(mu: float, chance: Chance) -> None:
    """Also where the likeliest token is taken nearly always."""
    player = played(64, mu=mu, chance=chance)
    assert acts(player)[0] == (4 * BAR - 1, True)
    assert len(player.notes()) > 2


def test_it_is_told_to_people_and_in_the_status() -> None:
    """A message, and A as it was drawn."""
    player = played(4)
    status = player.engine.status(player.clock.now())
    assert status.message == "too few notes for 4 bars: A is eased until they come back"
    player.ticks(10)
    assert player.engine.status(player.clock.now()).exponent == pytest.approx(0.8)
    assert player.engine.status(player.clock.now()).controls["mu"] == 1.0


def test_a_is_given_back_once_notes_sound() -> None:
    """A model that plays after its silence is itself again, and the message is taken back."""
    player = played(4)
    for _ in range(60 * BAR):
        player.ticks(1)
        if len(acts(player)) > 1:
            break
    (tick, _), (end, still) = acts(player)
    assert not still
    assert tick < end < 64 * BAR
    assert player.engine.status(player.clock.now()).message == ""


def test_who_asks_for_few_notes_gets_them() -> None:
    """A density below 0 is a wish."""
    player = driver(SHY, end="go-on", density=-0.5)
    player.do(Start())
    player.ticks(32 * BAR)
    assert acts(player) == []
    player.do(Set("density", 0.0))
    player.ticks(4 * BAR)
    assert [act for _, act in acts(player)] == [True]


@pytest.mark.parametrize(("polyphony", "notes"), [(1, 2), (128, 6)])
def test_no_more_notes_are_waited_for_than_may_sound(polyphony: int, notes: int) -> None:
    """A would be eased for ever, whatever is played: by the control, or by the model, which has five at most."""
    chord = tuple(Sounding(part, pitch) for part, pitch in ((0, 72), (0, 60), (1, 45), (2, 40), (2, 36)))
    player = driver(ScriptedModel(VOCABULARY, [chord]), end="go-on", watchdog_bars=1, watchdog_notes=notes)
    player.do(Set("polyphony", polyphony), Start())
    player.ticks(8 * BAR)
    assert acts(player) == []


def test_a_session_in_which_it_acts_replays_to_the_same_bytes() -> None:
    """By the log alone."""
    player = played(64, lookahead=7, sigma=0.3)
    player.end()
    assert len(acts(player)) > 2
    assert replayed(player.log) == midi_bytes(player.score)


@given(scripts(PARTS, ()), st.integers(1, 12), st.integers(1, 3))
def test_whatever_happens_meanwhile_it_replays(script: Script, lookahead: int, notes: int) -> None:
    """Commands and delays, however far ahead ticks are made."""
    player = driver(SHY, lookahead=lookahead, watchdog_bars=1, watchdog_notes=notes, watchdog_step=0.2)
    perform(player, script)
    assert replayed(player.log) == midi_bytes(player.score)


def test_a_log_from_before_there_was_a_watchdog_replays_without_it() -> None:
    """Its header names none."""
    player = played(64, watchdog_bars=0)
    player.end()
    header, rest = player.log.split(b"\n", 1)
    values = json.loads(header)
    for name in [name for name in values["play"] if name.startswith("watchdog_")]:
        del values["play"][name]
    assert replayed(json.dumps(values).encode() + b"\n" + rest) == midi_bytes(player.score)


def test_a_model_that_plays_is_left_alone() -> None:
    """One that strikes a note in each bar, and rests for the remainder of it."""
    frames: list[Frame] = [(Sounding(0, 60),), *[()] * (BAR - 1)]
    player = driver(ScriptedModel(VOCABULARY, frames), watchdog_bars=1, end="go-on")
    player.do(Start())
    player.ticks(8 * BAR)
    assert acts(player) == []
