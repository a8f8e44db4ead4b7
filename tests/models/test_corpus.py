"""Folders of music to scores: what is kept, left out, cached and told."""

from __future__ import annotations

import errno
import os
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from musicrnn.config.corpus import CorpusSettings, PartRule
from musicrnn.errors import CorpusError
from musicrnn.models.corpus import NamedRows, read_corpus, read_files
from musicrnn.models.corpus_cache import PieceCache, cache_key
from musicrnn.models.corpus_codec import encode_pieces
from musicrnn.models.corpus_files import CorpusFile, find_files
from musicrnn.models.midi_write import midi_bytes
from musicrnn.models.quantise import GridSettings
from musicrnn.models.score import Score
from musicrnn.models.score_rows import rows_of
from musicrnn.models.text import score_of_text, text_of
from tests.models.raw_midi import ONE_NOTE, file, header, track

REAL = Path(__file__).parent.parent / "fixtures" / "midi"
NO_CACHE = CorpusSettings(cache=False)
TUNE = score_of_text("# metre = 1/4\nC4 . -11\nE4 . -11")


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the tests out of the user's cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a tune, its copy, a text, an old text, a broken file and one that is no music."""
    found = tmp_path / "tunes"
    (found / "more").mkdir(parents=True)
    (found / "b.mid").write_bytes(midi_bytes(TUNE))
    (found / "a copy of b.MIDI").write_bytes(midi_bytes(TUNE))
    (found / "more" / "c.txt").write_text(text_of(TUNE).replace("E4", "F4"), encoding="utf-8")
    (found / "more" / "d.txt").write_text("_4_4_4_4_/_", encoding="utf-8")
    (found / "more" / "broken.mid").write_bytes(b"MThd")
    (found / "README.txt").write_text("no music", encoding="utf-8")
    (found / "cover.png").write_bytes(b"\x89PNG")
    return found


def test_a_folder_is_read_to_scores_of_common_parts(folder: Path) -> None:
    """MIDI, score text and old text; the copy is kept once, the broken file is named."""
    corpus = read_corpus([folder], NO_CACHE)
    assert [piece.name for piece in corpus.pieces] == ["tunes/a copy of b.MIDI", "tunes/more/c.txt", "tunes/more/d.txt"]
    assert [part.name for part in corpus.parts] == ["notes"]
    assert [(note.start, note.pitch, note.length) for note in corpus.pieces[0].score.notes] == [
        (0, 60, 12),
        (12, 64, 12),
    ]
    assert [(left.name, left.reason) for left in corpus.left_out] == [
        ("tunes/more/broken.mid", "tunes/more/broken.mid: a MIDI header must be 14 bytes, got 4"),
    ]
    assert corpus.duplicates == (("tunes/b.mid", "tunes/a copy of b.MIDI"),)


def test_progress_tells_of_every_file_once(folder: Path) -> None:
    """Also of duplicates and of what is left out, and of what comes from the cache."""
    for _ in range(2):
        told: list[tuple[int, int, str]] = []
        read_corpus([folder], CorpusSettings(), lambda *facts, told=told: told.append(facts))
        assert [done for done, _, _ in told] == [1, 2, 3, 4, 5]
        assert {total for _, total, _ in told} == {5}
        assert len({name for _, _, name in told}) == 5


def test_real_music_is_read_whole() -> None:
    """A chorale, a song, drums, a guitar piece and a band: what is not a unison of one part is there."""
    corpus = read_corpus([REAL], NO_CACHE)
    assert len(corpus.pieces) == 5
    assert corpus.left_out == ()
    kept = sum(len(piece.score.notes) + piece.assigned.unisons for piece in corpus.pieces)
    assert kept == 1430
    assert {part.name for part in corpus.parts} == {"piano", "guitar", "ensemble", "reed", "pad", "drums"}


