"""A settings file is read strictly, and whatever is in it never ends in a traceback."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musicrnn.config.declare import Rule
from musicrnn.config.load import read_settings, read_toml, settings_of
from musicrnn.config.settings import SECTIONS, Settings, declared
from musicrnn.config.write import to_toml
from musicrnn.errors import ConfigError

FILE = "musicrnn.toml"
KEYS = sorted({name.split(".")[1] for name, _ in declared()})


def read(text: str) -> Settings:
    """Return the settings that a text of TOML gives."""
    return settings_of(read_toml(text, FILE))


def refusal_names(file: str, work: Callable[[], object]) -> bool:
    """Tell whether the work succeeds, or is refused with a message that names the file."""
    try:
        work()
    except ConfigError as error:
        return file in str(error)
    return True


def test_an_empty_file_leaves_the_defaults() -> None:
    """Nothing has to be written."""
    assert read("") == Settings()


def test_values_of_a_file_take_effect_and_tell_where_they_came_from() -> None:
    """What is not in the file keeps its default."""
    settings = read('[training]\nepochs = 3\nclip = 2\n[play]\nmodel = "songs"\n')
    assert settings.training.epochs == 3
    assert settings.training.clip == 2.0
    assert settings.play.model == "songs"
    assert settings.origins == {"training.epochs": FILE, "training.clip": FILE, "play.model": FILE}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "[training]\n\nlerning_rate = 1\n",
            "musicrnn.toml:3: training.lerning_rate is unknown: did you mean 'learning_rate'?",
        ),
        ("# hello\n[trainin]\n", "musicrnn.toml:2: [trainin] is unknown: did you mean 'training'?"),
        ("[zzz]\n", "musicrnn.toml:1: [zzz] is unknown: known are corpus, network"),
        ("\nepochs = 3\n", "musicrnn.toml:2: epochs must be below the head of a section, [training], got it in none"),
        ("seed = 3\n", "musicrnn.toml:1: seed must be below the head of a section, [training] or [play], got it"),
        ("zzz = 3\n", "musicrnn.toml:1: zzz must be below the head of a section, such as [play], got it in none"),
        ("training = 3\n", "musicrnn.toml: [training] must be a table, got 3"),
        ("[play]\nmu = 17\n", "musicrnn.toml:2: play.mu must be a number in 0..16, got 17.0"),
        ("[play]\nmu = nan\n", "musicrnn.toml:2: play.mu must be a number in 0..16, got nan"),
        ("[play]\nmu = -inf\n", "musicrnn.toml:2: play.mu must be a number in 0..16, got -inf"),
        ("[osc]\nenabled = 1\n", "musicrnn.toml:2: osc.enabled must be true or false, got 1"),
        ("[osc]\nenabled = 'true'\n", "musicrnn.toml:2: osc.enabled must be true or false, got 'true'"),
        ("[midi]\nport = 1979-05-27\n", "musicrnn.toml:2: midi.port must be a text, got datetime.date(1979, 5, 27)"),
        ("[play]\nmu = 1\nmu = 2\n", "musicrnn.toml must be a TOML file: Cannot overwrite a value (at line 3"),
        ("[play\n", "musicrnn.toml must be a TOML file"),
        ("a = " + "[" * 10_000, "musicrnn.toml must"),
        ("[training]\nseed = " + "9" * 5000, "musicrnn.toml must be a TOML file"),
        ('[[corpus.parts]]\nname = "a"\n', "musicrnn.toml: corpus.parts[0]: part 'a' must say which tracks it takes"),
    ],
)
def test_what_breaks_a_rule_is_refused_with_file_rule_and_value(text: str, message: str) -> None:
    """The line is told where the key stands plainly in the file."""
    with pytest.raises(ConfigError) as refused:
        read(text)
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


def test_settings_that_contradict_each_other_name_the_file() -> None:
    """Two parts of one name are each well formed."""
    part = '[[corpus.parts]]\nname = "a"\ntracks = [1]\n'
    with pytest.raises(ConfigError, match=r"musicrnn\.toml: .*'a' twice"):
        read(part + part)


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    """A missing file, a folder, a file that is no text, and one too large: each says which."""
    (tmp_path / "latin.toml").write_bytes(b"[midi]\nport = '\xe9'\n")
    (tmp_path / "large.toml").write_bytes(b"#" * (2**20 + 1))
    for name, reason in [
        ("none.toml", "No such file"),
        ("", "directory"),
        ("latin.toml", "must be UTF-8 text, got byte 0xe9 at 15"),
        ("large.toml", "must have at most 1048576 bytes"),
        ("\0.toml", "null"),
    ]:
        with pytest.raises(ConfigError, match=reason):
            read_settings(tmp_path / name)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no pipes in folders")
def test_a_pipe_is_refused(tmp_path: Path) -> None:
    """Nobody may ever write into it, and the program would wait for ever."""
    os.mkfifo(tmp_path / "pipe.toml")
    with pytest.raises(ConfigError, match="must be a settings file that can be read: it is no regular file"):
        read_settings(tmp_path / "pipe.toml")


def test_only_a_near_name_is_offered() -> None:
    """A wild guess would be worse than the list."""
    with pytest.raises(ConfigError, match=r"play\.moo is unknown: known are model, "):
        read("[play]\nmoo = 1\n")


def test_a_byte_order_mark_is_allowed(tmp_path: Path) -> None:
    """Windows' editor writes one."""
    (tmp_path / FILE).write_bytes(b"\xef\xbb\xbf[play]\r\nmu = 2\r\n")
    assert settings_of(read_settings(tmp_path / FILE)).play.mu == 2.0


