"""Read the wire format of protocol buffers strictly (what a schema does not name is refused), and write it.

Format: https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any, NamedTuple

_VARINT, _LENGTH = 0, 2
_LIMIT = 2**64


class Form(Enum):
    """How a field's bytes are read."""

    INTEGER = "integer"
    BYTES = "bytes"
    TEXT = "text"
    MESSAGE = "message"


class Field(NamedTuple):
    """One field of a schema: its name, its form, whether it repeats, and the schema of a message."""

    name: str
    form: Form
    repeated: bool = False
    schema: Mapping[int, Field] = {}


Schema = Mapping[int, Field]
Message = dict[str, Any]


def read(data: memoryview, schema: Schema) -> Message:
    """Return a message as values by name: a list for each repeated field, bytes as memoryview.

    Raises ValueError for a truncated message, a field that the schema does not name, one of another
    wire type, and a single field given twice.
    """
    message: Message = {field.name: [] for field in schema.values() if field.repeated}
    for number, wire_type, value in _fields(data):
        field = schema.get(number)
        if field is None:
            raise ValueError(f"field {number} is not one of {', '.join(f.name for f in schema.values())}")
        read_value = _value(field, wire_type, value)
        if field.repeated:
            message[field.name].append(read_value)
        elif field.name in message:
            raise ValueError(f"field {field.name} stands twice")
        else:
            message[field.name] = read_value
    return message


def written(message: Message, schema: Schema) -> bytes:
    """Return a message as bytes that :func:`read` reads as the same values; KeyError for a field not of the schema."""
    return b"".join(_pieces(message, schema))


def _pieces(message: Message, schema: Schema) -> list[bytes]:
    """Return the bytes of a message in pieces: large ones are joined only once."""
    numbers = {field.name: number for number, field in schema.items()}
    pieces: list[bytes] = []
    for name, value in message.items():
        number = numbers[name]
        field = schema[number]
        for one in value if field.repeated else [value]:
            pieces += _field_pieces(number, field, one)
    return pieces


def _field_pieces(number: int, field: Field, value: Any) -> list[bytes]:
    if field.form is Form.INTEGER:
        return [_varint_bytes(number << 3 | _VARINT), _varint_bytes(value % _LIMIT)]
    if field.form is Form.MESSAGE:
        pieces = _pieces(value, field.schema)
    else:
        pieces = [value.encode() if field.form is Form.TEXT else value]
    return [_varint_bytes(number << 3 | _LENGTH), _varint_bytes(sum(map(len, pieces))), *pieces]


def _varint_bytes(value: int) -> bytes:
    content = bytearray()
    while value > 0x7F:
        content.append(value & 0x7F | 0x80)
        value >>= 7
    content.append(value)
    return bytes(content)


def _value(field: Field, wire_type: int, value: Any) -> Any:
    if wire_type != (_VARINT if field.form is Form.INTEGER else _LENGTH):
        raise ValueError(f"field {field.name} has wire type {wire_type}")
    if field.form is Form.INTEGER:
        return value - _LIMIT if value >= _LIMIT // 2 else value
    if field.form is Form.TEXT:
        return str(value, "utf-8")
    if field.form is Form.MESSAGE:
        return read(value, field.schema)
    return value


def _fields(data: memoryview) -> Iterator[tuple[int, int, Any]]:
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        number, wire_type = tag >> 3, tag & 7
        if wire_type not in (_VARINT, _LENGTH):
            raise ValueError(f"field {number} has wire type {wire_type}")
        value, at = _varint(data, at)
        if wire_type == _LENGTH:
            if value > len(data) - at:
                raise ValueError(f"field {number} ends {value - len(data) + at} bytes beyond its message")
            yield number, wire_type, data[at : at + value]
            at += value
        else:
            yield number, wire_type, value


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(data):
            raise ValueError("the message is cut off in a number")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            if value >= _LIMIT:
                break
            return value, at
    raise ValueError("a number is longer than 64 bits")
