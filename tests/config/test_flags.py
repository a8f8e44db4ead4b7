"""Every setting is a flag, and a flag beats the settings file only if it was typed."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from musicrnn.config.corpus import PartRule
from musicrnn.config.flags import COMMANDS, add_settings, flag_of, settings_from, shown
from musicrnn.config.load import read_toml, settings_of
from musicrnn.config.settings import Settings, declared
from musicrnn.errors import ConfigError


def parser_of(command: str) -> argparse.ArgumentParser:
    """Return a parser with the flags of a command."""
    parser = argparse.ArgumentParser(command, allow_abbrev=False)
    add_settings(parser, COMMANDS[command])
    return parser


def settings(command: str, *words: str) -> Settings:
    """Return the settings that a command line gives."""
    return settings_from(parser_of(command).parse_args(words), command)


@pytest.fixture(autouse=True)
def no_user_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the settings file of who runs the tests out of them."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))


def test_no_flags_leave_the_defaults() -> None:
    """For every command."""
    assert all(settings(command) == Settings() for command in COMMANDS)


@pytest.mark.parametrize("words", [["drums"], ["--bars", "4", "drums"], ["drums", "--bars", "4"], ["--model", "drums"]])
def test_a_model_needs_no_flag(words: list[str]) -> None:
    """Whatever stands before it or after it."""
    for command in ("sample", "daemon"):
        assert settings(command, *words).play.model == "drums"


@pytest.mark.parametrize(
    ("words", "given"),
    [
        (["songs", "--model", "drums"], "'songs' and 'drums'"),
        (["--model", "songs", "--bars", "2", "drums"], "'songs' and 'drums'"),
        (["--model=songs", "songs"], "'songs' and 'songs'"),
    ],
)
def test_a_model_named_with_a_flag_and_without_is_refused(words: list[str], given: str) -> None:
    """Nobody could tell which is meant."""
    for command in ("sample", "daemon"):
        with pytest.raises(ConfigError, match=rf"given as MODEL or with --model, got both: {given}$"):
            settings(command, *words)


def test_of_a_flag_that_is_typed_twice_the_last_counts() -> None:
    """As where an alias has one of its own."""
    assert settings("sample", "--model", "songs", "--model", "drums").play.model == "drums"


def test_every_setting_is_a_flag_of_some_command() -> None:
    """None can be set from a file alone."""
    named = {name for names in COMMANDS.values() for name, _ in declared(names)}
    assert named == {name for name, _ in declared()}


def test_help_shows_the_flag_its_range_and_its_default() -> None:
    """P37."""
    text = " ".join(parser_of("train").format_help().split())
    assert "--learning-rate X Highest learning rate (0..1; default 0.003)" in text
    assert "--ticks-per-beat N Grid: ticks in a quarter note; 12 holds sixteenths and triplets" in text


def test_flags_of_each_type_take_effect() -> None:
    """Whole numbers, numbers, texts, choices, true or false, folders and part tables."""
    found = settings("train", "a", "b", "--epochs", "3", "--clip=0.5", "--name", "x", "--schedule", "constant",
                     "--no-articulation", "--deterministic", "--part", 'name = "v", tracks = [1]',
                     "--part", 'name="p",rest=true')  # fmt: skip
    assert found.corpus.folders == ("a", "b")
    assert (found.training.epochs, found.training.clip, found.training.name) == (3, 0.5, "x")
    assert (found.training.schedule, found.corpus.articulation, found.training.deterministic) == (
        "constant",
        False,
        True,
    )
    assert found.corpus.parts == (PartRule(name="v", tracks=(1,)), PartRule(name="p", rest=True))
    assert found.origins["training.epochs"] == "--epochs"
    assert found.origins["corpus.folders"] == "folders"


def test_the_settings_file_may_lie_at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the paths in it may: a shell leaves the ~ of --config=~/x as it is."""
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path))
    (tmp_path / "a.toml").write_text("[play]\nmu = 2\n", encoding="utf-8")
    assert settings("daemon", "--config=~/a.toml").play.mu == 2.0


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ('name = "lead", tracks = [2]', "--part must have names of their own, got 'lead' twice"),
        ('name = "bass", rest = true', "--part must have rest = true at most once, got 2"),
    ],
)
def test_parts_that_contradict_each_other_are_told_by_their_flag(other: str, message: str) -> None:
    """And by no other that has to do with the corpus."""
    with pytest.raises(ConfigError) as error:
        settings("train", "music", "--split-seed", "3", "--part", 'name = "lead", rest = true', "--part", other)
    assert str(error.value) == message


def test_loudness_without_articulation_is_refused() -> None:
    """Before the corpus is read: no vocabulary has it."""
    with pytest.raises(ConfigError) as error:
        settings("train", "music", "--no-articulation", "--velocity-bins", "8")
    assert str(error.value) == "--velocity-bins must be 0 where articulation is off, got 8"


