"""`musicrnn convert`, run as a person runs it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from musicrnn.cli import run_verb
from musicrnn.models.midi_read import read_midi
from musicrnn.models.score import Bar, Note, Part, Score
from musicrnn.models.text import score_of_text, text_of
from tests.models.raw_midi import END, ONE_NOTE, file, header, track

REAL = Path(__file__).parent.parent / "fixtures" / "midi"


def convert(*words: str | Path) -> int:
    """Run the command."""
    return run_verb("convert", [str(word) for word in words], "musicrnn convert")


def test_a_midi_file_becomes_a_text_and_a_midi_file_again(tmp_path: Path) -> None:
    """Note for note, with names of parts and tempo."""
    text, back = tmp_path / "a.txt", tmp_path / "new" / "a.mid"
    assert convert(REAL / "chorale.mid", text) == 0
    assert [part.name for part in score_of_text(text.read_text()).parts] == ["soprano", "alto", "tenor", "bass"]
    assert convert(text, back) == 0
    first, second = (read_midi(path)[0] for path in (REAL / "chorale.mid", back))
    for old, new in zip(first.tracks, second.tracks, strict=True):
        assert (old.notes[:, :2] * 480 == new.notes[:, :2] * first.ticks_per_beat).all()
        assert (old.notes[:, 2:] == new.notes[:, 2:]).all()
    assert second.tempos == first.tempos


def test_a_folder_is_converted_with_its_folders(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One broken file is told and the others are converted; the status says so."""
    source = tmp_path / "in"
    (source / "deep").mkdir(parents=True)
    (source / "a.mid").write_bytes(file(*ONE_NOTE))
    (source / "b.mid").write_bytes(file(*ONE_NOTE))
    (source / "deep" / "c.mid").write_bytes((REAL / "guitar.mid").read_bytes())
    (source / "bad.mid").write_bytes(b"MThd")
    assert convert(source, tmp_path / "out") == 1
    out = tmp_path / "out"
    assert sorted(str(path.relative_to(out)) for path in out.rglob("*.txt")) == ["a.txt", "b.txt", "deep/c.txt"]
    assert "in/bad.mid: a MIDI header must be 14 bytes, got 4" in capsys.readouterr().out


def test_nothing_is_overwritten_without_being_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Not one file is written if one is there."""
    target = tmp_path / "a.txt"
    target.write_text("mine")
    assert convert(REAL / "guitar.mid", target) == 78
    assert f"OUT must be new, got {target}; name another, or allow --overwrite\n" in capsys.readouterr().err
    assert target.read_text() == "mine"
    assert convert(REAL / "guitar.mid", target, "--overwrite") == 0
    assert target.read_text() != "mine"


@pytest.mark.parametrize("name", ["chorale.mid", "song.mid", "guitar.mid"])
def test_files_on_the_grid_come_back_the_same(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Also a song whose piano has voices in unison on channels of their own."""
    assert convert(REAL / name, "--round-trip") == 0
    assert f"{name}: came back the same; all onsets on the grid" in capsys.readouterr().out


def test_paths_may_begin_at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is read and what is written; no shell takes the ~ out of quotes."""
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path))
    (tmp_path / "a.mid").write_bytes((REAL / "chorale.mid").read_bytes())
    assert convert("~/a.mid", "~/a.txt") == 0
    assert (tmp_path / "a.txt").is_file()


def test_what_did_not_come_back_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """A drummer's hits move to the grid: each is named, the first ten in full."""
    assert convert(REAL / "drums.mid", "--round-trip") == 1
    out = capsys.readouterr().out
    assert "drums.mid: drums A#0: beat 6.95, velocity 79 came back as beat 6.91667, velocity 79" in out
    assert "238 differences, 228 of them not shown; 74% of onsets off the grid" in out


