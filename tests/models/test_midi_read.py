"""What is read from MIDI files, literal bytes in, literal notes out."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musicrnn.errors import MidiFileError
from musicrnn.models.midi_piece import MidiPiece, MidiTrack
from musicrnn.models.midi_read import read_midi
from tests.models.raw_midi import END, ONE_NOTE, file, header, track


def read(*events: str) -> MidiPiece:
    """Read a file of one track."""
    return read_midi(file(*events), "a.mid")[0]


def only(piece: MidiPiece) -> MidiTrack:
    """Return the one track that a piece has."""
    (found,) = piece.tracks
    return found


def rows(piece: MidiPiece) -> list[list[int]]:
    """Return start, end, pitch and velocity of the notes of the one track."""
    return [[int(value) for value in row] for row in only(piece).notes]


def test_a_note_has_start_end_pitch_and_velocity() -> None:
    """Times are the file's own ticks."""
    piece = read(*ONE_NOTE)
    assert rows(piece) == [[0, 96, 60, 80]]
    assert (only(piece).number, only(piece).channel, only(piece).drums, only(piece).hanging) == (1, 1, False, 0)
    assert piece.warnings == ()


def test_running_status_and_velocity_0_are_understood() -> None:
    """A note-on of velocity 0 is a note-off."""
    assert rows(read("00 90 3c 50", "0a 3e 51", "0a 3c 00", "0a 3e 00")) == [[0, 20, 60, 80], [10, 30, 62, 81]]


def test_overlapping_notes_of_one_pitch_end_in_the_order_in_which_they_began() -> None:
    """First in, first out; the grid ends the first where the second begins."""
    assert rows(read("00 90 3c 50", "0a 3c 5a", "0a 3c 00", "0a 3c 00")) == [[0, 20, 60, 80], [10, 30, 60, 90]]


def test_a_note_of_no_length_is_kept() -> None:
    """The grid gives it one tick."""
    assert rows(read("00 90 3c 50", "00 3c 00", "0a 90 40 50", "0a 40 00"))[0] == [0, 0, 60, 80]


def test_a_note_that_is_never_released_ends_with_its_track() -> None:
    """And is counted."""
    piece = read("00 90 3c 50", "0a 40 50", "0a 40 00", "60 ff 01 00")
    assert rows(piece) == [[0, 116, 60, 80], [10, 20, 64, 80]]
    assert only(piece).hanging == 1


@pytest.mark.parametrize("count", [1, 2, 3, 16, 17, 200])
@pytest.mark.parametrize("channel", ["0", "9"])
def test_no_note_without_an_end_is_lost(count: int, channel: str) -> None:
    """Each ends where its pitch is struck again, the last with its track; as in files of drums without note-offs."""
    piece = read(f"00 9{channel} 26 50", *["0a 24 50", "0a 2a 40"] * count, "0a ff 01 00")
    kicks = [[10 + 20 * hit, 30 + 20 * hit, 36, 80] for hit in range(count)]
    hats = [[20 + 20 * hit, 40 + 20 * hit, 42, 64] for hit in range(count)]
    end = 20 * count + 10
    kicks[-1][1] = hats[-1][1] = end
    assert rows(piece) == sorted([[0, end, 38, 80], *kicks, *hats])
    assert only(piece).hanging == 2 * count + 1


def test_one_release_of_many_ends_the_first() -> None:
    """First in, first out; the others end where the pitch is struck again."""
    piece = read("00 90 3c 50", "0a 3c 51", "0a 3c 52", "0a 3c 00", "0a ff 01 00")
    assert rows(piece) == [[0, 30, 60, 80], [10, 20, 60, 81], [20, 40, 60, 82]]


@pytest.mark.parametrize(
    "escape",
    ["00 f0 03 43 12 00 | 00 f7 03 01 02 f7", "00 f7 01 f3", "00 f7 04 f2 20 10 01", "00 f7 03 90 3c 40", "00 f7 00"],
)
def test_what_is_to_be_sent_as_it_is_is_passed_over(escape: str) -> None:
    """Before and between the notes; no note moves, none is lost, none is made of it."""
    escapes = escape.split(" | ")
    piece = read(*escapes, "00 90 3c 50", "0a 80 3c 00", *escapes, "05 90 3e 50", "0a 80 3e 00")
    assert rows(piece) == [[0, 10, 60, 80], [15, 25, 62, 80]]
    assert piece.warnings == ()


