"""OSC 1.0 as the daemon speaks it, read from the network without trust: what breaks a rule is left out.

Text is made fit to be drawn here, once: nothing that comes in can move the cursor or change the terminal.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from typing import NamedTuple

from pythonosc.osc_message_builder import OscMessageBuilder

Value = int | float | str
BUNDLE = b"#bundle\0"
LONGEST_PACKET = 65536
LONGEST_TEXT = 200
MOST_VALUES = 8192
_NUMBERS = {"i": struct.Struct(">i"), "f": struct.Struct(">f"), "h": struct.Struct(">q"), "d": struct.Struct(">d")}


class Message(NamedTuple):
    """One message: its address and its values."""

    address: str
    values: tuple[Value, ...]


def read(packet: bytes) -> list[Message]:
    """Return the messages of a packet that keep to the format; the others are passed over."""
    if len(packet) > LONGEST_PACKET:
        return []
    elements = _elements(packet) if packet.startswith(BUNDLE) else [packet]
    found = (_message(element) for element in elements)
    return [message for message in found if message is not None]


def _elements(packet: bytes) -> Iterator[bytes]:
    """Yield the elements of a bundle, as far as their sizes make sense."""
    place = len(BUNDLE) + 8
    while place + 4 <= len(packet):
        size: int = struct.unpack_from(">i", packet, place)[0]
        if size < 4 or place + 4 + size > len(packet):
            return
        yield packet[place + 4 : place + 4 + size]
        place += 4 + size


def _message(data: bytes) -> Message | None:
    try:
        address, place = _text(data, 0)
        tags, place = _text(data, place)
        if not address.startswith("/") or not tags.startswith(",") or len(tags) > MOST_VALUES:
            return None
        return Message(address, tuple(_values(data, place, tags[1:])))
    except (ValueError, KeyError, struct.error):
        return None


def _values(data: bytes, place: int, tags: str) -> Iterator[Value]:
    for tag in tags:
        if tag == "s":
            text, place = _text(data, place)
            yield drawable(text)
            continue
        form = _NUMBERS[tag]
        number: int | float = form.unpack_from(data, place)[0]
        if not math.isfinite(number):
            raise ValueError("a number must be finite")
        place += form.size
        yield number


def _text(data: bytes, place: int) -> tuple[str, int]:
    end = data.index(b"\0", place)
    return data[place:end].decode("utf-8", errors="replace"), (end // 4 + 1) * 4


def drawable(text: str) -> str:
    """Return a text of at most 200 characters in which each one is printed and none commands the terminal."""
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text[:LONGEST_TEXT])


def packet(address: str, *values: Value) -> bytes:
    """Return the packet of one message."""
    builder = OscMessageBuilder(address)
    for value in values:
        builder.add_arg(value)
    return builder.build().dgram
