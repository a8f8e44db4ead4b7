"""The config.ini of the original MusicRNN is read as it is (P3)."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musicrnn.config.load import read_settings, settings_of
from musicrnn.config.old_ini import MAPPINGS, NOTE_CHARS, read_old
from musicrnn.config.settings import Settings, declared
from musicrnn.errors import ConfigError

ORIGINAL = f"""\
[NEW_MIDI_PARAMETERS]
new_resolution = 16
bpm = 120

[FORMAT_PARAMETERS]
note_chars = {NOTE_CHARS}
separation_char = _

[MODEL_PARAMETERS]
layer_size = 178
n_layer = 3
batch_size = 1
seq_size = 64
n_epoch = 500
learning_rate = 0.001
output_keep_prob = 0.8
init_from_model =
model_save_name = bach 100%
midis_folder_name_list = bach;  joplin rags ;

[SAMPLE_PARAMETERS]
n = 120
first_chars = _4^_
sample_from_model = runs/bach/model.onnx
sample_dir = samples
sample_name = first
mu = 1.5
sigma = 0.25
"""


def read(text: str) -> Settings:
    """Return the settings that a text of an old file gives."""
    return settings_of(read_old(text, "config.ini"))


def test_keys_of_the_old_text_may_be_left_empty() -> None:
    """As every other: nothing is told, nothing refused."""
    found = read_old("[FORMAT_PARAMETERS]\nnote_chars =\nseparation_char =\n", "config.ini")
    assert (dict(found.values), found.notes) == ({}, ())


def test_every_key_of_the_original_takes_effect(tmp_path: Path) -> None:
    """The whole file, through the door that `--config` uses."""
    (tmp_path / "config.ini").write_text(ORIGINAL, encoding="utf-8")
    found = read_settings(tmp_path / "config.ini")
    assert dict(found.values) == {
        "corpus.ticks_per_beat": 12,
        "corpus.folders": ("bach", "joplin rags"),
        "network.units": 178,
        "network.layers": 3,
        "network.dropout": 0.2,
        "network.output_dropout": 0.2,
        "training.lanes": 1,
        "training.window": 64,
        "training.epochs": 500,
        "training.learning_rate": 0.001,
        "training.name": "bach 100%",
        "play.tempo": 120.0,
        "play.prime": "_4^_",
        "play.model": "runs/bach/model.onnx",
        "play.mu": 1.5,
        "play.sigma": 0.25,
        "play.exponent_span": "run",
        "sample.seconds": 120.0,
        "sample.output": "samples/first.mid",
    }
    assert settings_of(found).corpus.folders == ("bach", "joplin rags")


def test_what_has_no_effect_or_another_value_is_told() -> None:
    """Nothing is dropped in silence."""
    notes = read_old(ORIGINAL, "config.ini").notes
    assert [note.split()[1] for note in notes] == ["new_resolution", "note_chars", "separation_char"]
    assert "the nearest, 12, is taken" in notes[0]


def test_the_alphabet_has_88_notes() -> None:
    """MIDI 21 to 108, each with a character of its own, C4 is `4`."""
    assert len(NOTE_CHARS) == len(set(NOTE_CHARS)) == 108 - 21 + 1
    assert NOTE_CHARS[60 - 21] == "4"


def test_every_target_is_a_setting_of_today() -> None:
    """The table cannot go stale."""
    known = dict(declared())
    assert all(name in known for row in MAPPINGS for name in row.targets)


@pytest.mark.parametrize(
    ("old", "grid"), [("1", 4), ("4", 4), ("8", 12), ("12", 12), ("16", 12), ("24", 24), ("96", 24)]
)
def test_a_resolution_becomes_the_nearest_grid(old: str, grid: int) -> None:
    """Of two that are as near, the finer."""
    assert read(f"[NEW_MIDI_PARAMETERS]\nnew_resolution = {old}\n").corpus.ticks_per_beat == grid


@pytest.mark.parametrize(
    ("old", "output"),
    [("tune", "tune.mid"), ("tune.MIDI", "tune.MIDI"), ("tune.txt", "tune.txt"), ("op.27", "op.27.mid")],
)
def test_a_sample_has_an_ending_that_can_be_written(old: str, output: str) -> None:
    """That of MIDI is added where there is none, or one that no sample has."""
    assert read(f"[SAMPLE_PARAMETERS]\nsample_name = {old}\n").sample.output == output


def test_the_other_spelling_of_the_folders_is_read() -> None:
    """Both names were in use."""
    assert read("[MODEL_PARAMETERS]\nfolder_name_list = a;b\n").corpus.folders == ("a", "b")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "[FORMAT_PARAMETERS]\nnote_chars = abc\n",
            "note_chars must be the 88 characters of MusicRNN; texts of another",
        ),
        ("[FORMAT_PARAMETERS]\nseparation_char = |\n", "separation_char must be '_'"),
        (
            "[MODEL_PARAMETERS]\nlayer_size = big\n",
            "[MODEL_PARAMETERS] layer_size (network.units) must be a whole number",
        ),
        ("[MODEL_PARAMETERS]\nlayer_size = 1\n", "must be a whole number in 8..4096, got 1"),
        ("[MODEL_PARAMETERS]\nlayer_sise = 1\n", "layer_sise is unknown: did you mean 'layer_size'?"),
        ("[MODEL]\nlayer_size = 1\n", "[MODEL] is unknown: did you mean 'MODEL_PARAMETERS'?"),
        ("[MODEL_PARAMETERS]\nn_layer = 1\nn_layer = 2\n", "already exists"),
        ("[SAMPLE_PARAMETERS]\nmu = -1\n", "mu (play.mu) must be a number in 0..16, got -1.0"),
        ("[SAMPLE_PARAMETERS]\nmu = nan\n", "mu (play.mu) must be a number in 0..16, got nan"),
        ("[NEW_MIDI_PARAMETERS]\nnew_resolution = nan\n", "must be one of 4, 12, 24 ticks, got nan"),
        ("[NEW_MIDI_PARAMETERS]\nnew_resolution = inf\n", "must be one of 4, 12, 24 ticks, got inf"),
        ("[NEW_MIDI_PARAMETERS]\nbpm = 5\n", "bpm (play.tempo) must be 0 or a number in 20..999 bpm, got 5.0"),
        (
            "[MODEL_PARAMETERS]\noutput_keep_prob = 2\n",
            "output_keep_prob (network.dropout) must be a number in 0..0.95, got -1.0",
        ),
        ("[SAMPLE_PARAMETERS]\nsample_dir = \0\n", "sample_dir and sample_name (sample.output) must be Unicode text"),
        ("layer_size = 1\n", "must be an INI file"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_key(text: str, message: str) -> None:
    """The message names the file, the old key and the rule of today."""
    with pytest.raises(ConfigError) as refused:
        read(text)
    assert message in str(refused.value)
    assert str(refused.value).startswith("config.ini")


ROWS = st.sampled_from(MAPPINGS)
VALUES = st.one_of(st.text(max_size=20), st.integers().map(str), st.floats().map(str))
LINES = st.one_of(
    st.builds("[{0.section}]".format, ROWS),
    st.builds("{0.key} = {1}".format, ROWS, VALUES),
    st.builds(lambda row, value: f"[{row.section}]\n{row.key}: {value}", ROWS, VALUES),
    st.text(max_size=20),
)


@given(st.one_of(st.lists(LINES, max_size=10).map("\n".join), st.text()))
def test_no_text_of_ini_ends_in_anything_but_settings_or_a_refusal(text: str) -> None:
    """A traceback would fail here."""
    try:
        refused = ""
        read(text)
    except ConfigError as error:
        refused = str(error)
    assert refused == "" or refused.startswith("config.ini")
