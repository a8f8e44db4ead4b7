"""The folder of recordings."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from musicrnn.config.play import RecordSettings
from musicrnn.daemon.journal import Journal
from musicrnn.daemon.shelf import log_of, new_recording, trim
from musicrnn.errors import ConfigError

NOW = datetime(2026, 3, 1, 12, 30, 5, tzinfo=UTC)


def test_a_recording_is_named_by_its_time_and_model(tmp_path: Path) -> None:
    """And a second one of the same second by a number."""
    record = RecordSettings(folder=str(tmp_path))
    first = new_recording(record, "chorales", NOW)
    assert first == tmp_path / "2026-03-01-123005-chorales.mid"
    log_of(first).touch()
    second = new_recording(record, "chorales", NOW)
    assert second == tmp_path / "2026-03-01-123005-chorales-2.mid"
    second.touch()
    assert new_recording(record, "chorales", NOW) == tmp_path / "2026-03-01-123005-chorales-3.mid"


def test_a_models_name_is_no_path(tmp_path: Path) -> None:
    """Whatever it holds."""
    path = new_recording(RecordSettings(folder=str(tmp_path)), "../../a b/c", NOW)
    assert path.parent == tmp_path


@pytest.mark.parametrize("there", ["take.mid", "take.jsonl"])
def test_a_file_that_is_there_is_not_overwritten(tmp_path: Path, there: str) -> None:
    """Neither the MIDI file nor its log."""
    (tmp_path / there).touch()
    with pytest.raises(ConfigError, match="must not be there yet"):
        new_recording(RecordSettings(file=str(tmp_path / "take.mid")), "chorales", NOW)


@pytest.mark.parametrize("name", ["take.wav", "take.jsonl", "take.mid.gz"])
def test_a_file_to_record_to_is_a_midi_file(tmp_path: Path, name: str) -> None:
    """No MIDI is written into a file that says it is sound, nor over its own log."""
    with pytest.raises(ConfigError, match=r"record\.file must end in \.mid or \.midi, got .*" + name):
        new_recording(RecordSettings(file=str(tmp_path / name)), "chorales", NOW)


def test_a_file_to_record_to_goes_into_a_folder_that_is_there(tmp_path: Path) -> None:
    """As an output of `musicrnn sample` does: the folder's name may be mistyped."""
    with pytest.raises(ConfigError, match=r"record\.file must go into a folder that is there, got .*take\.mid"):
        new_recording(RecordSettings(file=str(tmp_path / "new" / "take.mid")), "chorales", NOW)


def test_a_folder_is_no_file_to_record_to(tmp_path: Path) -> None:
    """Nothing is written beside it under its name and an ending."""
    with pytest.raises(ConfigError, match=r"record\.file must be a file, got the folder .*"):
        new_recording(RecordSettings(file=str(tmp_path)), "chorales", NOW)


@pytest.mark.parametrize(("name", "file"), [("take", "take.mid"), ("take.midi", "take.midi"), ("TAKE.MID", "TAKE.MID")])
def test_a_file_to_record_to_gets_an_ending_where_it_has_none(tmp_path: Path, name: str, file: str) -> None:
    """As an output of `musicrnn sample` does."""
    assert new_recording(RecordSettings(file=str(tmp_path / name)), "chorales", NOW) == tmp_path / file


def _shelf(folder: Path, count: int) -> list[Path]:
    paths = [folder / f"2026-01-{day + 1:02d}-000000-m.mid" for day in range(count)]
    for path in paths:
        path.write_bytes(b"x" * 400_000)
        log_of(path).write_bytes(b"x" * 100_000)
    return paths


def test_the_oldest_go_first_until_the_rest_fits(tmp_path: Path) -> None:
    """Five of half a megabyte each, two megabytes allowed."""
    paths = _shelf(tmp_path, 5)
    deleted = trim(tmp_path, 2, keep=paths[-1])
    assert set(deleted) == {paths[0], log_of(paths[0])}


def test_only_our_own_files_go_and_never_the_one_being_written(tmp_path: Path) -> None:
    """A user's own files in that folder are safe."""
    paths = _shelf(tmp_path, 3)
    mine = tmp_path / "my best take.mid"
    mine.write_bytes(b"x" * 5_000_000)
    trim(tmp_path, 1, keep=paths[0])
    assert mine.exists()
    assert paths[0].exists()
    assert not paths[1].exists()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows lets nobody delete a file that is open")
def test_the_log_of_a_daemon_that_still_plays_stays(tmp_path: Path) -> None:
    """Another one begins, and there is no room: that log is the only place where what is played is kept."""
    old = tmp_path / "2026-01-01-000000-m.jsonl"
    journal = Journal(old, b"x" * 900_000)
    paths = [tmp_path / f"2026-01-0{day}-000000-m.mid" for day in (2, 3)]
    for path in paths:
        path.write_bytes(b"x" * 400_000)
    assert trim(tmp_path, 1, keep=paths[-1]) == [paths[0]]
    assert old.exists()
    journal.close()
    assert trim(tmp_path, 1, keep=paths[-1]) == [old]


def test_no_limit_deletes_nothing(tmp_path: Path) -> None:
    """And neither does a folder that is not there."""
    paths = _shelf(tmp_path, 3)
    assert trim(tmp_path, 0, keep=paths[0]) == []
    assert trim(tmp_path / "nowhere", 1, keep=paths[0]) == []