def test_rules_of_the_settings_choose_the_parts() -> None:
    """A song for voice and piano."""
    rules = (PartRule(name="voice", tracks=(1,)), PartRule(name="piano", rest=True))
    corpus = read_corpus([REAL / "song.mid"], replace(NO_CACHE, parts=rules))
    assert [(part.name, part.polyphony) for part in corpus.parts] == [("voice", 2), ("piano", 6)]


def test_a_piece_that_no_rule_takes_a_track_of_is_left_out(folder: Path) -> None:
    """With the parts that there are."""
    rules = (PartRule(name="drums", drums=True), PartRule(name="low", rest=True, high=59))
    with pytest.raises(CorpusError, match=r"must hold a usable piece, got none of 5 files"):
        read_corpus([folder], replace(NO_CACHE, parts=rules))


def test_missing_and_empty_folders_are_refused_by_name(tmp_path: Path) -> None:
    """Before anything is read."""
    with pytest.raises(CorpusError, match=r"nowhere: a corpus folder must be a folder or a file"):
        read_corpus([tmp_path / "nowhere"], NO_CACHE)
    with pytest.raises(CorpusError, match=rf"{tmp_path.name}: a corpus must hold a usable piece, got none of 0 files"):
        read_corpus([tmp_path], NO_CACHE)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_folder_is_refused_where_it_was_named_and_left_out_below(folder: Path) -> None:
    """It must not pass for an empty one, nor end the reading of the folders beside it."""
    (folder / "more").chmod(0)
    try:
        with pytest.raises(CorpusError, match=r"more: a corpus folder must be readable, got Permission denied"):
            read_corpus([folder / "more"], NO_CACHE)
        corpus = read_corpus([folder], NO_CACHE)
    finally:
        (folder / "more").chmod(0o755)
    assert [piece.name for piece in corpus.pieces] == ["tunes/a copy of b.MIDI"]
    assert [left.reason for left in corpus.left_out] == ["tunes/more: a folder must be readable, got Permission denied"]


def test_a_folder_that_cannot_be_looked_into_is_left_out_with_its_reason(folder: Path) -> None:
    """As a file that cannot be read is."""
    files = [*find_files([folder / "b.mid"]), CorpusFile("more", str(folder / "more"), "a folder must be readable")]
    readings = read_files(files, GridSettings(12, "ignore", 8))
    assert [file.name for file in readings.files] == ["b.mid"]
    assert [(left.name, left.reason) for left in readings.left_out] == [("more", "more: a folder must be readable")]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no pipes in folders, and links need rights")
def test_links_that_lead_nowhere_and_pipes_are_left_out_with_their_reasons(folder: Path) -> None:
    """A loop of links must not end the reading, nor a pipe hold it up for ever."""
    (folder / "loop.mid").symlink_to("loop.mid")
    (folder / "gone.mid").symlink_to("nowhere.mid")
    os.mkfifo(folder / "pipe.mid")
    reasons = [left.reason for left in read_corpus([folder], NO_CACHE).left_out]
    assert reasons == [
        "tunes/gone.mid: a file must be readable, got No such file or directory",
        f"tunes/loop.mid: a file must be readable, got {os.strerror(errno.ELOOP)}",
        "tunes/more/broken.mid: a MIDI header must be 14 bytes, got 4",
        "tunes/pipe.mid: a file must be a regular file, got something else",
    ]
    for name in ("loop.mid", "pipe.mid"):
        with pytest.raises(CorpusError, match=rf"{name}: a corpus folder must be a folder or a file, got"):
            find_files([folder / name])