SLOW = "00 ff 51 03 ff ff ff"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (
            header(division=96) + track(*ONE_NOTE, declared=99),
            ["a chunk declares 99 bytes, 8 are left"],
        ),
        (file(SLOW, *ONE_NOTE, division=96), ["a tempo of 16777215 microseconds a beat held to 10 bpm"]),
        (
            header(division=96) + track(*ONE_NOTE, "00 90 3e"),
            ["track 1: damaged, 8 of 11 bytes read (an event is cut off)"],
        ),
        (
            file(*ONE_NOTE, *ONE_NOTE, "00 c0 28", *3 * ONE_NOTE, division=96),
            ["2 notes under another program than most of their track"],
        ),
    ],
)
def test_what_was_mended_is_told_and_counts_on_the_way_back(
    content: bytes, told: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As `musicrnn check` tells it; what could be read is converted, and that is no failure."""
    source = tmp_path / "a.mid"
    source.write_bytes(content)
    run_verb("check", [str(source)], "musicrnn check")
    checked = capsys.readouterr().out
    lines = [f"a.mid: {words}" for words in told]
    assert all(line in checked for line in lines)
    assert convert(source, tmp_path / "a.txt") == 0
    assert capsys.readouterr().out.splitlines()[1:] == lines
    assert convert(source, "--round-trip") == 1
    same = "a.mid: came back the same but for what was mended; all onsets on the grid"
    assert capsys.readouterr().out.splitlines() == [*lines, same]


@pytest.mark.parametrize(
    ("bpm", "read", "told"),
    [
        ("2", "10", "a tempo of 2 bpm is written as 3.57628, the slowest of MIDI, and read as 10"),
        ("5", "10", "a tempo of 5 bpm is written, and read from the MIDI file as 10"),
        ("1500", "1000", "a tempo of 1500 bpm is written, and read from the MIDI file as 1000"),
        ("10", "10", ""),
        ("1000", "1000", ""),
    ],
)
def test_a_tempo_that_does_not_come_back_from_midi_is_told(
    bpm: str, read: str, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where it is written; score text has slower and quicker ones than MIDI files are believed to have."""
    text, midi, back = tmp_path / "a.txt", tmp_path / "a.mid", tmp_path / "b.txt"
    text.write_text(f"# tempo = {bpm}\nC4 .\n", encoding="utf-8")
    assert convert(text, midi) == 0
    lines = capsys.readouterr().out.splitlines()[1:]
    assert lines == ([f"a.txt: {told}"] if told else [])
    assert convert(midi, back) == 0
    assert f"# tempo = {read}\n" in back.read_text(encoding="utf-8")


def test_a_bar_longer_than_its_metre_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Five beats in 4/4 become a bar and a beat, as the time signatures of MIDI have it; those of 5/32 are whole."""
    text = tmp_path / "a.txt"
    text.write_text("# grid = 4\n[20 ticks] C4 . -19\nD4 . -15\n[5/32] E4 . - -\n[2 ticks] - -\n[3 ticks] -3\n")
    assert convert(text, tmp_path / "a.mid", "--round-trip") == 1
    told = "a.txt: 1 bar longer than the metre divided into several, the first of 20 ticks in 4/4"
    assert told in capsys.readouterr().out.splitlines()


def test_what_was_lost_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Notes struck together with another, and what is beyond ten lines in one."""
    source = tmp_path / "a.mid"
    source.write_bytes(file(*[SLOW] * 12, "00 90 3c 50", "00 90 3c 50", "60 80 3c 00", "00 80 3c 00", division=96))
    assert convert(source, tmp_path / "a.txt") == 0
    _, first, *others, last = capsys.readouterr().out.splitlines()
    assert first == "a.mid: 1 notes struck together with another of the same part and pitch"
    assert len(others) == 9
    assert last == "a.mid: 3 more like these, which musicrnn check shows"


def test_with_bins_loudness_comes_back_to_the_bin(tmp_path: Path) -> None:
    """80 becomes 89, the middle of its bin, and that is no difference."""
    path = tmp_path / "a.mid"
    path.write_bytes(file(*ONE_NOTE, division=96))
    assert convert(path, tmp_path / "a.txt", "--round-trip", "--velocity-bins", "5") == 0
    assert [note.velocity for note in score_of_text((tmp_path / "a.txt").read_text()).notes] == [89]


def test_unisons_of_two_tracks_are_both_kept(tmp_path: Path) -> None:
    """The old program lost one of them."""
    both = header(1, 2, 96) + track(*ONE_NOTE, END) * 2
    (tmp_path / "a.mid").write_bytes(both)
    assert convert(tmp_path / "a.mid", "--round-trip") == 0


def test_an_old_text_becomes_score_text(tmp_path: Path) -> None:
    """Also on a grid of one's choice."""
    (tmp_path / "old.txt").write_text("_4_4_4_4_/_/_/_/_")
    assert convert(tmp_path / "old.txt", tmp_path / "new.txt", "--grid", "4") == 0
    score = score_of_text((tmp_path / "new.txt").read_text())
    assert [(note.start, note.pitch) for note in score.notes] == [(0, 60), (1, 67)]


def fine(start: int) -> str:
    """Return a text on a grid of 24 whose second note begins at a tick."""
    notes = (Note(0, 0, 60, start), Note(start, 0, 64, 12 - start))
    return text_of(Score(24, (Part("piano"),), notes, (Bar(0, 96, 4, 4),)))


def test_a_text_keeps_its_own_grid(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Unless another is asked for; a MIDI file has none, so its is 12."""
    source, text, midi = tmp_path / "a.txt", tmp_path / "b.txt", tmp_path / "c.mid"
    source.write_text(fine(5), encoding="utf-8")
    assert convert(source, text, "--to", "txt") == 0
    assert [note.start for note in score_of_text(text.read_text(encoding="utf-8")).notes] == [0, 5]
    assert "# grid = 24\n" in text.read_text(encoding="utf-8")
    assert convert(source, midi, "--round-trip") == 0
    assert "a.txt: came back the same; all onsets on the grid" in capsys.readouterr().out
    assert convert(midi, tmp_path / "d.txt") == 0
    assert "# grid = 12\n" in (tmp_path / "d.txt").read_text(encoding="utf-8")


def test_what_another_grid_than_a_texts_own_moves_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What came back is held against the file, not against what was left of it on the grid."""
    source = tmp_path / "a.txt"
    source.write_text(fine(5), encoding="utf-8")
    assert convert(source, "--round-trip", "--grid", "12") == 1
    out = capsys.readouterr().out
    assert "a.txt: E4: beat 0.208333 for 0.2917, velocity 80 came back as beat 0.25 for 0.25, velocity 80\n" in out
    assert "a.txt: 2 differences; " in out


def test_bins_that_nothing_is_written_in_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A MIDI file has velocities; on the way there and back a text is written, so there they count."""
    (tmp_path / "a.txt").write_text(fine(5), encoding="utf-8")
    assert convert(tmp_path / "a.txt", tmp_path / "a.mid", "--velocity-bins", "4") == 78
    told = "--velocity-bins must not be given while only MIDI files are written, got 4\n"
    assert told in capsys.readouterr().err
    assert convert(tmp_path / "a.txt", tmp_path / "a.mid", "--velocity-bins", "4", "--round-trip") == 0


def test_a_file_of_format_2_gives_a_file_a_piece(tmp_path: Path) -> None:
    """Numbered."""
    (tmp_path / "two.mid").write_bytes(header(2, 2) + track(*ONE_NOTE, END) * 2)
    assert convert(tmp_path / "two.mid", tmp_path / "out.txt", "--round-trip") in (0, 1)
    assert sorted(path.name for path in tmp_path.glob("*.txt")) == ["out-1.txt", "out-2.txt"]


@pytest.mark.parametrize("ending", ["txt", "mid"])
def test_a_numbered_file_that_is_there_is_kept(ending: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The second of two pieces: the first is not written either."""
    (tmp_path / "two.mid").write_bytes(header(2, 2) + track(*ONE_NOTE, END) * 2)
    kept = tmp_path / f"out-2.{ending}"
    kept.write_text("mine")
    assert convert(tmp_path / "two.mid", tmp_path / f"out.{ending}") == 78
    assert f"OUT must be new, got {kept}; " in capsys.readouterr().err
    assert kept.read_text() == "mine"
    assert not (tmp_path / f"out-1.{ending}").exists()


def test_a_numbered_name_that_another_file_has_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One of the two would be written over the other, and nobody told."""
    source = tmp_path / "in"
    source.mkdir()
    (source / "a.mid").write_bytes(header(2, 2) + track(*ONE_NOTE, END) * 2)
    (source / "a-1.mid").write_bytes(file(*ONE_NOTE, "00 90 40 50", "60 80 40 00", division=96))
    assert convert(source, tmp_path / "out") == 78
    assert "a-1.txt: each file must get a name of its own, got one name for in/a-1.mid and in/a.mid\n" in (
        capsys.readouterr().err
    )
    assert not (tmp_path / "out").exists()


def test_a_name_without_an_ending_gets_one(tmp_path: Path) -> None:
    """A text without it would be in no corpus."""
    assert convert(REAL / "guitar.mid", tmp_path / "a") == 0
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


@pytest.mark.skipif(sys.platform != "linux", reason="Linux has folders in which nobody may write")
def test_a_folder_that_cannot_be_written_to_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """Before anything is read, with the file and the reason."""
    assert convert(REAL / "guitar.mid", "/proc/deep/a.txt") == 78
    assert "OUT must be where files can be written, got /proc/deep: " in capsys.readouterr().err


@pytest.mark.skipif(os.name == "nt", reason="the length of names is another there")
def test_a_name_that_no_file_can_have_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """In one line."""
    assert convert(REAL / "guitar.mid", f"{'a' * 300}.txt") == 78
    assert capsys.readouterr().err.startswith("musicrnn: error: OUT must be where files can be written, got aaa")


@pytest.mark.parametrize("words", [["", "a.txt"], [str(REAL / "guitar.mid"), ""]])
def test_an_empty_path_is_refused(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It would be the folder of whoever calls."""
    monkeypatch.chdir(tmp_path)
    assert convert(*words) == 78
    assert capsys.readouterr().err == "musicrnn: error: IN and OUT must be paths, got ''\n"


def test_wrong_calls_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No target, too many bins, no files, two files of one name."""
    assert convert(REAL / "guitar.mid") == 78
    assert "OUT must be given" in capsys.readouterr().err
    assert convert(REAL / "guitar.mid", "--round-trip", "--velocity-bins", "99") == 78
    assert convert(tmp_path, tmp_path / "out") == 65
    for name in ("a.mid", "a.midi"):
        (tmp_path / name).write_bytes(file(*ONE_NOTE))
    assert convert(tmp_path, tmp_path / "out") == 78
    both = f"{tmp_path.name}/a.mid and {tmp_path.name}/a.midi"
    assert f"a.txt: each file must get a name of its own, got one name for {both}\n" in capsys.readouterr().err


@pytest.mark.parametrize("bins", ["-1", "1", "33"])
def test_bins_are_none_or_at_least_two(bins: str, capsys: pytest.CaptureFixture[str]) -> None:
    """One bin would tell nothing apart; the message, the help and docs/score-text.md say the same."""
    assert convert(REAL / "guitar.mid", "--round-trip", f"--velocity-bins={bins}") == 78
    assert f"--velocity-bins must be 0 or in 2..32, got {bins}\n" in capsys.readouterr().err


@pytest.mark.parametrize("words", [[], ["--to", "txt"]])
def test_an_ending_of_another_kind_of_file_is_refused(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No text is written into a file that says it is sound."""
    assert convert(REAL / "guitar.mid", tmp_path / "a.wav", *words) == 78
    assert "OUT must end in .mid, .midi or .txt, got" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "to", "rule"),
    [
        ("x.mid", "txt", "OUT must end in .txt with --to txt, got"),
        ("x.txt", "mid", "OUT must end in .mid or .midi with --to mid, got"),
    ],
)
def test_an_ending_that_contradicts_what_is_to_be_written_is_refused(
    name: str, to: str, rule: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No text is written into a file that says it is MIDI, nor the other way."""
    assert convert(REAL / "guitar.mid", tmp_path / name, "--to", to) == 78
    assert rule in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_nothing_goes_to_standard_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nor into a file that is named as it is elsewhere."""
    monkeypatch.chdir(tmp_path)
    assert convert(REAL / "guitar.mid", "-") == 78
    assert "OUT must be a file or a folder, got -: nothing goes to standard output\n" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("words", "written"), [([], "guitar.txt"), (["--to", "mid"], "guitar.mid")])