def test_the_delta_of_an_escape_counts() -> None:
    """It is as long as any."""
    assert rows(read("83 60 f7 02 f7 f7", "0a 90 3c 50", "0a 80 3c 00")) == [[490, 500, 60, 80]]


def test_a_track_without_an_end_of_track_loses_nothing() -> None:
    """Hanging notes end with the last event."""
    piece = read_midi(header() + track("00 90 3c 50", "0a 40 50", "0a 40 00"))[0]
    assert [row[:3] for row in rows(piece)] == [[0, 20, 60], [10, 20, 64]]


def test_each_channel_is_a_track_with_its_number_and_main_program() -> None:
    """Channels count from 1; a change of program does not split them."""
    piece = read(
        "00 93 3c 01", "01 83 3c 00",  # channel 4, program 0
        "00 c3 28", "00 93 3d 50", "01 83 3d 00", "00 93 3e 50", "01 83 3e 00",  # violin, twice
        "00 90 3f 50", "01 80 3f 00",  # channel 1
        "00 99 24 50", "01 89 24 00",  # channel 10
        "00 9f 40 50", "01 8f 40 00",  # channel 16
    )  # fmt: skip
    found = [(t.channel, t.program, t.drums, t.notes[:, 2].tolist()) for t in piece.tracks]
    assert found == [
        (1, 0, False, [63]),
        (4, 40, False, [60, 61, 62]),
        (10, 0, True, [36]),
        (16, 0, False, [64]),
    ]
    assert [t.other_program for t in piece.tracks] == [0, 1, 0, 0]


def test_a_note_that_sounds_through_a_change_of_program_is_one_note() -> None:
    """It belongs to the program that it began with."""
    assert rows(read("00 90 3c 50", "0a c0 05", "0a 80 3c 00")) == [[0, 20, 60, 80]]


def test_tracks_keep_their_numbers_names_and_unisons() -> None:
    """The same note in two tracks is two notes."""
    names = ["00 ff 03 01 41", "00 ff 03 01 42"]
    tracks = [track(name, *ONE_NOTE, END) for name in names]
    piece = read_midi(header(1, 3) + track(END) + tracks[0] + tracks[1], "a.mid")[0]
    assert [(t.number, t.name, t.notes.tolist()) for t in piece.tracks] == [
        (2, "A", [[0, 96, 60, 80]]),
        (3, "B", [[0, 96, 60, 80]]),
    ]


def test_tempo_and_metre_are_taken_from_all_tracks() -> None:
    """The last of a tick counts."""
    one = track("00 ff 51 03 07 a1 20", "60 ff 58 04 03 02 18 08", END)
    two = track("60 ff 51 03 06 1a 80", *ONE_NOTE, END)
    piece = read_midi(header(1, 2) + one + two, "a.mid")[0]
    assert piece.tempos == ((0, 500_000), (96, 400_000))
    assert piece.metres == ((96, 3, 4),)


def test_impossible_tempo_and_metre_are_held_or_left_out_with_a_warning() -> None:
    """Tempo 0 is 1000 bpm; a metre of 0/4 is none."""
    piece = read("00 ff 51 03 00 00 00", "00 ff 58 04 00 02 18 08", "00 ff 58 04 04 c8 18 08", *ONE_NOTE)
    assert piece.tempos == ((0, 60_000),)
    assert piece.metres == ()
    assert piece.warnings[0] == "a tempo of 0 microseconds a beat held to 1000 bpm"
    assert "metre 0/4 left out" in piece.warnings[1]


def test_a_bad_key_signature_and_other_odd_events_kill_nothing() -> None:
    """Meta events that are not needed are not judged."""
    odd = ("00 ff 59 02 09 03", "00 ff 59 01 09", "00 f0 03 01 02 f7", "00 f8", "00 ff 7f 02 00 01", "00 e0 00 40")
    assert rows(read(*odd, *ONE_NOTE)) == [[0, 96, 60, 80]]


def test_a_velocity_over_127_is_held_to_127() -> None:
    """The track counts as damaged, and is read whole."""
    piece = read("00 90 3c c8", "0a 80 3c 00")
    assert rows(piece) == [[0, 10, 60, 127]]
    assert piece.warnings[0].startswith("track 1: damaged, ")


