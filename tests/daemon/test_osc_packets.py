"""The packet check: all that is legal passes, nothing else, and nothing hangs it."""

from __future__ import annotations

import re
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musicrnn.daemon.osc_packets import Malformed, Message, Value, bundle_bytes, message_bytes, messages

WORDS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
VALUES = st.one_of(st.integers(-(2**63), 2**63 - 1), st.floats(width=32, allow_nan=False), WORDS, st.booleans())
BUNDLE = b"#bundle\0" + b"\0" * 7 + b"\1"


@given(st.lists(VALUES, max_size=8))
def test_a_message_comes_back_as_it_was_built(values: list[Value]) -> None:
    """Building and checking are inverse for the six types."""
    (message,) = messages(message_bytes("/a/b", *values), 4096)
    assert message.address == "/a/b"
    assert message.values == tuple(values)


@given(st.lists(st.lists(VALUES, max_size=3), max_size=8))
def test_a_flat_bundle_comes_back_message_by_message(rows: list[list[Value]]) -> None:
    """A bundle is its messages in order."""
    packet = bundle_bytes([("/x", tuple(row)) for row in rows])
    assert [message.values for message in messages(packet, 65536)] == [tuple(row) for row in rows]


@given(st.binary(max_size=1100))
def test_random_bytes_are_taken_or_refused_and_nothing_else(data: bytes) -> None:
    """Strangers' bytes never raise anything but Malformed."""
    try:
        messages(data)
    except Malformed:
        return


@given(
    st.binary(max_size=60),
    st.sampled_from([b"/musicrnn/mu\0\0\0\0,f\0\0", BUNDLE, BUNDLE + b"\0\0\0\x0c/a\0\0", b"/a\0\0,"]),
)
def test_bytes_that_begin_well_are_taken_or_refused(data: bytes, head: bytes) -> None:
    """Rubbish behind a good beginning never raises anything but Malformed."""
    try:
        messages(head + data)
    except Malformed:
        return


@given(st.lists(VALUES, max_size=4), st.integers(0, 10_000), st.integers(0, 255))
def test_a_damaged_byte_never_raises_anything_else(values: list[Value], place: int, byte: int) -> None:
    """One wrong byte gives other messages or Malformed."""
    packet = bytearray(bundle_bytes([("/musicrnn/mu", tuple(values)), ("/b", ())]))
    packet[place % len(packet)] = byte
    try:
        messages(bytes(packet), 65536)
    except Malformed:
        return


@pytest.mark.parametrize(
    ("packet", "reason"),
    [
        (b"", "begin with '/'"),
        (b"no", "begin with '/'"),
        (b"/a", "NUL"),
        (b"/a\0", "NUL"),
        (b"/a\0x", "NUL"),
        (b"/\xff\0\0", "UTF-8"),
        (b"/a\0\0if\0\0", "begin with ','"),
        (b"/a\0\0,i\0\0", "0 of 4"),
        (b"/a\0\0,i\0\0\0\0\0", "3 of 4"),
        (b"/a\0\0,\0\0\0\0\0\0\0", "4 bytes more"),
        (b"/a\0\0,b\0\0\xff\xff\xff\xff", "got 'b'"),
        (b"/a\0\0,[]\0", "got '['"),
        (b"/a\0\0,s\0\0abcd", "NUL"),
        (b"/a\0\0" + b"," + b"T" * 2000 + b"\0\0\0", "at most 1024"),
        (b"#bundle\0", "time tag"),
        (BUNDLE + struct.pack(">i", -4), "size of -4"),
        (BUNDLE + struct.pack(">i", -16), "size of -16"),
        (BUNDLE + struct.pack(">i", 0), "size of 0"),
        (BUNDLE + struct.pack(">i", 6) + b"/a\0\0\0\0", "size of 6"),
        (BUNDLE + struct.pack(">i", 8) + b"/a\0\0", "size of 8"),
        (BUNDLE + b"\0\0", "2 bytes more"),
        (BUNDLE + struct.pack(">i", 16) + BUNDLE, "a bundle in it"),
        (BUNDLE + (struct.pack(">i", 4) + b"/a\0\0") * 65, "at most 64"),
    ],
)
def test_a_malformed_packet_is_refused_with_its_reason(packet: bytes, reason: str) -> None:
    """Each rule has its own words; the 20-byte bundle that hangs python-osc is among them."""
    with pytest.raises(Malformed, match=re.escape(reason)):
        messages(packet)


@pytest.mark.parametrize("value", [-(2**63), -(2**31) - 1, 1 - 2**31, -1, 2**31 - 1, 2**31, 2**63 - 1])
def test_a_whole_number_takes_the_room_that_it_needs(value: int) -> None:
    """Four bytes where it has room in them, which every client reads."""
    (message,) = messages(message_bytes("/a", value))
    assert message == Message("/a", "i" if abs(value) < 2**31 else "h", (value,))


def test_what_is_just_large_enough_is_taken() -> None:
    """A packet of 1,024 bytes, and a bundle of nothing."""
    packet = message_bytes("/a", "x" * 1015)
    assert len(packet) == 1024
    assert messages(packet)[0].values == ("x" * 1015,)
    assert messages(BUNDLE) == []
    assert len(messages(BUNDLE + (struct.pack(">i", 4) + b"/a\0\0") * 64)) == 64


def test_an_address_alone_is_a_message_without_values() -> None:
    """Old senders leave out the type tags."""
    assert messages(b"/a\0\0") == [Message("/a", "", ())]


def test_a_time_tag_in_the_future_is_passed_over() -> None:
    """A bundle for the year 2036 is read at once."""
    packet = b"#bundle\0" + b"\xff" * 8 + struct.pack(">i", 8) + b"/a\0\0,\0\0\0"
    assert messages(packet) == [Message("/a", "", ())]
