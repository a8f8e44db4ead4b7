"""The whole events of a damaged track."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from musicrnn.models.midi_events import readable_prefix, without_system
from tests.models.plain_events import plain_prefix

BODY = bytes.fromhex("00 90 3c 50 60 80 3c 00 00 ff 2f 00")
DELTA = st.sampled_from(["00", "7f", "81 00", "ff ff 7f", "ff ff ff 7f", "81 82 83 84 05"])
EVENT = st.sampled_from([
    "90 3c 50", "3c 50", "80 c8 f0", "e3 00 40", "c0 05", "d1 7f", "7f", "ff 2f 00", "ff 51 03 07 a1 20", "ff 01 00",
    "ff 58 04 04 02 18 08", "ff 7f 07 01 02 03 04 05 06 07", "ff 01 81 00", "f0 02 01 f7", "f7 00", "f1 00", "f2 01 02",
    "f8", "ff", "90 3c", "f0 7f",
])  # fmt: skip


def test_the_readable_head_of_a_track_ends_before_what_is_no_event() -> None:
    """A cut-off event, running status without a status, and a number of five bytes end it."""
    good = BODY[:8]
    for bad in ("00 90 3c", "81 82 83 84 05 90 3c 50", "00 ff 01 7f 41", "81"):
        assert readable_prefix(good + bytes.fromhex(bad)) == good
    assert readable_prefix(bytes.fromhex("00 3c 50")) == b""
    assert readable_prefix(BODY) == BODY


@given(st.binary(max_size=60))
def test_the_readable_head_is_a_head(data: bytes) -> None:
    """It never ends beyond the track, and reading it again changes nothing."""
    head = readable_prefix(data)
    assert data.startswith(head)
    assert readable_prefix(head) == head


@given(st.binary(max_size=60))
def test_the_readable_head_of_any_bytes_is_that_of_the_plain_way(data: bytes) -> None:
    """One step of Python an event finds the same."""
    assert readable_prefix(data) == plain_prefix(data)


@given(st.lists(st.tuples(DELTA, EVENT), max_size=40))
def test_the_readable_head_of_events_is_that_of_the_plain_way(events: list[tuple[str, str]]) -> None:
    """Whatever follows what: running status of one and two bytes, short and long blocks, events that are cut off."""
    data = bytes.fromhex("".join(delta + event for delta, event in events))
    assert readable_prefix(data) == plain_prefix(data)


STATUS_OF_ITS_OWN = st.sampled_from([
    "90 3c 50", "c0 05", "ff 01 81 00" + " f7" * 128, "f0 02 01 f7", "f7 00", "f7 03 01 02 f7", "f7 02 f7 f7",
    "f1 05", "f2 05 06", "f3 7f", "f4", "f8", "fe",
])  # fmt: skip


@given(
    st.lists(
        st.tuples(st.sampled_from(["00", "81 00", "f7 00", "f8 7f", "ff ff f7 7f"]), STATUS_OF_ITS_OWN), max_size=30
    )
)
def test_what_is_sent_as_it_is_becomes_empty_texts_and_nothing_else_changes(events: list[tuple[str, str]]) -> None:
    """Their deltas stay, and so do bytes of the same value that are no status; what is no event is left as it is."""
    data = bytes.fromhex("".join(delta + event for delta, event in events))
    plain = bytes.fromhex(
        "".join(delta + ("ff 01 00" if "f1" <= event[:2] <= "fe" else event) for delta, event in events)
    )
    rest = bytes.fromhex("00 90 3c")
    assert without_system(data + rest) == plain + rest


def test_a_long_track_takes_no_memory_an_event() -> None:
    """An expression that kept where it had been would take hundreds of megabytes."""
    track = BODY[:4] + b"\x01\x3c\x00\x00\x3c\x50" * 500_000
    assert readable_prefix(track + b"\x00") == track
