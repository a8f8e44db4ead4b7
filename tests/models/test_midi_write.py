"""Scores to MIDI files and back."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import mido
import pytest
from hypothesis import given

from musicrnn.models.grid_piece import GridPiece
from musicrnn.models.midi_read import read_midi
from musicrnn.models.midi_write import midi_bytes, write_midi
from musicrnn.models.part_plan import plan_parts
from musicrnn.models.parts import assign, discover_parts
from musicrnn.models.quantise import GridSettings, quantise
from musicrnn.models.score import Bar, Note, Part, Score, Tempo
from tests.models.whole_scores import whole_scores

SCORE = Score(
    4,
    (Part("lead", 60, 72, 2, 5), Part("drums", 36, 36, 10, 0, True)),
    (Note(0, 0, 60, 4, 90), Note(0, 1, 36, 1, 100), Note(4, 0, 60, 4, 91)),
    (Bar(0, 6, 2, 4), Bar(6, 8, 2, 4)),
    (Tempo(0, 120.0), Tempo(6, 60.0)),
)


def grid_piece(data: bytes, grid: int) -> GridPiece:
    """Read a file of one piece to the grid."""
    (piece,) = read_midi(data, "a.mid")
    return quantise(piece, GridSettings(grid))


def score_of(data: bytes, grid: int) -> Score:
    """Read a file to a score, its parts found as ever."""
    piece = grid_piece(data, grid)
    plan = plan_parts([piece])
    return assign(piece, plan, discover_parts([piece], plan))[0]


def test_a_score_is_a_conductor_and_a_track_a_part() -> None:
    """Format 1, 480 ticks a beat; a note ends before its pitch begins again."""
    file = mido.MidiFile(file=io.BytesIO(midi_bytes(SCORE)))
    assert (file.type, file.ticks_per_beat) == (1, 480)
    told = [[str(message) for message in track] for track in file.tracks]
    assert [line.partition("(")[2] for line in told[0][1:]] == [
        "'time_signature', numerator=2, denominator=4, clocks_per_click=24, notated_32nd_notes_per_beat=8, time=0)",
        "'set_tempo', tempo=500000, time=0)",
        "'time_signature', numerator=2, denominator=4, clocks_per_click=24, notated_32nd_notes_per_beat=8, time=720)",
        "'set_tempo', tempo=1000000, time=0)",
        "'end_of_track', time=960)",
    ]
    assert told[1] == [
        "MetaMessage('track_name', name='lead', time=0)",
        "program_change channel=1 program=5 time=0",
        "note_on channel=1 note=60 velocity=90 time=0",
        "note_off channel=1 note=60 velocity=0 time=480",
        "note_on channel=1 note=60 velocity=91 time=0",
        "note_off channel=1 note=60 velocity=0 time=480",
        "MetaMessage('end_of_track', time=720)",
    ]
    assert told[2][2:4] == [
        "note_on channel=9 note=36 velocity=100 time=0",
        "note_off channel=9 note=36 velocity=0 time=120",
    ]


def test_the_same_score_gives_the_same_bytes() -> None:
    """Nothing of the moment is in a file."""
    assert midi_bytes(SCORE) == midi_bytes(SCORE)


def test_a_file_is_written_whole_and_kept_where_that_is_asked(tmp_path: Path) -> None:
    """A refusal leaves the old file as it was."""
    path = tmp_path / "a.mid"
    write_midi(SCORE, path)
    assert path.read_bytes() == midi_bytes(SCORE)
    with pytest.raises(FileExistsError, match=r"a\.mid"):
        write_midi(replace(SCORE, notes=()), path, overwrite=False)
    write_midi(replace(SCORE, notes=()), path)
    assert path.read_bytes() != midi_bytes(SCORE)


def test_a_grid_that_does_not_divide_the_files_ticks_is_refused() -> None:
    """Rounding would move notes."""
    with pytest.raises(ValueError, match="the grid must divide 480 ticks a beat, got 7"):
        midi_bytes(Score(7, (Part("a"),)))


def test_without_its_declaration_a_file_still_says_its_music() -> None:
    """Another program may have dropped the text event: notes, bars and drums remain, one voice is called notes."""
    data = midi_bytes(SCORE)
    at = data.index(b"musicrnn ")
    score = score_of(data[:at] + b"x" + data[at + 1 :], 4)
    assert [(part.name, part.percussive) for part in score.parts] == [("notes", False), ("drums", True)]
    assert score.notes == SCORE.notes
    assert score.bars == SCORE.bars


@given(whole_scores())
def test_any_score_comes_back_from_its_midi_file(score: Score) -> None:
    """Parts, notes, velocities, bars with all that cut them short, and tempo."""
    assert score_of(midi_bytes(score), score.ticks_per_beat) == score


@given(whole_scores())
def test_a_file_read_on_a_finer_grid_says_the_same(score: Score) -> None:
    """Every onset of a grid of 4 or 12 lies on the grid of 24."""
    piece = grid_piece(midi_bytes(score), 24)
    assert piece.moved.worst_beats == 0.0
    assert piece.note_count == len(score.notes)


def test_parts_of_one_channel_have_their_programs_where_each_plays() -> None:
    """An organ for a bar, a piano for a bar, the organ again; and it is read back as it was."""
    parts = (Part("organ", 60, 72, 1, 19, polyphony=1), Part("piano", 60, 72, 1, 0, polyphony=1))
    notes = (Note(0, 0, 60, 4), Note(8, 0, 61, 4), Note(16, 1, 60, 4), Note(32, 0, 62, 16))
    score = Score(4, parts, notes, tuple(Bar(start, 16) for start in (0, 16, 32)))
    file = mido.MidiFile(file=io.BytesIO(midi_bytes(score)))
    changes = sorted(
        (sum(message.time for message in track[: at + 1]), message.program)
        for track in file.tracks
        for at, message in enumerate(track)
        if message.type == "program_change"
    )
    assert changes == [(0, 19), (16 * 120, 0), (32 * 120, 19)]
    assert score_of(midi_bytes(score), 4) == score
