"""Every control, changed while it plays, is heard as asked, and replays to the very same bytes."""

from __future__ import annotations

from pathlib import Path

import pytest

from musicrnn.config.scales import pitch_classes
from musicrnn.control import CONTROLS, ControlValue, Set, Start
from musicrnn.daemon.replay import Replay
from musicrnn.daemon.session import parse_session
from musicrnn.models.generator import Generator
from musicrnn.models.midi_write import midi_bytes
from musicrnn.models.score import Note
from musicrnn.testing import random_model, small_vocabulary
from tests.daemon.driving import Driver, driver

MODEL = random_model(small_vocabulary(velocity_bins=4), 5, scale=2.0, calm=1.0)
VALUES: dict[str, tuple[ControlValue, ...]] = {
    "mu": (2.0, 0.5),
    "sigma": (1.0, 0.25),
    "span": ("bar", "token", "run"),
    "chance": ("beats", "attacks", "always"),
    "seed": (7, 8),
    "tempo": (90.0, 180.0),
    "density": (2.0, -1.0, 3.0),
    "memory": (0.5, 1.0, 0.25),
    "polyphony": (2, 1, 128),
    "transpose": (5, -7, 0),
    "scale": ("dorian", "blues", "major"),
    "root": ("D", "F#"),
    "velocity": (0.5, 2.0),
    "offset": (20.0, -20.0),
    "mute": (1, 0),
    "solo": (1, 0),
    "low": (45, 62),
    "high": (70, 48),
}


def set_of(name: str, number: int) -> Set:
    """Return the control at its next value; a part's, for one part after the other."""
    values = VALUES[name]
    part = ("soprano", "bass", "drums")[number % 3] if CONTROLS[name].per_part else ""
    return Set(name, values[number % len(values)], part)


def replayed(player: Driver) -> bytes:
    """Return the MIDI file that the log makes."""
    return midi_bytes(Replay(parse_session(player.log, "log"), Generator(MODEL)).run())


def test_every_control_is_tried_here() -> None:
    """A new control must be added to this test."""
    assert set(VALUES) == set(CONTROLS)


@pytest.mark.parametrize("lookahead", [1, 7])
def test_a_session_in_which_every_control_changes_replays_to_the_same_bytes(lookahead: int, tmp_path: Path) -> None:
    """One after the other, three times over."""
    player = driver(MODEL, lookahead=lookahead, density=1.0)
    player.do(Start())
    for number in range(3):
        for name in CONTROLS:
            player.ticks(5)
            player.do(set_of(name, number))
    player.ticks(20)
    player.end()
    assert len(player.score.notes) > 40
    assert replayed(player) == midi_bytes(player.score)


def notes_of(*sets: Set, ticks: int = 96) -> tuple[Note, ...]:
    """Return what is played with controls set at the start."""
    player = driver(MODEL, density=3.0)
    player.do(*sets, Start())
    player.ticks(ticks)
    player.end()
    assert replayed(player) == midi_bytes(player.score)
    return player.score.notes


def test_a_transposition_moves_all_but_the_drums() -> None:
    """The same music, higher."""
    plain, higher = notes_of(), notes_of(Set("transpose", 5))
    moved = [note.pitch + (0 if note.part == 2 else 5) for note in plain]
    assert [note.pitch for note in higher] == moved


def test_nothing_outside_the_scale_sounds_after_it_was_set() -> None:
    """Not even what was held before."""
    player = driver(MODEL, density=3.0)
    player.do(Start())
    player.ticks(30)
    player.do(Set("scale", "minor-pentatonic"), Set("root", "E"), Set("transpose", 3))
    player.ticks(60)
    player.end()
    classes = pitch_classes("minor-pentatonic", "E")
    pitched = [note for note in player.score.notes if note.part != 2]
    assert any(note.pitch % 12 not in classes for note in pitched if note.start < 30)
    assert all(note.end <= 30 for note in pitched if note.pitch % 12 not in classes)


def test_a_range_bounds_one_part() -> None:
    """The others play on."""
    notes = notes_of(Set("low", 66, "soprano"), Set("high", 68, "soprano"))
    assert {note.pitch for note in notes if note.part == 0} <= {66, 67, 68}
    assert {note.part for note in notes} == {0, 1, 2}


def test_a_solo_silences_the_others_and_gives_way_to_a_mute() -> None:
    """A part that is both is silent."""
    assert {note.part for note in notes_of(Set("solo", 1, "bass"))} == {1}
    assert {note.part for note in notes_of(Set("solo", 1, "bass"), Set("solo", 1, "drums"))} == {1, 2}
    assert notes_of(Set("solo", 1, "bass"), Set("mute", 1, "bass")) == ()


def test_no_more_notes_sound_than_the_polyphony_allows() -> None:
    """In any tick."""
    notes = notes_of(Set("polyphony", 2))
    ticks = [sum(note.start <= tick < note.end for note in notes) for tick in range(96)]
    assert max(ticks) == 2


def test_velocities_are_scaled_and_stay_velocities() -> None:
    """Never 0, which would be an end, and never above 127."""
    plain, loud, soft = notes_of(), notes_of(Set("velocity", 4.0)), notes_of(Set("velocity", 0.0))
    assert {note.velocity for note in soft} == {1}
    assert {note.velocity for note in loud} <= {64, 127}
    assert [note.start for note in plain] == [note.start for note in loud]


def test_a_note_that_sounds_through_a_transposition_ends_where_it_was_begun() -> None:
    """And its key is not ended by another note that wants it."""
    player = driver(MODEL, density=3.0)
    player.do(Start())
    for step in range(24):
        player.ticks(2)
        player.do(Set("transpose", (step * 5) % 13 - 6))
    player.end()
    down: set[tuple[int, int]] = set()
    for message in player.sent:
        key = (message.data[0] & 0x0F, message.data[1])
        if message.data[0] & 0xF0 == 0x90:
            assert key not in down
            down.add(key)
        elif message.data[0] & 0xF0 == 0x80:
            down.remove(key)
    assert not down
