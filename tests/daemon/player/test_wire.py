"""Records go through a pipe whole, however it cuts them; anything else is refused."""

from __future__ import annotations

import select

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musicrnn.daemon.player.wire import (
    LARGEST,
    Beat,
    Close,
    Connected,
    Counts,
    Force,
    Heard,
    Latency,
    Left,
    Lost,
    Opened,
    Panic,
    Place,
    Play,
    Record,
    Records,
    WireError,
    is_message,
    packed,
)

MOMENTS = st.floats(allow_nan=False)
NUMBERS = st.integers(0, 2**32 - 1)
DATA = st.integers(0, 127)
MESSAGES = st.one_of(
    st.builds(lambda kind, channel, one, two: bytes((kind | channel, one, two)), st.sampled_from([0x80, 0x90, 0xB0]),
              st.integers(0, 15), DATA, DATA),
    st.builds(lambda channel, one: bytes((0xC0 | channel, one)), st.integers(0, 15), DATA),
    st.sampled_from([b"\xf8", b"\xfa", b"\xfb", b"\xfc", b"\xf2\x10\x20"]),
)  # fmt: skip
NAMES = st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]), min_size=1, max_size=40)
RECORDS: st.SearchStrategy[Record] = st.one_of(
    st.builds(Play, MOMENTS, MESSAGES),
    st.builds(Force, MESSAGES),
    st.builds(Beat, NUMBERS),
    st.just(Panic()),
    st.just(Close()),
    st.builds(Opened, NAMES, MOMENTS, st.booleans(), st.booleans(), st.booleans()),
    st.builds(Lost, NAMES),
    st.builds(Heard, MOMENTS, MESSAGES, MOMENTS, st.booleans()),
    st.builds(Counts, NUMBERS, NUMBERS, NUMBERS, NUMBERS),
    st.builds(Connected, st.lists(NAMES, max_size=4).map(tuple)),
    st.builds(Left, st.integers(0, 15), DATA),
    st.builds(Latency, MOMENTS),
    st.builds(Place, MOMENTS, MOMENTS, MOMENTS, MOMENTS, MOMENTS, st.booleans()),
)


@given(st.lists(RECORDS), st.lists(st.integers(1, 9)))
def test_what_is_packed_comes_out_again(records: list[Record], cuts: list[int]) -> None:
    """In order, from pieces of any size."""
    data = b"".join(map(packed, records))
    reader, found = Records(), []
    for size in [*cuts, len(data)]:
        piece, data = data[:size], data[size:]
        found += list(reader.feed(piece))
    found += list(reader.feed(data))
    assert found == records


@given(st.binary(max_size=64))
def test_rubbish_is_refused_and_nothing_worse(data: bytes) -> None:
    """Either it is records, or a WireError."""
    reader = Records()
    try:
        found = list(reader.feed(data))
    except WireError:
        return
    assert all(is_message(one.data) for one in found if isinstance(one, Play | Force | Heard))


@pytest.mark.parametrize(
    "data",
    [
        b"\x09\x00\x00",  # an unknown kind
        b"\x01\x03\x00abc",  # a message without a whole moment
        b"\x02\x02\x00\x90\x3c",  # a note-on without its velocity
        b"\x02\x03\x00\x90\x3c\xc8",  # a data byte above 127
        b"\x02\x00\x00",  # no message
        b"\x04\x01\x00x",  # a panic with something after it
        b"\x47\x07\x00abcdefg",  # a latency that is not whole
        b"\x47\x09\x00abcdefghi",  # one with something after it
        b"\x42\xff\xff",  # longer than a pipe takes whole
    ],
)
def test_a_record_that_breaks_a_rule_is_refused(data: bytes) -> None:
    """Each with what it should be."""
    with pytest.raises(WireError, match="must"):
        list(Records().feed(data))


def test_a_record_that_is_too_long_is_not_sent() -> None:
    """A pipe might take a part of it."""
    with pytest.raises(WireError, match=f"at most {LARGEST} bytes"):
        packed(Connected(("x" * LARGEST, "y")))


def test_a_record_that_is_just_short_enough_goes_through() -> None:
    """Whole, where the system promises that; a reason that is longer is cut, whatever is in it."""
    names = Connected(("x" * (LARGEST - 2), "y"))
    assert list(Records().feed(packed(names) + packed(Connected(())))) == [names, Connected(())]
    if hasattr(select, "PIPE_BUF"):
        assert len(packed(names)) <= select.PIPE_BUF
    (lost,) = Records().feed(packed(Lost("é\udce9" * LARGEST)))
    assert isinstance(lost, Lost)
    assert lost.reason.startswith("é?é?")


@pytest.mark.parametrize(
    "data", [b"\xa0\x3c\x40", b"\xd0\x40", b"\xe0\x00\x40", b"\xf1\x00", b"\xf3\x01", b"\xf6", b"\xfe", b"\xff"]
)
def test_what_is_one_short_midi_message_is_told(data: bytes) -> None:
    """Pressure and bends, songs and what keeps a cable awake."""
    assert is_message(data)
    assert not is_message(data + b"\x00")
    assert not is_message(data[:-1])


@pytest.mark.parametrize("data", [b"", b"\x3c\x40", b"\x90\x3c", b"\x90\x3c\xc8", b"\xf0\x01\xf7", b"\xf8\x00"])
def test_what_is_not_one_short_midi_message_is_told(data: bytes) -> None:
    """RtMidi would send it without complaint."""
    assert not is_message(data)
