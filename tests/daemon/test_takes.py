"""Takes: what is played between two presses of a button."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from musicrnn.config.play import PlaySettings, RecordSettings
from musicrnn.control import Record, Start
from musicrnn.daemon.keepsakes import Music, NoKeepsakes, Refuse
from musicrnn.daemon.ledger import NoteEvent
from musicrnn.daemon.osc import command_of
from musicrnn.daemon.osc_packets import Message
from musicrnn.daemon.recording import Recording
from musicrnn.daemon.takes import Takes
from musicrnn.errors import ControlError
from musicrnn.models.score import Part
from musicrnn.testing import random_model, small_vocabulary
from tests.daemon.driving import driver
from tests.daemon.test_run import built, settings

MODEL = random_model(small_vocabulary(), 5, scale=2.0, calm=1.0)
PIANO, FLUTE = Part("piano", 0, 127), Part("flute", 0, 127, channel=2)


@pytest.fixture
def stack() -> Iterator[contextlib.ExitStack]:
    """Close what a test has built."""
    with contextlib.ExitStack() as one:
        yield one


@dataclass
class Shelf:
    """Keeps what is to be written; ``room`` is for how much."""

    room: int = 8
    lately: tuple[str, ...] = ()
    music: list[tuple[str, Music]] = field(default_factory=list)

    def check(self) -> None:
        """Raise nothing."""

    def keep(self, music: Music, refuse: Refuse, kind: str = "kept") -> None:
        """Take music; ControlError where there is no room."""
        del refuse
        if len(self.music) >= self.room:
            raise ControlError("full")
        self.music.append((kind, music))


@pytest.mark.parametrize("ticks", [32, 33, 37, 47])
def test_a_take_begins_with_the_bar_that_is_going_on_and_ends_where_it_was_ended(ticks: int) -> None:
    """With the very notes of the whole recording, one that sounds at the end cut there, and none from before it."""
    one, shelf = driver(MODEL, density=3.0), Shelf()
    takes = Takes(shelf)
    one.do(Start())
    one.ticks(ticks)
    takes.switch(True, one.engine, pytest.fail)
    assert takes.taking
    one.ticks(101 - ticks)
    takes.switch(False, one.engine, pytest.fail)
    ((kind, music),) = shelf.music
    end, whole, taken = one.engine.tick, one.score, music.score()
    assert (kind, takes.taking, end) == ("take", False, 101)
    wanted = {
        (max(note.start, 32) - 32, note.part, note.pitch, note.velocity, min(note.start + note.length, end))
        for note in whole.notes
        if note.start + note.length > 32
    }
    got = {(note.start, note.part, note.pitch, note.velocity, note.start + note.length + 32) for note in taken.notes}
    assert got == wanted
    assert len(got) > 50
    assert len(taken.bars) == 5


def test_the_button_changes_from_one_to_the_other() -> None:
    """What is so already stays so: a fader that says 1 twice begins one take."""
    one, shelf = driver(MODEL, density=3.0), Shelf()
    takes = Takes(shelf)
    one.do(Start())
    one.ticks(8)
    takes.switch(False, one.engine, pytest.fail)
    takes.switch(None, one.engine, pytest.fail)
    one.ticks(40)
    takes.switch(True, one.engine, pytest.fail)
    one.ticks(8)
    takes.switch(None, one.engine, pytest.fail)
    ((_, music),) = shelf.music
    assert len(music.score().bars) == 4
    assert not takes.taking


def test_a_take_goes_on_where_it_cannot_be_written_yet() -> None:
    """Nothing is lost: it can be ended again."""
    one, shelf = driver(MODEL, density=3.0), Shelf(room=0)
    takes = Takes(shelf)
    one.do(Start())
    takes.switch(True, one.engine, pytest.fail)
    one.ticks(8)
    with pytest.raises(ControlError, match="full"):
        takes.switch(False, one.engine, pytest.fail)
    assert takes.taking
    shelf.room = 1
    takes.switch(False, one.engine, pytest.fail)
    assert len(shelf.music[0][1].score().notes) > 3


def test_a_take_of_nothing_is_told_of() -> None:
    """And nothing is written."""
    reasons: list[str] = []
    one, shelf = driver(MODEL), Shelf()
    takes = Takes(shelf)
    takes.switch(True, one.engine, reasons.append)
    takes.switch(False, one.engine, reasons.append)
    assert reasons == ["a take must have notes, got none; nothing was written"]
    assert shelf.music == []
    with pytest.raises(ControlError, match="recordings"):
        Takes(NoKeepsakes()).switch(True, one.engine, pytest.fail)


def test_a_take_spans_models() -> None:
    """Each with its grid and its parts, one after the other."""
    recording = Recording(4, (4, 4), (PIANO,), 120.0)
    recording.add(0, [_note(60, 90)])
    recording.add(16, [_note(60, 0), _note(62, 90)])
    mark = recording.mark(16)
    recording.add(32, [_note(62, 0)])
    recording.change(32, 96, 12, (FLUTE,))
    recording.add(96, [_note(72, 80, 2)])
    recording.add(120, [_note(72, 0, 2), _note(74, 80, 2)])
    score = recording.take(mark, 144).score()
    notes = [(score.parts[note.part].name, note.start, note.length, note.pitch) for note in score.notes]
    assert score.ticks_per_beat == 12
    assert notes == [("piano", 0, 48, 62), ("flute", 48, 24, 72), ("flute", 72, 24, 74)]


def test_a_take_has_the_parts_of_the_whole_recording() -> None:
    """Also where one was transposed beyond its range for a while: that does not make two of it."""
    harp = Part("harp", 60, 72)
    recording = Recording(4, (4, 4), (harp,), 120.0)
    mark = recording.mark(0)
    recording.add(0, [_note(84, 90)])
    recording.add(4, [_note(84, 0)])
    for start, parts in ((16, (FLUTE,)), (32, (harp,))):
        recording.change(start, start, 4, parts)
        recording.add(start, [_note(62, 90, parts[0].channel)])
        recording.add(start + 4, [_note(62, 0, parts[0].channel)])
    assert recording.take(mark, 48).score() == recording.score(48)


def test_a_mark_made_just_before_another_model_plays_is_of_what_that_plays() -> None:
    """The stretch that the mark is in never came to be."""
    recording = Recording(4, (4, 4), (PIANO,), 120.0)
    mark = recording.mark(0)
    recording.change(0, 48, 12, (FLUTE,))
    recording.add(48, [_note(72, 80, 2)])
    recording.add(60, [_note(72, 0, 2)])
    score = recording.take(mark, 96).score()
    assert [(note.start, note.length, note.pitch) for note in score.notes] == [(0, 12, 72)]


@pytest.mark.parametrize("recorded", [True, False])
def test_the_end_of_the_session_ends_the_take(stack: contextlib.ExitStack, tmp_path: Path, *, recorded: bool) -> None:
    """It is written whole, beside a recording or without one, and its whole is the recording."""
    record = RecordSettings(enabled=recorded, folder=str(tmp_path / "deep"))
    daemon = built(stack, settings(tmp_path, play=PlaySettings(bars=3), record=record))
    assert daemon.run([Record(on=True), Start()]) == 0
    stack.close()
    (take,) = (tmp_path / "deep").glob("take-*.mid")
    others = [path for path in (tmp_path / "deep").glob("*.mid") if path != take]
    assert len(others) == recorded
    assert all(path.read_bytes() == take.read_bytes() for path in others)
    assert take.stat().st_size > 100


def test_the_last_lines_name_the_take_that_the_end_has_ended(
    stack: contextlib.ExitStack, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody sees the status any more, which names each one before."""
    daemon = built(stack, settings(tmp_path, play=PlaySettings(bars=3)))
    assert daemon.run([Record(on=True), Start()]) == 0
    (take,) = tmp_path.glob("take-*.mid")
    assert f"Kept      {take}\n" in capsys.readouterr().out
    quiet = built(stack, settings(tmp_path / "other", play=PlaySettings(bars=3)))
    assert quiet.run([Start()]) == 0
    assert "Kept" not in capsys.readouterr().out


def test_a_take_that_the_end_has_ended_and_the_disk_does_not_take_is_told_of(
    stack: contextlib.ExitStack, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is named by nothing."""
    record = RecordSettings(enabled=False, folder=str(tmp_path / "file" / "deep"))
    (tmp_path / "file").touch()
    daemon = built(stack, settings(tmp_path, play=PlaySettings(bars=3), record=record))
    assert daemon.run([Record(on=True), Start()]) == 0
    told = capsys.readouterr()
    assert "a take must be written to" in told.err
    assert "Kept" not in told.out


@pytest.mark.parametrize(
    ("types", "values", "on"), [("i", (1,), True), ("f", (0.0,), False), ("T", (True,), True), ("", (), None)]
)
def test_osc_begins_and_ends_takes(types: str, values: tuple[float, ...], on: bool | None) -> None:
    """With a switch's numbers, or a button without any."""
    assert command_of(Message("/musicrnn/record", types, values)) == Record(on)


def _note(pitch: int, velocity: int, channel: int = 1) -> NoteEvent:
    return NoteEvent(0, channel, pitch, velocity)