@pytest.mark.parametrize("amid", ["00 ff 2f 00", "00 ff 2f 00 | 00 ff 2f 00"])
def test_an_end_amid_the_events_ends_nothing(amid: str) -> None:
    """A changed byte makes one of a text; what stands after it is read, and what sounds then is not lost."""
    piece = read("00 90 3c 50", *amid.split(" | "), "0a 80 3c 00", "05 90 3e 50", "0a ff 01 00")
    assert rows(piece) == [[0, 10, 60, 80], [15, 25, 62, 80]]
    assert piece.warnings[0].startswith("track 1: damaged, ")


@pytest.mark.parametrize("length", ["0b", "81 00", "82 40", "84 00"])
def test_an_event_that_runs_past_the_end_takes_no_note_along(length: str) -> None:
    """What is put after a track is not swallowed by it; a marker of the track's own is not taken for the end."""
    held = [f"00 90 {pitch:02x} 50" for pitch in range(1, 120)]
    piece = read(*held, *held, "10 ff 06 01 7e", "60 ff 01 00", f"00 ff 01 {length}")
    assert len(rows(piece)) == 2 * 119
    assert {(start, end) for start, end, _, _ in rows(piece)} == {(0, 0), (0, 112)}
    assert "an event runs past the end" in piece.warnings[0] or "its end is not after" in piece.warnings[0]


@pytest.mark.parametrize("velocity", ["50", "85"], ids=["whole", "damaged"])
@pytest.mark.parametrize("message", ["f1 05", "f2 05 06", "f3 05", "f4", "f6", "f8", "fc", "fe"])
def test_a_system_message_is_passed_over(message: str, velocity: str) -> None:
    """It is as long as the MIDI specification says, and notes after it are where they were, in running status too."""
    piece = read(f"00 90 3c {velocity}", "0a 3c 00", f"05 {message}", "05 3e 50", "0a 3e 00", "00 90 40 50", "0a 40 00")
    assert [row[:3] for row in rows(piece)] == [[0, 10, 60], [20, 30, 62], [30, 40, 64]]
    assert bool(piece.warnings) == (velocity == "85")


def test_a_truncated_file_is_read_up_to_where_it_ends() -> None:
    """The note that was sounding ends there."""
    piece = read_midi((header() + track(*ONE_NOTE, "00 90 40 50", "0a 80 40 00"))[:-1], "a.mid")[0]
    assert rows(piece) == [[0, 96, 60, 80], [96, 96, 64, 80]]
    assert only(piece).hanging == 1
    assert any("damaged" in warning for warning in piece.warnings)


def test_one_broken_track_does_not_lose_the_others() -> None:
    """Each track is read by itself."""
    broken = track("00 3c 50")  # running status without a status
    piece = read_midi(header(1, 2) + broken + track(*ONE_NOTE, END), "a.mid")[0]
    assert rows(piece) == [[0, 96, 60, 80]]
    assert piece.warnings[0].startswith("track 1: damaged, 0 of 3 bytes read")


def test_a_file_of_format_2_is_a_piece_a_track() -> None:
    """Its tracks are not simultaneous."""
    data = header(2, 2) + track(*ONE_NOTE, END) + track("00 90 40 50", "0a 80 40 00", END)
    pieces = read_midi(data, "a.mid")
    assert [(piece.name, rows(piece)) for piece in pieces] == [
        ("a.mid#1", [[0, 96, 60, 80]]),
        ("a.mid#2", [[0, 10, 64, 80]]),
    ]


def test_a_file_without_notes_is_a_piece_without_tracks() -> None:
    """Whoever wants notes refuses it."""
    assert read().tracks == ()


def test_time_beyond_31_bits_is_refused() -> None:
    """Nine deltas of 2^28 overflow the parser's counter."""
    with pytest.raises(MidiFileError, match=r"a\.mid: track 1 must be under 2147483648 ticks long"):
        read(*(("ff ff ff 7f 90 3c 50", "10 80 3c 00") * 9))


def test_the_pedal_is_kept_as_presses() -> None:
    """A pedal that never comes up does so at the end."""
    events = ("00 b0 40 7f", "00 90 3c 50", "0a 80 3c 00", "14 b0 40 00", "05 b0 40 64", "0a ff 01 00")
    assert only(read(*events)).pedals.tolist() == [[0, 30], [35, 45]]


