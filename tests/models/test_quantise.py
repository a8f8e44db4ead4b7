"""Pieces to the grid: notes, bars, tempo, and what is told of it."""

from __future__ import annotations

import numpy as np
import pytest

from musicrnn.errors import MidiFileError
from musicrnn.models.grid_piece import GridPiece
from musicrnn.models.midi_piece import MidiPiece, MidiTrack
from musicrnn.models.quantise import GridSettings, quantise
from musicrnn.models.score import Bar, Tempo

Row = tuple[int, int, int, int]


def track(
    *rows: Row, number: int = 1, channel: int = 1, drums: bool = False, program: int = 0,
    pedals: tuple[tuple[int, int], ...] = (),
) -> MidiTrack:  # fmt: skip
    """Return a track of (start, end, pitch, velocity) rows."""
    notes = np.array(rows, dtype=np.int64).reshape(-1, 4)
    return MidiTrack(number, channel, "", program, drums, notes, np.array(pedals, dtype=np.int64).reshape(-1, 2))


def piece(*tracks: MidiTrack, **facts: object) -> MidiPiece:
    """Return a piece at 480 ticks a beat."""
    return MidiPiece("a.mid", 480, tracks, **facts)  # type: ignore[arg-type]


def notes_of(found: GridPiece) -> list[list[int]]:
    """Return (start, length, pitch, velocity) of all tracks."""
    return [[int(value) for value in row] for each in found.tracks for row in each.notes]


def test_onsets_and_ends_go_to_their_nearest_ticks() -> None:
    """Ends are put on the grid as ends, so that legato stays legato."""
    found = quantise(piece(track((0, 230, 60, 80), (250, 480, 62, 81))), GridSettings(4))
    assert notes_of(found) == [[0, 2, 60, 80], [2, 2, 62, 81]]


def test_a_note_shorter_than_a_tick_gets_one() -> None:
    """And is counted."""
    found = quantise(piece(track((0, 10, 60, 80), (480, 480, 62, 80))), GridSettings(4))
    assert notes_of(found) == [[0, 1, 60, 80], [4, 1, 62, 80]]
    assert found.moved.lengthened == 2


def test_hits_of_drums_last_one_tick() -> None:
    """However long the file holds them."""
    found = quantise(piece(track((0, 960, 36, 100), channel=10, drums=True)), GridSettings(12))
    assert notes_of(found) == [[0, 1, 36, 100]]


def test_resolutions_that_are_no_multiple_of_the_grid_do_not_drift() -> None:
    """The thousandth beat of a file of 89 ticks a beat is tick 12,000."""
    long = MidiPiece("a.mid", 89, (track((89_000, 89_089, 60, 80)),))
    assert notes_of(quantise(long, GridSettings(12)))[0][:2] == [12_000, 12]


def test_tempo_changes_stay_and_those_that_change_nothing_go() -> None:
    """The last of a tick holds; before the first it is 120."""
    tempos = ((240, 500_000), (480, 400_000), (481, 300_000), (960, 300_000), (9600, 250_000))
    found = quantise(piece(track((0, 1920, 60, 80)), tempos=tempos), GridSettings(4))
    assert found.tempos == (Tempo(0, 120.0), Tempo(4, 200.0))


@pytest.mark.parametrize(
    ("microseconds", "bpm"), [(563_380, 106.5), (612_245, 98.0), (461_538, 130.0), (60_001, 999.98)]
)
def test_a_tempo_has_the_fewest_decimals_that_are_written_as_the_same(microseconds: int, bpm: float) -> None:
    """A beat of 563,380 microseconds was 106.50005325 beats a minute in a score text."""
    found = quantise(piece(track((0, 480, 60, 80)), tempos=((0, microseconds),)), GridSettings(4))
    assert found.tempos == (Tempo(0, bpm),)
    assert round(6e7 / bpm) == microseconds


def test_a_change_of_metre_keeps_the_whole_piece() -> None:
    """The predecessors cut a piece at a time signature that they did not know."""
    found = quantise(
        piece(track((0, 480, 60, 80), (9600, 9700, 62, 80)), metres=((0, 4, 4), (960, 7, 8))), GridSettings(4)
    )
    assert found.bars[:2] == (Bar(0, 8), Bar(8, 14, 7, 8))
    assert found.length >= 81


def test_trailing_silence_is_dropped_and_the_last_bar_completed() -> None:
    """The piece ends with the bar in which its last note ends."""
    found = quantise(piece(track((0, 480, 60, 80)), metres=((0, 3, 4), (48_000, 4, 4))), GridSettings(4))
    assert found.bars == (Bar(0, 12, 3, 4),)