def test_the_daemon_has_the_flags_it_is_known_by() -> None:
    """Sections share names of keys, so that some flags are not called as their keys."""
    found = settings("daemon", "--model", "m.onnx", "--midi-api", "jack", "--record", "x.mid", "--bars", "16",
                     "--seed", "7", "--tempo", "90", "--no-osc", "--osc-port", "9001", "--density", "-2.5")  # fmt: skip
    assert (found.play.model, found.midi.api, found.record.file, found.play.bars) == ("m.onnx", "jack", "x.mid", 16)
    assert (found.play.seed, found.play.tempo, found.play.density) == (7, 90.0, -2.5)
    assert (found.osc.enabled, found.osc.port) == (False, 9001)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--audition-every", "many"], "--audition-every must be a whole number in 1..100000 epochs, got 'many'"),
        (["--audition-every", "1.5"], "--audition-every must be a whole number in 1..100000 epochs, got '1.5'"),
        (["--audition-every", "0"], "--audition-every must be a whole number in 1..100000 epochs, got 0"),
        (["--audition-every", "9" * 5000], "--audition-every must be a whole number in 1..100000"),
        (["--learning-rate", "nan"], "--learning-rate must be a number in 0..1, got nan"),
        (["--learning-rate", "1e999"], "--learning-rate must be a number in 0..1, got inf"),
        (["--ticks-per-beat", "16"], "--ticks-per-beat must be one of 4, 12, 24 ticks, got 16"),
        (["--schedule", "x"], "--schedule must be one of 'cosine', 'exponential', 'constant', got 'x'"),
        (["--part", "name="], "--part must be like"),
        (["--part", 'name = "a"'], "--part[0]: part 'a' must say which tracks it takes"),
        (["--name", "\udce9"], "--name must be Unicode text"),
    ],
)
def test_a_flag_that_breaks_a_rule_is_refused(words: list[str], message: str) -> None:
    """The message names the flag, the rule and the value."""
    with pytest.raises(ConfigError) as refused:
        settings("train", *words)
    assert message in str(refused.value)


def test_a_flag_beats_the_file_only_if_typed(tmp_path: Path) -> None:
    """Also where what was typed is the default."""
    file = tmp_path / "a.toml"
    file.write_text("[training]\nepochs = 7\nlanes = 8\noverwrite = true\n", encoding="utf-8")
    found = settings("train", "--config", str(file), "--epochs", "50", "--no-overwrite")
    assert (found.training.epochs, found.training.lanes, found.training.overwrite) == (50, 8, False)
    assert found.origins["training.epochs"] == "--epochs"
    assert found.origins["training.lanes"] == str(file)


def test_what_plays_reads_the_users_own_file_and_what_trains_does_not(tmp_path: Path) -> None:
    """A training must not depend on whose machine it runs on."""
    (tmp_path / "musicrnn").mkdir()
    file = tmp_path / "musicrnn" / "musicrnn.toml"
    file.write_text("[play]\nmu = 2\n", encoding="utf-8")
    (tmp_path / "none.toml").touch()
    assert settings("daemon").play.mu == settings("sample").play.mu == 2.0
    assert settings("train").play.mu == settings("daemon", "--config", str(tmp_path / "none.toml")).play.mu == 1.0


def test_notes_on_an_old_file_go_to_standard_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Standard output is for what was asked for."""
    (tmp_path / "config.ini").write_text("[NEW_MIDI_PARAMETERS]\nnew_resolution = 16\n", encoding="utf-8")
    settings("train", "--config", str(tmp_path / "config.ini"))
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith("musicrnn: ")
    assert "the nearest, 12, is taken" in output.err


def test_show_config_prints_the_settings_and_where_each_came_from(capsys: pytest.CaptureFixture[str]) -> None:
    """What is printed is itself a settings file."""
    args = parser_of("train").parse_args(["--show-config", "--epochs", "3"])
    found = settings_from(args)
    assert shown(args, found, COMMANDS["train"])
    text = capsys.readouterr().out
    assert "epochs = 3  # --epochs\n" in text
    assert "lanes = 0  # default\n" in text
    assert "[play]" not in text
    assert settings_of(read_toml(text, "printed")) == found


def test_without_show_config_nothing_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """The command goes on."""
    assert not shown(parser_of("train").parse_args([]), Settings(), ())
    assert capsys.readouterr().out == ""


def test_a_flag_is_named_as_its_key() -> None:
    """With hyphens, as flags are written."""
    rules = dict(declared())
    assert flag_of("training.learning_rate", rules["training.learning_rate"]) == "--learning-rate"
    assert flag_of("midi.api", rules["midi.api"]) == "--midi-api"
