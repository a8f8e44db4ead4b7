"""The outside of a MIDI file, whole and broken."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musicrnn.errors import MidiFileError
from musicrnn.models.midi_chunks import MOST_TRACKS, split_chunks
from tests.models.raw_midi import END, ONE_NOTE, file, header, track

BODY = bytes.fromhex("00 90 3c 50 60 80 3c 00 00 ff 2f 00")


def test_a_plain_file_is_cut_into_its_tracks() -> None:
    """Format, resolution and the bytes of each track come back."""
    chunks = split_chunks(header(1, 2, 96) + track(*ONE_NOTE, END) + track(END), "a.mid")
    assert (chunks.format, chunks.ticks_per_beat, chunks.warnings) == (1, 96, ())
    assert chunks.tracks == (BODY, bytes.fromhex(END))


def test_a_riff_wrapper_is_taken_off() -> None:
    """An .rmi file holds a MIDI file in its data chunk."""
    inside = file(*ONE_NOTE)
    wrapped = b"RIFF" + (len(inside) + 22).to_bytes(4, "little") + b"RMID" + b"DISP\x01\x00\x00\x00x\x00"
    wrapped += b"data" + len(inside).to_bytes(4, "little") + inside
    assert split_chunks(wrapped, "a.rmi").tracks == (BODY,)


def test_junk_before_the_header_is_left_out() -> None:
    """MacBinary and mail headers stand before some files."""
    chunks = split_chunks(b"\x00junk" + file(*ONE_NOTE), "a.mid")
    assert chunks.tracks == (BODY,)
    assert chunks.warnings == ("5 bytes before the header left out",)


def test_a_longer_header_and_foreign_chunks_are_passed_over() -> None:
    """The format allows both."""
    longer = b"MThd\x00\x00\x00\x08\x00\x01\x00\x01\x01\xe0\xaa\xbb"
    chunks = split_chunks(longer + b"XFIH\x00\x00\x00\x02ab" + track(*ONE_NOTE, END), "a.mid")
    assert chunks.tracks == (BODY,)
    assert chunks.warnings == ()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", r"a\.mid: a MIDI file must begin with MThd, got an empty file"),
        (b"hello, world!!", r"must begin with MThd, got b'hell'"),
        (b"MThd\x00\x00\x00\x06", r"a MIDI header must be 14 bytes, got 8"),
        (header(1, 0), r"must hold a track, got none of the 0 it declares"),
        (header(1, 3), r"must hold a track, got none of the 3 it declares"),
        (header(division=0) + track(END), r"ticks per beat must be in 1\.\.32767, got 0"),
        (header(division=0xE728) + track(END), r"got SMPTE time \(25 frames a second, 40 ticks a frame\)"),
        (b"MThd\x00\x00\x00\x02" + header()[8:] + track(END), r"header's length must be in 6\.\.1024, got 2"),
        (b"MThd" + b"\x00" * (16 * 1024 * 1024), r"at most 16777216 bytes, got 16777220"),
    ],
)
def test_what_is_no_midi_file_is_refused_with_its_name(data: bytes, message: str) -> None:
    """The message has the file, the rule and the value."""
    with pytest.raises(MidiFileError, match=message):
        split_chunks(data, "a.mid")


def test_more_than_32767_declared_tracks_are_not_a_negative_number() -> None:
    """The count is unsigned; what counts is what is there."""
    chunks = split_chunks(header(1, 0xFFFF) + track(*ONE_NOTE, END), "a.mid")
    assert len(chunks.tracks) == 1
    assert chunks.warnings == ("the header declares 65535 tracks, the file holds 1",)


def test_tracks_are_capped() -> None:
    """No file makes work without end."""
    chunks = split_chunks(header(1, 2000) + track(END) * 2000, "a.mid")
    assert len(chunks.tracks) == MOST_TRACKS
    assert chunks.warnings[0] == "only the first 1024 tracks are read"


def test_a_length_that_runs_past_the_end_is_cut() -> None:
    """A lying length of 2^28 costs nothing."""
    chunks = split_chunks(header() + track(*ONE_NOTE, END, declared=1 << 28), "a.mid")
    assert chunks.tracks == (BODY,)
    assert chunks.warnings == ("a chunk declares 268435456 bytes, 12 are left",)


def test_a_length_that_swallows_the_next_track_is_cut() -> None:
    """The end of track followed by a new track tells where the first one ends."""
    data = header(1, 2) + track(*ONE_NOTE, END, declared=20) + track(*ONE_NOTE, END)
    chunks = split_chunks(data, "a.mid")
    assert chunks.tracks == (BODY, BODY)


def test_a_length_that_is_too_short_is_mended() -> None:
    """The next track is where its tag is."""
    data = header(1, 2) + track(*ONE_NOTE, END, declared=5) + track(END)
    chunks = split_chunks(data, "a.mid")
    assert chunks.tracks == (BODY, bytes.fromhex(END))


@given(st.binary(max_size=200))
def test_no_bytes_do_worse_than_a_refusal(data: bytes) -> None:
    """Whatever stands after a good header is read or refused."""
    for content in (data, header() + data, header() + track() + data, b"RIFF" + data):
        try:
            split_chunks(content, "a.mid")
        except MidiFileError as error:
            assert str(error).startswith("a.mid: ")