def test_what_was_moved_is_told_in_beats_and_milliseconds() -> None:
    """At 60 bpm a beat is a second."""
    found = quantise(piece(track((0, 480, 60, 80), (504, 960, 62, 80)), tempos=((0, 1_000_000),)), GridSettings(4))
    assert found.moved.onsets == 2
    assert found.moved.off_grid == 0.5
    assert found.moved.worst_beats == pytest.approx(0.05)
    assert found.moved.mean_ms == pytest.approx(25.0)
    assert found.moved.worst_ms == pytest.approx(50.0)


def test_a_tick_of_rounding_is_not_off_the_grid() -> None:
    """A file all of whose onsets are one tick late is a quantised file."""
    assert quantise(piece(track((1, 480, 60, 80))), GridSettings(4)).moved.off_grid == 0.0


def test_the_pedal_is_ignored_or_lengthens_notes_up_to_their_repetition() -> None:
    """Drums and notes that end before the pedal goes down stay as they are."""
    one = track((0, 480, 60, 80), (0, 100, 62, 80), (960, 1200, 60, 80), pedals=((240, 1920),))
    assert notes_of(quantise(piece(one), GridSettings(4)))[0] == [0, 4, 60, 80]
    assert notes_of(quantise(piece(one), GridSettings(4, "extend"))) == [[0, 8, 60, 80], [0, 1, 62, 80], [8, 8, 60, 80]]


def test_a_pedal_does_not_hold_a_note_that_ends_where_it_goes_down() -> None:
    """A chord is let go as the pedal is changed for the next, which is how piano music is engraved."""
    one = track((0, 480, 60, 80), (480, 960, 62, 80), pedals=((0, 480), (480, 1920)))
    assert notes_of(quantise(piece(one), GridSettings(4, "extend"))) == [[0, 4, 60, 80], [4, 12, 62, 80]]


def test_channels_of_one_track_and_program_are_one_instrument() -> None:
    """A staff with voices on channels of their own; a file of one track has an instrument a channel."""
    voices = [track((0, 480, 60, 80), number=2, channel=c) for c in (2, 3)]
    found = quantise(piece(track((0, 480, 60, 80)), *voices), GridSettings())
    assert [each.instrument for each in found.tracks] == [1, 2, 2]
    assert [each.instrument for each in quantise(piece(*voices), GridSettings()).tracks] == [1, 2]


def test_a_piece_without_notes_is_refused() -> None:
    """With its name."""
    with pytest.raises(MidiFileError, match=r"a\.mid: a piece must hold a note, got none"):
        quantise(piece(), GridSettings())


def test_absurd_length_is_refused_before_any_bar_is_made() -> None:
    """A file of 37 bytes can last for months."""
    with pytest.raises(MidiFileError, match=r"at most 20000 beats long, got 559241"):
        quantise(piece(track((268_435_455, 268_435_500, 60, 80))), GridSettings())


def test_a_pedal_that_is_held_for_ever_is_absurd_length_too() -> None:
    """It goes down under a note and comes up months later; where pedals are ignored the note is all there is."""
    one = piece(track((0, 480, 60, 80), pedals=((240, 268_435_455),)))
    with pytest.raises(MidiFileError, match=r"a\.mid: a piece must be at most 20000 beats long, got 559241"):
        quantise(one, GridSettings(12, "extend"))
    assert notes_of(quantise(one, GridSettings(12))) == [[0, 12, 60, 80]]


def test_long_silence_is_cut_in_whole_bars() -> None:
    """Two bars of it stay; what follows moves to the left, tempo changes too."""
    long = piece(
        track((0, 480, 60, 80), (19_200, 19_680, 62, 80)), tempos=((0, 500_000), (9600, 400_000), (19_680, 300_000))
    )
    found = quantise(long, GridSettings(4, longest_silence=2))
    assert notes_of(found) == [[0, 4, 60, 80], [48, 4, 62, 80]]
    assert len(found.bars) == 4
    assert found.tempos == (Tempo(0, 120.0), Tempo(48, 150.0), Tempo(52, 200.0))
    assert found.moved.silent_bars_cut == 7
    assert len(quantise(long, GridSettings(4)).bars) == 11


@pytest.mark.parametrize("wrong", [{"ticks_per_beat": 5}, {"pedal": "maybe"}, {"longest_silence": -1}])
def test_settings_out_of_range_are_refused(wrong: dict[str, object]) -> None:
    """With the rule and the value."""
    with pytest.raises(ValueError, match="must be"):
        GridSettings(**wrong)  # type: ignore[arg-type]