@pytest.mark.parametrize("marks", [("settings.toml", "corpus.json"), (".lock", "checkpoints/step.npz")])
def test_what_a_training_run_below_made_is_no_corpus(folder: Path, marks: tuple[str, ...]) -> None:
    """Its folder is passed over, also while it is being made; its auditions are read where they are named."""
    run = folder / "runs" / "mine"
    for path in (*marks, "auditions/epoch-0001.mid"):
        (run / path).parent.mkdir(parents=True, exist_ok=True)
        (run / path).write_bytes(midi_bytes(TUNE))
    (folder / "runs" / "by-hand.mid").write_bytes(midi_bytes(TUNE))
    found = [file.name for file in find_files([folder])]
    assert "tunes/runs/by-hand.mid" in found
    assert not any("mine" in name for name in found)
    for named, name in ((run / "auditions", "auditions/epoch-0001.mid"), (run, "mine/auditions/epoch-0001.mid")):
        assert [file.name for file in find_files([named])] == [name]


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
def test_linked_folders_are_looked_into_once_each(tmp_path: Path) -> None:
    """By the name of the link, unless the folder is in the corpus itself; a loop ends, and runs stay passed over."""
    corpus, elsewhere = tmp_path / "corpus", tmp_path / "elsewhere"
    for name in ("corpus/own/a.mid", "elsewhere/b.mid", "elsewhere/deep/c.mid", "run/auditions/d.mid"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    for name in ("settings.toml", "corpus.json"):
        (tmp_path / "run" / name).touch()
    links = {
        corpus / "linked": elsewhere,
        corpus / "linked again": elsewhere / "deep",
        corpus / "a link to own": corpus / "own",
        corpus / "run": tmp_path / "run",
        elsewhere / "back": corpus,
        elsewhere / "round": elsewhere,
    }
    for link, target in links.items():
        link.symlink_to(target)
    names = ["corpus/linked/b.mid", "corpus/linked/deep/c.mid", "corpus/own/a.mid"]
    assert [file.name for file in find_files([corpus])] == names
    assert [file.name for file in find_files([corpus, elsewhere])] == [
        "corpus/own/a.mid",
        "elsewhere/b.mid",
        "elsewhere/deep/c.mid",
    ]


def test_files_of_one_name_in_folders_of_one_name_keep_apart(tmp_path: Path) -> None:
    """They go by their paths from the folder that both are in, however that is named; a file named twice is one."""
    paths = [tmp_path / side / "set" / "x.mid" for side in "ab"]
    for path in paths:
        path.parent.mkdir(parents=True)
        path.write_bytes(b"")
    found = find_files([path.parent for path in paths] + [paths[0]])
    assert [file.path for file in found] == paths
    names = [str(Path(side, "set", "x.mid")) for side in "ab"]
    assert [file.name for file in found] == names
    relative = [os.path.relpath(path.parent) for path in paths]
    assert [file.name for file in find_files(relative)] == names


def test_a_folder_is_called_by_its_name_however_its_path_is_written(folder: Path) -> None:
    """Also where the path ends in dots, so that names are the same when it is written whole."""
    for path in (folder, folder / "more" / "..", Path(os.path.relpath(folder))):
        assert [file.name for file in find_files([path])][:2] == ["tunes/a copy of b.MIDI", "tunes/b.mid"]


def test_a_file_of_format_2_gives_a_piece_a_track(tmp_path: Path) -> None:
    """Numbered after the file."""
    (tmp_path / "two.mid").write_bytes(header(2, 3) + track(*ONE_NOTE, "00 ff 2f 00") * 2 + track("00 ff 2f 00"))
    assert [piece.name for piece in read_corpus([tmp_path / "two.mid"], NO_CACHE).pieces] == ["two.mid#1", "two.mid#2"]


def test_a_file_over_16_mib_is_left_out_unread(tmp_path: Path) -> None:
    """Its size is enough."""
    (tmp_path / "huge.mid").write_bytes(b"MThd" + bytes(16 * 1024 * 1024))
    (tmp_path / "good.mid").write_bytes(midi_bytes(TUNE))
    corpus = read_corpus([tmp_path], NO_CACHE)
    assert [left.reason for left in corpus.left_out] == [
        f"{tmp_path.name}/huge.mid: a file must be at most 16777216 bytes, got 16777220"
    ]


def scores(settings: CorpusSettings, folder: Path) -> list[Score]:
    """Return the scores of a folder."""
    return [piece.score for piece in read_corpus([folder], settings).pieces]


def test_the_second_reading_comes_from_the_cache_and_says_the_same(folder: Path, tmp_path: Path) -> None:
    """Also under a new name of the folder, and anew under other settings."""
    first = scores(CorpusSettings(), folder)
    (path,) = (tmp_path / "cache").rglob("*.sqlite3")
    assert count(path) == 3
    assert scores(CorpusSettings(), folder) == first
    moved = folder.rename(tmp_path / "other")
    assert read_corpus([moved]).pieces[0].name == "other/a copy of b.MIDI"
    assert count(path) == 3
    assert scores(CorpusSettings(ticks_per_beat=4), moved)[0].ticks_per_beat == 4
    assert count(path) == 6


def count(path: Path) -> int:
    """Return how many files' pieces a cache holds."""
    database = sqlite3.connect(path)
    found = database.execute("SELECT COUNT(*) FROM pieces").fetchone()[0]
    database.close()
    return int(found)


@pytest.mark.parametrize("damage", [b"", b"this is no database at all" * 100])
def test_a_damaged_cache_is_made_anew(folder: Path, tmp_path: Path, damage: bytes) -> None:
    """And costs nothing but time."""
    first = scores(CorpusSettings(), folder)
    (path,) = (tmp_path / "cache").rglob("*.sqlite3")
    path.write_bytes(damage)
    assert scores(CorpusSettings(), folder) == first
    assert count(path) == 3


def test_a_damaged_block_in_the_cache_is_read_anew(folder: Path, tmp_path: Path) -> None:
    """Its checksum tells."""
    first = scores(CorpusSettings(), folder)
    (path,) = (tmp_path / "cache").rglob("*.sqlite3")
    database = sqlite3.connect(path)
    with database:
        database.execute("UPDATE pieces SET block = substr(block, 1, 60)")
    database.close()
    assert scores(CorpusSettings(), folder) == first


def test_a_cache_that_cannot_be_written_is_done_without(folder: Path, tmp_path: Path) -> None:
    """A file stands where its folder should be."""
    (tmp_path / "cache").write_bytes(b"")
    assert len(scores(CorpusSettings(), folder)) == 3


def test_the_cache_drops_its_oldest_pieces(tmp_path: Path) -> None:
    """When it grows beyond its limit."""
    block = encode_pieces([])
    cache = PieceCache(tmp_path / "a.sqlite3", largest=2 * len(block))
    cache.keep(dict.fromkeys("abc", block))
    assert sorted(cache.find(list("abc"))) == ["b", "c"]


def test_a_key_tells_content_and_settings_apart() -> None:
    """Whatever changes the pieces changes the key."""
    settings = [GridSettings(), GridSettings(4), GridSettings(pedal="extend"), GridSettings(longest_silence=8)]
    settings.append(GridSettings(own_grid=True))
    assert len({cache_key("abc", each) for each in settings} | {cache_key("abd", GridSettings())}) == 6


def test_a_file_without_notes_is_left_out(tmp_path: Path) -> None:
    """With the reason."""
    path = tmp_path / "empty.mid"
    path.write_bytes(file())
    readings = read_files([CorpusFile("empty.mid", str(path))], GridSettings())
    assert [left.reason for left in readings.left_out] == ["empty.mid: a piece must hold a note, got none"]


def test_scores_are_made_when_their_turn_comes(folder: Path) -> None:
    """A piece gives the same score at each call, with the name beside it, and keeps none of its notes."""
    corpus = read_corpus([folder], NO_CACHE)
    named = NamedRows(corpus.pieces)
    assert [(name, rows.score) for name, rows in named] == [(piece.name, piece.score) for piece in corpus.pieces]
    assert [name for name, _ in named[1:]] == [piece.name for piece in corpus.pieces][1:]
    for piece in corpus.pieces:
        assert piece.score is not piece.score
        assert piece.score == piece.score
        assert rows_of(piece.score).notes.tolist() == piece.rows.notes.tolist()
        assert piece.count == len(piece.score.notes) > 0
        assert piece.rows.frame.notes == ()