def test_a_file_goes_into_a_folder_that_is_there_under_its_own_name(
    words: list[str], written: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever the folder is called, and no file in it is written over."""
    folder = tmp_path / "my.songs"
    folder.mkdir()
    assert convert(REAL / "guitar.mid", folder, *words) == 0
    assert [path.name for path in folder.iterdir()] == [written]
    capsys.readouterr()
    assert convert(REAL / "guitar.mid", folder, *words) == 78
    assert f"OUT must be new, got {folder}/{written}; name another, or allow" in capsys.readouterr().err


def test_a_file_goes_into_a_folder_that_is_named_as_one_and_not_there_yet(tmp_path: Path) -> None:
    """It is made; a name without an ending and without a slash is that of a file."""
    assert convert(REAL / "guitar.mid", f"{tmp_path}/texts/") == 0
    assert [path.name for path in (tmp_path / "texts").iterdir()] == ["guitar.txt"]


def test_midi_is_an_ending_of_midi_files(tmp_path: Path) -> None:
    """As .mid is."""
    assert convert(REAL / "guitar.mid", tmp_path / "a.midi") == 0
    assert (tmp_path / "a.midi").read_bytes()[:4] == b"MThd"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
def test_a_name_cannot_steer_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nor begin a line of its own, in what is told and in an error."""
    source = tmp_path / "esc\x1b[31mred\n.mid"
    source.write_bytes(file(*ONE_NOTE, division=96))
    assert convert(source, tmp_path / "a\rb.txt", "--round-trip") == 0
    written, back = capsys.readouterr().out.splitlines()
    assert written.startswith(f"esc\\x1b[31mred\\n.mid: {tmp_path}/a\\rb.txt, 1 note, 1 bar; ")
    assert back.startswith("esc\\x1b[31mred\\n.mid: came back the same")
    assert convert(source, tmp_path / "a\rb.txt") == 78
    assert capsys.readouterr().err.startswith(f"musicrnn: error: OUT must be new, got {tmp_path}/a\\rb.txt; ")


def test_each_of_two_files_that_are_the_same_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Not the first of them twice."""
    for name in ("a.mid", "b.mid"):
        (tmp_path / name).write_bytes(file(*ONE_NOTE, division=96))
    assert convert(tmp_path, "--round-trip") == 0
    told = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in told] == [f"{tmp_path.name}/a.mid", f"{tmp_path.name}/b.mid"]


@pytest.mark.parametrize("name", ["q.mid", "q.MIDI", "q.txt"])
def test_a_folder_does_not_go_into_what_is_named_as_a_file(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It would become a folder of that name."""
    (tmp_path / "music").mkdir()
    (tmp_path / "music" / "a.mid").write_bytes(file(*ONE_NOTE))
    assert convert(tmp_path / "music", tmp_path / name) == 78
    assert f"OUT must be a folder where IN is one, got {tmp_path / name}, which has" in capsys.readouterr().err
    assert not (tmp_path / name).exists()


def test_what_is_not_there_is_called_what_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A corpus has nothing to do with it."""
    assert convert(tmp_path / "none.txt", tmp_path / "x.mid") == 65
    rule = "IN must be a folder or a file, got nothing of that name"
    assert capsys.readouterr().err == f"musicrnn: error: {tmp_path / 'none.txt'}: {rule}\n"
