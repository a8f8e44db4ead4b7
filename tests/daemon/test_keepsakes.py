"""The last bars, kept on request."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from musicrnn.control import Set, Start
from musicrnn.daemon import keepsakes
from musicrnn.daemon.keepsakes import KeepsakeFiles, NoKeepsakes
from musicrnn.daemon.signals import EndedBySignal
from musicrnn.errors import ControlError
from musicrnn.models.generator import Generator
from musicrnn.models.midi_write import midi_bytes
from musicrnn.models.score import Score
from musicrnn.testing import random_model, small_vocabulary
from tests.daemon.driving import Driver, driver

MODEL = random_model(small_vocabulary(), 5, scale=2.0, calm=1.0)


class Broken:
    """Bars of which no score can be made."""

    def score(self) -> Score:
        """Raise."""
        raise ValueError("a note has no length")


def player() -> Driver:
    """Return an engine that has played three bars and a half, the last at another tempo."""
    one = driver(MODEL, density=3.0)
    one.do(Start())
    one.ticks(48)
    one.do(Set("tempo", 90.0))
    one.ticks(8)
    return one


@pytest.fixture
def written(tmp_path: Path) -> Iterator[tuple[KeepsakeFiles, threading.Event]]:
    """Give a writer and what it sets when it has written."""
    done = threading.Event()
    files = KeepsakeFiles(tmp_path, done.set)
    yield files, done
    files.close()


def test_the_last_bars_are_those_played_last() -> None:
    """With the one that is going on; notes, bars and tempo as they are in the whole recording."""
    one = player()
    kept, whole = one.engine.last_bars(2).score(), one.score
    assert len(kept.bars) == 2
    assert [tempo.bpm for tempo in kept.tempos] == [120.0, 90.0]
    assert kept.tempos[1].tick == 16
    begun = {(note.start - 32, note.part, note.pitch) for note in whole.notes if note.start >= 32}
    assert begun <= {(note.start, note.part, note.pitch) for note in kept.notes}
    assert len(begun) > 10


def test_more_bars_than_there_are_is_all_of_them() -> None:
    """From the first tick."""
    one = player()
    assert one.engine.last_bars(64).score() == one.score


@pytest.mark.parametrize("ticks", [0, 2, 48, 50, 150])
def test_the_last_bars_go_back_to_models_before(ticks: int) -> None:
    """Soon after another one took over, what was played before it is wanted as well; a bar that is going on counts."""
    one = player()
    other = random_model(small_vocabulary(ticks_per_beat=12), 6, scale=2.0, calm=1.0)
    one.engine.take_over(Generator(other), "other")
    one.ticks(8 + ticks)  # from tick 64 on it is the other one, which has 48 ticks a bar
    kept, whole = one.engine.last_bars(3).score(), one.score
    first = whole.bars[-3].start
    wanted = {(note.start - first, note.part, note.pitch) for note in whole.notes if note.start >= first}
    got = {(note.start, note.part, note.pitch) for note in kept.notes}
    assert kept.bars == whole.bars[:3]
    assert wanted <= got
    assert {row[0] for row in got - wanted} <= {0}  # what sounded there already
    assert len(wanted) > 10


def test_they_are_written_as_a_midi_file(written: tuple[KeepsakeFiles, threading.Event], tmp_path: Path) -> None:
    """In a thread of its own, which tells when it is done."""
    files, done = written
    bars = player().engine.last_bars(2)
    files.keep(bars, pytest.fail)
    assert done.wait(10)
    (path,) = tmp_path.iterdir()
    assert files.lately == (str(path),)
    assert path.read_bytes() == midi_bytes(bars.score())


def test_music_that_cannot_be_made_is_told_of_and_the_next_is_written(
    written: tuple[KeepsakeFiles, threading.Event], tmp_path: Path
) -> None:
    """A fault of ours costs one file, and not all that are asked for after it."""
    files, done = written
    told: list[str] = []
    files.keep(Broken(), told.append)
    files.keep(player().engine.last_bars(2), pytest.fail)
    assert done.wait(10)
    assert told == ["the last bars must be a score, got: ValueError('a note has no length')"]
    assert len(list(tmp_path.iterdir())) == 1


def test_a_folder_that_is_not_there_is_told_of(tmp_path: Path) -> None:
    """To the one who asked."""
    reasons: list[str] = []
    files = KeepsakeFiles(tmp_path / "file", lambda: None)
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    files.keep(player().engine.last_bars(1), reasons.append)
    files.close()
    assert len(reasons) == 1
    assert "the last bars must be written to" in reasons[0]
    assert files.lately == ()


class Long:
    """Music that takes as long to make as somebody waits."""

    def __init__(self) -> None:
        self.go_on = threading.Event()

    def score(self) -> Score:
        """Return the music once it may go on."""
        assert self.go_on.wait(10)
        return player().engine.last_bars(1).score()


@pytest.fixture
def long(monkeypatch: pytest.MonkeyPatch) -> Iterator[Long]:
    """Give such music, and a closing that loses patience at once."""
    monkeypatch.setattr(keepsakes, "PATIENCE_SECONDS", 0.0)
    music = Long()
    yield music
    music.go_on.set()


def test_at_the_end_all_that_waits_is_written_however_long_it_takes(tmp_path: Path, long: Long) -> None:
    """A take of hours takes longer than anybody would guess; that it is waited for is said."""
    files = KeepsakeFiles(tmp_path, lambda: None)
    files.keep(long, pytest.fail)
    files.keep(player().engine.last_bars(1), pytest.fail, "take")
    said: list[str] = []

    def hear(words: str) -> None:
        said.append(words)
        assert files.writing
        long.go_on.set()

    files.close(hear)
    assert said == [f"Writing what is to be kept into {tmp_path} ..."]
    assert not files.writing
    kept, take = files.since("")
    assert Path(kept).name.startswith("kept-")
    assert Path(take).name.startswith("take-")
    assert files.since(kept) == [take]
    assert files.since(take) == []
    assert files.lately == (kept, take)


def test_who_breaks_that_off_does_not_wait_again(tmp_path: Path, long: Long) -> None:
    """By a second Ctrl-C, say: whatever closes all once more goes on at once."""
    files = KeepsakeFiles(tmp_path, lambda: None)
    files.keep(long, pytest.fail)

    def break_off(_: str) -> None:
        raise EndedBySignal

    with pytest.raises(EndedBySignal):
        files.close(break_off)
    files.close()
    assert files.writing


def test_without_a_recording_nothing_is_kept() -> None:
    """And the reason is told."""
    with pytest.raises(ControlError, match="without recording"):
        NoKeepsakes().keep(player().engine.last_bars(1), pytest.fail)
