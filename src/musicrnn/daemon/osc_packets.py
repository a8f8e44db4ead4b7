"""OSC packets from strangers: checked byte by byte before anything else reads them.

The format is Open Sound Control 1.0. Far less of it is accepted than it allows: exact addresses, the types
`f i d h s T F`, bundles of messages only. A time tag is passed over: everything is meant for now.
python-osc reads what has passed; alone it can be hung by 20 bytes (a bundle's element of size -4).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from pythonosc.osc_bundle_builder import IMMEDIATELY, OscBundleBuilder
from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import OscMessageBuilder

MAX_BYTES = 1024
MAX_MESSAGES = 64
BUNDLE = b"#bundle\0"
_WIDTHS = {"i": 4, "f": 4, "h": 8, "d": 8, "T": 0, "F": 0}

Value = int | float | str | bool


class Malformed(ValueError):  # noqa: N818 - the packet is, the program is not in error
    """The packet breaks a rule; the message says which."""


@dataclass(frozen=True, slots=True)
class Message:
    """One OSC message: its address, the types of its values as letters, and the values."""

    address: str
    types: str
    values: tuple[Value, ...]


def messages(packet: bytes, max_bytes: int = MAX_BYTES) -> list[Message]:
    """Return the messages of a packet, all checked; Malformed where one byte is wrong."""
    if len(packet) > max_bytes:
        raise Malformed(f"a packet must have at most {max_bytes} bytes, got {len(packet)}")
    if not packet.startswith(BUNDLE):
        return [_message(packet)]
    return [_message(element) for element in _elements(packet)]


def _elements(packet: bytes) -> Iterator[bytes]:
    place = len(BUNDLE) + 8
    if len(packet) < place:
        raise Malformed(f"a bundle must have a time tag, got {len(packet)} bytes")
    for _ in range(MAX_MESSAGES):
        if place == len(packet):
            return
        size = _size(packet, place)
        yield packet[place + 4 : place + 4 + size]
        place += 4 + size
    if place != len(packet):
        raise Malformed(f"a bundle must have at most {MAX_MESSAGES} messages")


def _size(packet: bytes, place: int) -> int:
    if place + 4 > len(packet):
        raise Malformed(f"a bundle must end with a message, got {len(packet) - place} bytes more")
    size: int = struct.unpack_from(">i", packet, place)[0]
    if size < 4 or size % 4 or place + 4 + size > len(packet):
        raise Malformed(f"a message in a bundle must fit into it, got a size of {size}")
    return size


def _message(packet: bytes) -> Message:
    if packet.startswith(BUNDLE):
        raise Malformed("a bundle must hold messages alone, got a bundle in it")
    if not packet.startswith(b"/"):
        raise Malformed(f"a message must begin with '/', got {packet[:1]!r}")
    address, place = _string(packet, 0)
    tags = ","
    if place < len(packet):
        tags, place = _string(packet, place)
    if not tags.startswith(","):
        raise Malformed(f"type tags must begin with ',', got {tags[:8]!r}")
    for tag in tags[1:]:
        place = _after(packet, place, tag)
    if place != len(packet):
        raise Malformed(f"a message must end with its last value, got {len(packet) - place} bytes more")
    return Message(address, tags[1:], tuple(OscMessage(packet).params))


def _after(packet: bytes, place: int, tag: str) -> int:
    """Return the place after one value."""
    if tag == "s":
        return _string(packet, place)[1]
    width = _WIDTHS.get(tag)
    if width is None:
        raise Malformed(f"a type must be one of {', '.join([*_WIDTHS, 's'])}, got {tag!r}")
    if place + width > len(packet):
        raise Malformed(f"a value must be whole, got {len(packet) - place} of {width} bytes")
    return place + width


def _string(packet: bytes, place: int) -> tuple[str, int]:
    """Read a string that ends in one to four NUL bytes at a multiple of four."""
    end = packet.find(b"\0", place)
    after = (end // 4 + 1) * 4
    if end < 0 or after > len(packet) or any(packet[end:after]):
        raise Malformed("a string must end in NUL bytes up to a multiple of four")
    try:
        return packet[place:end].decode("utf-8"), after
    except UnicodeDecodeError:
        raise Malformed("a string must be UTF-8") from None


def message_bytes(address: str, *values: Value) -> bytes:
    """Return the packet of one message."""
    return _built(address, values).dgram


def bundle_bytes(contents: list[tuple[str, tuple[Value, ...]]]) -> bytes:
    """Return one packet of several messages, meant for now."""
    builder = OscBundleBuilder(IMMEDIATELY)
    for address, values in contents:
        builder.add_content(_built(address, values))
    return builder.build().dgram


def _built(address: str, values: tuple[Value, ...]) -> OscMessage:
    builder = OscMessageBuilder(address)
    for value in values:
        long = isinstance(value, int) and not -(2**31) <= value < 2**31
        builder.add_arg(value, "h" if long else None)
    return builder.build()