def test_a_pedal_comes_up_under_whatever_program() -> None:
    """It belongs to the channel; a program may change while it is down, and change back."""
    first = ("00 b0 40 7f", "00 c0 04", "00 90 3c 50", "0a 80 3c 00", "0a b0 40 00", "0a ff 01 00")
    assert only(read(*first)).pedals.tolist() == [[0, 20]]
    back = ("00 c0 04", "00 b0 40 7f", "00 90 3c 50", "0a 80 3c 00", "05 c0 00", "05 b0 40 00", "05 b0 40 7f")
    assert only(read(*back, "05 c0 04", "05 b0 40 00", "0a ff 01 00")).pedals.tolist() == [[0, 20], [25, 35]]


def test_a_name_that_is_no_utf8_is_read_all_the_same() -> None:
    """And NUL bytes are taken out."""
    assert only(read("00 ff 03 04 e9 41 00 42", *ONE_NOTE)).name.endswith("AB")


def test_a_missing_file_is_refused_with_its_name(tmp_path: Path) -> None:
    """The message says what the system said."""
    with pytest.raises(MidiFileError, match=r"nothing\.mid: a MIDI file must be readable, got No such file"):
        read_midi(tmp_path / "nothing.mid")


@given(st.lists(st.binary(min_size=1, max_size=12), max_size=20), st.integers(1, 0x7FFF))
def test_no_track_does_worse_than_a_refusal(events: list[bytes], division: int) -> None:
    """Whatever a track holds, notes come out in order and inside their ranges, or an error with the name."""
    body = b"".join(b"\x00\x90" + event for event in events)
    data = header(division=division) + b"MTrk" + len(body).to_bytes(4, "big") + body
    try:
        pieces = read_midi(data, "a.mid")
    except MidiFileError as error:
        assert str(error).startswith("a.mid: ")
        return
    for found in (each for piece in pieces for each in piece.tracks):
        assert (found.notes[:, 1] >= found.notes[:, 0]).all()
        assert (found.notes >= 0).all()
        assert (found.notes[:, 2:] <= 127).all()
        assert 1 <= found.channel <= 16


def test_bytes_that_look_like_the_status_of_another_channel_are_none() -> None:
    """A wait of 3,328 ticks is written 9a 00, a text has b5 in it: the notes are on channel 3 all the same."""
    track = only(read("00 ff 01 02 b5 ef", "00 92 3c 50", "9a 00 82 3c 00"))
    assert (track.channel, track.notes.tolist()) == (3, [[0, 3328, 60, 80]])


def test_the_pedal_of_a_channel_without_notes_is_nobodys() -> None:
    """It does not reach the notes of another one."""
    track = only(read("00 b4 40 7f", "00 92 3c 50", "60 82 3c 00", "00 b4 40 00"))
    assert (track.channel, track.pedals.tolist()) == (3, [])


def test_letting_go_of_a_pedal_that_was_not_down_is_no_press() -> None:
    """On any channel; other controllers are none either."""
    for channel in ("0", "5"):
        events = (f"00 b{channel} 40 00", f"00 b{channel} 07 7f", f"00 9{channel} 3c 50", f"0a 8{channel} 3c 00")
        assert only(read(*events)).pedals.tolist() == []


def test_more_than_a_million_notes_are_refused() -> None:
    """Black MIDI is no corpus; the file is seven megabytes."""
    body = b"\x00\x90\x3c\x50" + b"\x01\x3c\x00\x00\x3c\x50" * 1_000_001
    data = header() + b"MTrk" + len(body).to_bytes(4, "big") + body
    with pytest.raises(MidiFileError, match=r"a\.mid: a MIDI file must hold at most 1000000 notes, got 1000002"):
        read_midi(data, "a.mid")


def test_a_number_without_end_ends_the_track() -> None:
    """A delta has four bytes at most."""
    piece = read_midi(header() + track(*ONE_NOTE, "ff " * 40 + "05 90 3c 50", END), "a.mid")[0]
    assert rows(piece) == [[0, 96, 60, 80]]
    assert "damaged, 8 of" in piece.warnings[0]
