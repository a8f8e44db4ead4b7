"""`musicrnn check`, run as a person runs it."""

from __future__ import annotations

import io
import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from musicrnn.cli import run_verb
from musicrnn.commands.check import MOST_EXPLAINED
from tests.models.raw_midi import END, ONE_NOTE, file, header, track

REAL = Path(__file__).parent.parent / "fixtures" / "midi"


def check(*words: str) -> int:
    """Run the command without the user's cache."""
    return run_verb("check", [*words, "--no-cache"], "musicrnn check")


def test_a_usable_file_has_a_row(capsys: pytest.CaptureFixture[str]) -> None:
    """Parts, notes, bars, tempo, metre, range, polyphony, off-grid share; status 0."""
    assert check(str(REAL / "chorale.mid")) == 0
    out = capsys.readouterr().out
    row = next(line for line in out.splitlines() if line.startswith("chorale.mid"))
    assert row.split() == [
        "chorale.mid", "soprano", "58,", "alto", "61,", "tenor", "68,", "bass", "77",
        "264", "15", "120", "4/4", "A2..G#5", "4", "0%",
    ]  # fmt: skip
    assert "part bass: A2..B3, at most 1 at once, channel 4, program 0, 77 notes in 1 file\n" in out
    assert "1 of 1 files usable." in out


class Terminal(io.StringIO):
    """What is written to a terminal."""

    def isatty(self) -> bool:
        """Say that it is one."""
        return True


@pytest.mark.parametrize(("columns", "told"), [("80", "music/bwv253.mid "), ("60", "music/b")])
def test_names_are_not_cut_off_on_a_terminal(
    columns: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At 80 columns one of that length has its own row; at 60 it takes more rows."""
    folder = tmp_path / "music"
    folder.mkdir()
    shutil.copy(REAL / "chorale.mid", folder / "bwv253.mid")
    shutil.copy(REAL / "band.mid", folder / "tafelmusik-ouverture.mid")
    monkeypatch.setenv("COLUMNS", columns)
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    assert check(str(folder)) == 0
    table = terminal.getvalue().partition("music/bwv253.mid: ")[0]
    assert f"\n{told}" in table
    assert "…" not in table


def test_an_empty_path_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """It would be the folder of whoever calls."""
    assert check("") == 78
    assert capsys.readouterr().err == "musicrnn: error: folders[0] must be a path, got ''\n"


def test_a_file_played_by_hand_is_told_by_its_share_off_the_grid(capsys: pytest.CaptureFixture[str]) -> None:
    """Seven onsets in ten of a drummer."""
    assert check(str(REAL / "drums.mid"), "--json") == 0
    (row,) = json.loads(capsys.readouterr().out)["files"]
    assert row["parts"] == {"drums": 247}
    assert row["off_grid"] == pytest.approx(0.745, abs=0.01)
    assert row["mean_ms"] == pytest.approx(12.1, abs=0.1)
    assert row["worst_beats"] == pytest.approx(1 / 24, abs=1e-4)


def test_what_is_left_out_and_why_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An unusable file makes the status 1; a copy does not."""
    (tmp_path / "bad.mid").write_bytes(b"MThd")
    (tmp_path / "one.mid").write_bytes(file(*ONE_NOTE))
    (tmp_path / "two.mid").write_bytes(file(*ONE_NOTE))
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    assert check(str(tmp_path)) == 1
    out = capsys.readouterr().out
    name = tmp_path.name
    assert f"{name}/bad.mid: a MIDI header must be 14 bytes, got 4" in out
    assert f"{name}/two.mid: the same as {name}/one.mid" in out
    assert "2 of 3 files usable." in out
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_the_column_of_what_is_left_out_counts_notes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Not the kinds of what was lost; a note that is only shortened is not left out."""
    twice = "00 90 3c 50", "00 90 3e 50", "00 91 3c 50", "00 91 3e 50", "60 80 3c 00", "00 80 3e 00"
    both = track(*twice, "00 81 3c 00", "00 81 3e 00", END) + track(*ONE_NOTE, END)
    (tmp_path / "a.mid").write_bytes(header(1, 2, 96) + both)
    assert check(str(tmp_path / "a.mid")) == 0
    out = capsys.readouterr().out
    assert out.splitlines()[1].split()[-1] == "2"
    assert "a.mid: 2 notes struck together with another of the same part and pitch" in out
    assert check(str(tmp_path / "a.mid"), "--json") == 0
    assert json.loads(capsys.readouterr().out)["files"][0]["notes_left_out"] == 2


def test_of_many_files_it_is_told_together_what_is_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A line for each file would hide the table; the reasons matter all the same."""
    for key in (f"{number:02x}" for number in range(MOST_EXPLAINED + 1)):
        twice = track(f"00 90 {key} 50", f"00 91 {key} 50", f"60 80 {key} 00", f"00 81 {key} 00", END)
        (tmp_path / f"{key}.mid").write_bytes(header(1, 2, 96) + twice + track(*ONE_NOTE, END))
    assert check(str(tmp_path)) == 0
    out = capsys.readouterr().out
    assert f"in all files: {MOST_EXPLAINED + 1} notes struck together with another of the same part and pitch" in out
    assert "00.mid: " not in out


def test_json_holds_every_file_and_the_parts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """For programs."""
    (tmp_path / "bad.mid").write_bytes(b"")
    assert check(str(REAL / "song.mid"), str(tmp_path), "--json") == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["usable"], told["unusable"]) == (1, 1)
    assert sorted(row["usable"] for row in told["files"]) == [False, True]
    song = next(row for row in told["files"] if row["usable"])
    assert song["metres"] == ["3/4"]
    assert song["seconds"] == pytest.approx(41 * 3 * 60 / 92, abs=0.1)
    assert song["left_out"]
    assert [part["name"] for part in told["parts"]] == ["voice-1", "voice-2"]


def test_parts_can_be_chosen_as_in_training(capsys: pytest.CaptureFixture[str]) -> None:
    """With the same flags."""
    rules = ["--part", 'name = "voice", tracks = [1]', "--part", 'name = "piano", rest = true']
    assert check(str(REAL / "song.mid"), *rules) == 0
    assert "part voice: " in capsys.readouterr().out


def test_no_path_is_told_as_wherever_folders_are_missing(capsys: pytest.CaptureFixture[str]) -> None:
    """By the setting that could name it."""
    assert check() == 78
    assert "corpus.folders must name at least one folder or file" in capsys.readouterr().err


def test_no_files_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With the folder's name."""
    assert check(str(tmp_path)) == 65
    assert f"{tmp_path}: there must be a MIDI file or a score text to check" in capsys.readouterr().err


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
def test_a_name_cannot_steer_the_terminal_or_break_the_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither by an escape sequence nor by an end of line, in the table and below it."""
    (tmp_path / "new\nline.mid").write_bytes(file(*ONE_NOTE))
    (tmp_path / "same\x1b[31mred.mid").write_bytes(file(*ONE_NOTE))
    (tmp_path / "\x9b31mbad.mid").write_bytes(b"MThd")
    assert check(str(tmp_path)) == 1
    out, name = capsys.readouterr().out, tmp_path.name
    assert out.isascii()
    assert [line for line in out.splitlines() if not line.isprintable()] == []
    assert any(line.startswith(f"{name}/new\\nline.mid  ") for line in out.splitlines())
    assert f"{name}/same\\x1b[31mred.mid: the same as {name}/new\\nline.mid\n" in out
    assert f"{name}/\\x9b31mbad.mid: a MIDI header must be 14 bytes, got 4\n" in out
