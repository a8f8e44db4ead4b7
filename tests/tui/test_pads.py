"""The file of the pads of seeds."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musicrnn.errors import ConfigError
from musicrnn.tui.pads import MAX_BYTES, PadFile, pads_from, text_of

SEEDS = st.integers(0, 2**31 - 1)


@given(st.dictionaries(st.sampled_from("123456789"), SEEDS))
def test_pads_come_back_as_they_were_written(pads: dict[str, int]) -> None:
    """Whatever they keep."""
    assert pads_from(text_of(pads).encode()) == pads


@given(st.binary(max_size=200))
def test_rubbish_is_refused_with_a_rule(content: bytes) -> None:
    """Never anything but a ValueError."""
    with pytest.raises(ValueError, match="must"):
        pads_from(content)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ('{"format": 2, "pads": {}}', '"format": 1'),
        ('{"format": 1, "pads": {"0": 1}}', "1 to 9"),
        ('{"format": 1, "pads": {"1": -1}}', "seed must be in"),
        ('{"format": 1, "pads": {"1": 1.5}}', "whole number"),
        ('{"format": 1, "pads": {"1": "7"}}', "finite number"),
        (f'{{"format": 1, "pads": {{"1": 1{"0" * 400}}}}}', "finite number"),
        ("[" * 5000, f"at most {MAX_BYTES} bytes"),
        ("[" * 2000, "JSON"),
    ],
)
def test_a_broken_file_is_set_aside_with_the_reason(tmp_path: Path, text: str, rule: str) -> None:
    """What was in it is still there, and the next start finds no pads."""
    path = tmp_path / "seed-pads.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=rule) as refused:
        PadFile(path).load()
    assert str(path) in str(refused.value)
    assert (tmp_path / "seed-pads.json.broken").read_text(encoding="utf-8") == text
    assert PadFile(path).load() == {}


def test_what_another_program_kept_stays(tmp_path: Path) -> None:
    """Two that share the file, in a folder that was not there."""
    path = tmp_path / "new" / "seed-pads.json"
    PadFile(path).keep("1", 7)
    assert PadFile(path).keep("2", 8) == {"1": 7, "2": 8}
    assert PadFile(path).load() == {"1": 7, "2": 8}


def test_where_nothing_can_be_written_the_file_is_named(tmp_path: Path) -> None:
    """Its folder is a file."""
    (tmp_path / "taken").write_text("", encoding="utf-8")
    with pytest.raises(ConfigError, match="taken"):
        PadFile(tmp_path / "taken" / "seed-pads.json").keep("1", 7)


@pytest.mark.parametrize("pad", ["0", "10", "12", "²", ""])
def test_a_pad_that_is_none_is_refused(tmp_path: Path, pad: str) -> None:
    """Before it is written: what is there stays."""
    file = PadFile(tmp_path / "seed-pads.json")
    file.keep("1", 7)
    with pytest.raises(ConfigError, match=f"a pad must be one of 1 to 9, got '{pad}'"):
        file.keep(pad, 8)
    assert file.load() == {"1": 7}


@pytest.mark.parametrize(("pad", "seed"), [("²", 1), ("12", 1), ("3", -1), ("3", "7")])
def test_a_wrong_pad_costs_no_other(tmp_path: Path, pad: str, seed: object) -> None:
    """The file is set aside as it was; a new one has the pads that are whole."""
    path = tmp_path / "seed-pads.json"
    text = json.dumps({"format": 1, "pads": {"1": 7, pad: seed, "9": 8}})
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"it is now seed-pads\.json\.broken, and pads 1, 9 are kept"):
        PadFile(path).load()
    assert (tmp_path / "seed-pads.json.broken").read_text(encoding="utf-8") == text
    assert PadFile(path).load() == {"1": 7, "9": 8}


def test_where_whole_pads_cannot_be_written_the_file_stays(tmp_path: Path) -> None:
    """What it is to be set aside as is a folder."""
    path = tmp_path / "seed-pads.json"
    path.write_text('{"format": 1, "pads": {"1": 7, "0": 8}}', encoding="utf-8")
    (tmp_path / "seed-pads.json.broken").mkdir()
    with pytest.raises(ConfigError, match="it stays where it is: Is a directory"):
        PadFile(path).load()
    assert path.is_file()
