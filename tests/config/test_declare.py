"""Settings check themselves, wherever their values come from."""

from __future__ import annotations

import dataclasses
import math

import pytest

from musicrnn.config.corpus import CorpusSettings, PartRule
from musicrnn.config.network import NetworkSettings
from musicrnn.config.play import PlaySettings
from musicrnn.config.settings import SECTIONS, Settings, declared
from musicrnn.config.training import TrainingSettings
from musicrnn.errors import ConfigError


def test_the_defaults_pass_their_own_checks() -> None:
    """Each section can be made without a word."""
    settings = Settings()
    assert settings.corpus.ticks_per_beat == 12
    assert settings.network == NetworkSettings(cell="lstm", layers=2, units=256)
    assert settings.play.model == "chorales"


def test_every_number_has_bounds_and_every_setting_says_what_it_is() -> None:
    """A declaration that leaves out its range or its help is a bug."""
    for name, rule in declared():
        assert rule.help.endswith("."), name
        assert rule.kind not in (int, float) or rule.choices or rule.range, name


def test_sections_are_frozen_and_slotted() -> None:
    """A setting cannot be changed after it was checked, nor one added by a slip."""
    for kind in SECTIONS.values():
        section = kind()
        assert not hasattr(section, "__dict__")
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(section, dataclasses.fields(section)[0].name, 1)  # type: ignore[arg-type]


def test_an_empty_path_is_none() -> None:
    """It would be the folder of whoever calls; a path that may be left out is empty where it is."""
    with pytest.raises(ConfigError, match=r"folders\[1\] must be a path, got ''"):
        CorpusSettings(folders=("a", ""))
    assert TrainingSettings(resume="").resume == ""


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"learning_rate": 2}, "learning_rate must be a number in 0..1, got 2.0"),
        ({"learning_rate": math.nan}, "learning_rate must be a number in 0..1, got nan"),
        ({"learning_rate": math.inf}, "learning_rate must be a number in 0..1, got inf"),
        ({"learning_rate": "0.1"}, "learning_rate must be a number in 0..1, got '0.1'"),
        ({"learning_rate": 10**400}, "learning_rate must be a number in 0..1, got a number beyond 64 bits"),
        ({"audition_every": 0}, "audition_every must be a whole number in 1..100000 epochs, got 0"),
        ({"audition_every": 1.0}, "audition_every must be a whole number in 1..100000 epochs, got 1.0"),
        ({"audition_every": True}, "audition_every must be a whole number in 1..100000 epochs, got true"),
        (
            {"audition_every": 10**5000},
            "audition_every must be a whole number in 1..100000 epochs, got a number beyond 64 bits",
        ),
        ({"deterministic": 1}, "deterministic must be true or false, got 1"),
        ({"schedule": "cosin"}, "schedule must be one of 'cosine', 'exponential', 'constant', got 'cosin'"),
        ({"name": "a\0b"}, "name must be Unicode text without NUL"),
        ({"name": "caf\udce9"}, "name must be Unicode text without NUL"),
    ],
)
def test_a_value_of_another_type_or_range_is_refused(values: dict[str, object], message: str) -> None:
    """The message names the field, the rule and the value."""
    with pytest.raises(ConfigError) as refused:
        TrainingSettings(**values)  # type: ignore[arg-type]
    assert message in str(refused.value)


def test_one_level_of_loudness_would_tell_nothing_apart() -> None:
    """None, or two and more."""
    assert [CorpusSettings(velocity_bins=levels).velocity_bins for levels in (0, 2, 32)] == [0, 2, 32]
    with pytest.raises(ConfigError, match=r"velocity_bins must be 0 or a whole number in 2\.\.32, got 1"):
        CorpusSettings(velocity_bins=1)


def test_a_whole_number_is_a_number() -> None:
    """TOML writes 1 where 1.0 is meant."""
    clip = TrainingSettings(clip=2).clip
    assert clip == 2.0
    assert isinstance(clip, float)


@pytest.mark.parametrize("tempo", [0, 20, 999, 120.5])
def test_a_tempo_is_a_tempo_or_the_models_own(tempo: float) -> None:
    """0 stands beside the range."""
    assert PlaySettings(tempo=tempo).tempo == tempo


@pytest.mark.parametrize("tempo", [-1, 19.9, 1000])
def test_a_tempo_between_is_refused(tempo: float) -> None:
    """The message tells of both."""
    with pytest.raises(ConfigError, match=r"tempo must be 0 or a number in 20\.\.999 bpm, got"):
        PlaySettings(tempo=tempo)


def test_part_rules_are_read_from_tables() -> None:
    """A table of TOML becomes a rule with the other fields at their defaults."""
    corpus = CorpusSettings(parts=({"name": "voice", "tracks": [1]}, PartRule(name="piano", rest=True)))  # type: ignore[arg-type]
    assert corpus.parts == (PartRule(name="voice", tracks=(1,)), PartRule(name="piano", rest=True))


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ([{"name": "a", "tracks": [0]}], "parts[0].tracks[0] must be a whole number in 1..1024, got 0"),
        ([{"name": "a", "chanels": [1]}], "parts[0].chanels is unknown: did you mean 'channels'?"),
        ([{"name": "a"}], "part 'a' must say which tracks it takes"),
        ([{"rest": True}], "name must be letters"),
        ([{"name": "a b", "rest": True}], "name must be letters"),
        ([{"name": "a", "rest": True, "low": 60, "high": 50}], "low must be at most high (50), got 60"),
        ([{"name": "a", "rest": True}, {"name": "a", "drums": True}], "names of their own, got 'a' twice"),
        ([{"name": "a", "rest": True}, {"name": "b", "rest": True}], "rest = true at most once, got 2"),
        (["voice"], "parts[0] must be a table, got 'voice'"),
        ("voice", "parts must be a list, each item a table, got 'voice'"),
    ],
)
def test_a_part_rule_that_cannot_hold_is_refused(parts: object, message: str) -> None:
    """The message names the rule's place in the list."""
    with pytest.raises(ConfigError) as refused:
        CorpusSettings(parts=parts)  # type: ignore[arg-type]
    assert message in str(refused.value)


def test_a_path_may_begin_at_home(monkeypatch: pytest.MonkeyPatch) -> None:
    """A settings file has no shell to do it."""
    monkeypatch.setenv("HOME", "/home/ada")
    monkeypatch.setenv("USERPROFILE", "/home/ada")
    assert CorpusSettings(folders=("~/midi", "a~b")).folders == ("/home/ada/midi", "a~b")
    assert TrainingSettings(run_folder="").run_folder == ""
