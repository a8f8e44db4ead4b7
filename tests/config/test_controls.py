"""What a control takes, however its choices are written."""

from __future__ import annotations

import pytest

from musicrnn.config.controls import CONTROLS
from musicrnn.config.load import read_toml, settings_of
from musicrnn.config.play import PlaySettings
from musicrnn.config.scales import OTHER_ROOTS, ROOTS
from musicrnn.control import Set
from musicrnn.errors import ConfigError, ControlError

LETTERS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}


@pytest.mark.parametrize(
    ("name", "written", "meant"),
    [
        ("scale", "Dorian", "dorian"),
        ("scale", "MINOR-PENTATONIC", "minor-pentatonic"),
        ("root", "eb", "D#"),
        ("root", "B♭", "A#"),
        ("root", "f♯", "F#"),
        ("root", "b", "B"),
        ("span", "Bar", "bar"),
    ],
)
def test_a_choice_is_told_by_the_name_that_a_musician_writes(name: str, written: str, meant: str) -> None:
    """By OSC and in settings; what is kept is the name in the table."""
    assert Set(name, written).value == meant
    if name in ("scale", "root"):
        settings = settings_of(read_toml(f'[play]\n{name} = "{written}"\n', "mine.toml"))
        assert getattr(settings.play, name) == meant


def test_every_flat_and_sharp_is_the_root_that_it_sounds_as() -> None:
    """Each letter, flat and sharp, by the twelve semitones of an octave."""
    for letter, semitone in LETTERS.items():
        for accidental, step in (("b", -1), ("", 0), ("#", 1)):
            assert CONTROLS["root"].check(letter + accidental) == ROOTS[(semitone + step) % 12]
    assert len(OTHER_ROOTS) == 3 * len(LETTERS) - len(ROOTS)


def test_what_names_no_choice_is_refused_as_it_was_written() -> None:
    """With the names that there are."""
    with pytest.raises(ControlError, match=r"root must be one of C, C#, .*, got 'Hb'"):
        Set("root", "Hb")
    with pytest.raises(ConfigError, match=r"scale must be one of 'chromatic', .*, got 'Dorisch'"):
        PlaySettings(scale="Dorisch")


@pytest.mark.parametrize(
    "value",
    [10**400, -(10**400), float("inf"), float("nan"), None, [0] * 1000],
    ids=["huge", "below", "inf", "nan", "none", "list"],
)
def test_what_is_no_finite_number_is_refused_shortly(value: object) -> None:
    """A whole number that no float can hold is none either; a file may hold it."""
    with pytest.raises(ControlError, match="mu must be a finite number, got ") as refused:
        CONTROLS["mu"].check(value)
    assert len(str(refused.value)) < 80