def test_settings_written_as_toml_read_back_the_same() -> None:
    """A run folder keeps its settings so."""
    text = '[play]\nprime = "C4 \\"x\\" \\\\ \\n é \\u0007\\u007f"\nmu = 1e-5\n[corpus]\nfolders = ["a", "b c"]\n'
    text += (
        '[[corpus.parts]]\nname = "voice"\ntracks = [1, 2]\nnames = ["V*"]\n[[corpus.parts]]\nname = "x"\nrest = true\n'
    )
    settings = read(text)
    assert read(to_toml(settings)) == settings
    assert read(to_toml(settings, origins=True)) == settings


def values_of(name: str) -> st.SearchStrategy[Any]:
    """Return values that a setting allows."""
    rule = dict(declared())[name]
    return st.lists(one_of(rule), max_size=3).map(tuple) if rule.plural else one_of(rule)


def one_of(rule: Rule) -> st.SearchStrategy[Any]:
    """Return single values that a rule allows."""
    if rule.choices:
        return st.sampled_from(rule.choices)
    if rule.kind is bool:
        return st.booleans()
    if rule.kind is int:
        return st.integers(int(rule.low or 0), int(rule.high or 0))
    if rule.kind is float:
        return st.floats(rule.low, rule.high)
    least = 1 if rule.path and rule.plural else 0
    return st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0~"), min_size=least)


PLAIN = {name: values_of(name) for name, _ in declared() if name != "corpus.parts"}


def go_together(values: dict[str, Any]) -> bool:
    """Tell whether settings that are legal each by itself are so together: no loudness without articulation."""
    return values.get("corpus.articulation", True) or not values.get("corpus.velocity_bins", 0)


@given(st.fixed_dictionaries({}, optional=PLAIN).filter(go_together))
def test_any_legal_settings_survive_being_written_and_read(values: dict[str, Any]) -> None:
    """Whatever the texts and numbers are."""
    sections = {
        section: kind(**{name.split(".")[1]: value for name, value in values.items() if name.startswith(f"{section}.")})
        for section, kind in SECTIONS.items()
    }
    settings = Settings(**sections)  # type: ignore[arg-type]
    assert read(to_toml(settings)) == settings


ATOMS = st.one_of(
    st.integers().map(str),
    st.floats().map(str),
    st.sampled_from(
        ["true", "false", '""', '"lstm"', "[]", "{}", "[[]]", "1979-05-27", "0x10", "[1, 'a']", '{name="a"}']
    ),
    st.text(max_size=20),
)
LINES = st.one_of(
    st.builds("[{}]".format, st.sampled_from([*SECTIONS, "corpus.parts", "[corpus.parts]", "x"])),
    st.builds("{} = {}".format, st.sampled_from([*KEYS, "name", "tracks"]), ATOMS),
    st.text(max_size=30),
)


@given(st.one_of(st.lists(LINES, max_size=12).map("\n".join), st.text()))
def test_no_text_of_toml_ends_in_anything_but_settings_or_a_refusal(text: str) -> None:
    """A traceback would fail here."""
    assert refusal_names(FILE, lambda: read(text))


@given(st.binary(max_size=200), st.sampled_from(["a.toml", "config.ini"]))
def test_no_bytes_in_a_file_end_in_anything_but_settings_or_a_refusal(
    tmp_path_factory: Any, content: bytes, name: str
) -> None:
    """The same below the text."""
    path: Path = tmp_path_factory.mktemp("fuzz") / name
    path.write_bytes(content)
    assert refusal_names(name, lambda: settings_of(read_settings(path)))
