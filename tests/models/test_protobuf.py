"""The strict reader of protocol buffers, and the writer."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musicrnn.models.protobuf import Field, Form, read, written

POINT = {1: Field("x", Form.INTEGER)}
SCHEMA = {
    1: Field("number", Form.INTEGER),
    2: Field("text", Form.TEXT),
    3: Field("bytes", Form.BYTES),
    4: Field("points", Form.MESSAGE, repeated=True, schema=POINT),
}


def _varint(value: int) -> bytes:
    value %= 2**64
    content = b""
    while value > 0x7F:
        content += bytes([value & 0x7F | 0x80])
        value >>= 7
    return content + bytes([value])


def _field(number: int, content: bytes) -> bytes:
    return bytes([number << 3 | 2]) + _varint(len(content)) + content


@given(
    number=st.integers(-(2**63), 2**63 - 1), text=st.text(), content=st.binary(), points=st.lists(st.integers(0, 99))
)
def test_what_is_written_is_read(number: int, text: str, content: bytes, points: list[int]) -> None:
    """All four forms, and a field that repeats."""
    data = b"\x08" + _varint(number) + _field(2, text.encode()) + _field(3, content)
    data += b"".join(_field(4, b"\x08" + _varint(x)) for x in points)
    message = read(memoryview(data), SCHEMA)
    assert (message["number"], message["text"], bytes(message["bytes"])) == (number, text, content)
    assert message["points"] == [{"x": x} for x in points]


@given(
    number=st.integers(-(2**63), 2**63 - 1), text=st.text(), content=st.binary(), points=st.lists(st.integers(0, 99))
)
def test_a_message_comes_back_from_its_own_bytes(number: int, text: str, content: bytes, points: list[int]) -> None:
    """What the writer writes, the reader reads."""
    message = {"number": number, "text": text, "bytes": content, "points": [{"x": x} for x in points]}
    again = read(memoryview(written(message, SCHEMA)), SCHEMA)
    assert {**again, "bytes": bytes(again["bytes"])} == message


def test_what_is_written_is_the_wire_format() -> None:
    """Literal bytes: field 1 is -1, field 2 a text, field 4 two points."""
    message = {"number": -1, "text": "\u00e9", "points": [{"x": 1}, {"x": 300}]}
    assert written(message, SCHEMA) == bytes.fromhex(
        "08 ff ff ff ff ff ff ff ff ff 01"  # 1: varint, 2^64 - 1
        "12 02 c3 a9"  # 2: two bytes of UTF-8
        "22 02 08 01"  # 4: a message whose field 1 is 1
        "22 03 08 ac 02"  # 4: another, 300
    )


def test_a_field_that_the_schema_does_not_name_is_not_written() -> None:
    """A slip shows."""
    with pytest.raises(KeyError, match="nothing"):
        written({"nothing": 1}, SCHEMA)


@given(data=st.binary(max_size=64))
def test_random_bytes_are_read_or_refused(data: bytes) -> None:
    """No other error than ValueError."""
    with suppress(ValueError):
        read(memoryview(data), SCHEMA)


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (b"\x08", "cut off in a number"),
        (b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "longer than 64 bits"),
        (b"\x12\x05abc", "ends 2 bytes beyond its message"),
        (b"\x28\x01", "field 5 is not one of number, text, bytes, points"),
        (b"\x0a\x00", "field number has wire type 2"),
        (b"\x10\x00", "field text has wire type 0"),
        (b"\x0d\x00\x00\x00\x00", "field 1 has wire type 5"),
        (b"\x08\x01\x08\x02", "field number stands twice"),
        (b"\x12\x01\xff", "utf-8"),
        (b"\x22\x02\x10\x00", "field 2 is not one of x"),
    ],
)
def test_what_a_schema_does_not_allow_is_refused(data: bytes, rule: str) -> None:
    """Each with the field and the rule."""
    with pytest.raises(ValueError, match=rule):
        read(memoryview(data), SCHEMA)
