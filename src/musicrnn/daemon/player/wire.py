"""What the engine and the player say to each other over two pipes: short binary records.

A record is its kind (one byte), the length of the rest (two bytes, little-endian) and the rest. All moments are seconds
of the system's monotonic clock, which both processes share. A record that breaks the rules ends the player, in silence.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

LARGEST = 4000  # bytes after the head, so that a pipe takes a record whole or not at all (POSIX: PIPE_BUF)
_HEAD = struct.Struct("<BH")
_MOMENT = struct.Struct("<d")
_HEARD = struct.Struct("<dd?")
_NUMBER = struct.Struct("<I")
_OPENED = struct.Struct("<dBBB")
_COUNTS = struct.Struct("<IIII")
_PLACE = struct.Struct("<dddddB")
_LEFT = struct.Struct("<BB")
_LENGTHS = {0x80: 3, 0x90: 3, 0xA0: 3, 0xB0: 3, 0xC0: 2, 0xD0: 2, 0xE0: 3}
_SYSTEM_LENGTHS = {0xF1: 2, 0xF2: 3, 0xF3: 2, 0xF6: 1, 0xF8: 1, 0xFA: 1, 0xFB: 1, 0xFC: 1, 0xFE: 1, 0xFF: 1}


class WireError(Exception):
    """A record breaks the rules."""


@dataclass(frozen=True, slots=True)
class Play:
    """Down: a MIDI message and its moment in seconds."""

    seconds: float
    data: bytes


@dataclass(frozen=True, slots=True)
class Force:
    """Down: a MIDI message to be sent at once, and past the ledger: for notes that an earlier player left."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Beat:
    """Down: the engine lives; the player answers with its `Counts`, which bear the same number."""

    number: int


@dataclass(frozen=True, slots=True)
class Panic:
    """Down: forget the note-ons that wait, and silence everything at once."""


@dataclass(frozen=True, slots=True)
class Close:
    """Down: play what waits, then leave in silence."""


Down = Play | Force | Beat | Panic | Close


@dataclass(frozen=True, slots=True)
class Opened:
    """Up: the port is open. ``latency`` is how many seconds after its moment each message leaves, for now.

    ``exact`` tells that messages leave at their own frame of the audio clock; ``real_time`` and ``locked`` what
    the system granted.
    """

    name: str
    latency: float
    exact: bool
    real_time: bool
    locked: bool


@dataclass(frozen=True, slots=True)
class Lost:
    """Up: there is no port (any more), and why; the player leaves."""

    reason: str


@dataclass(frozen=True, slots=True)
class Heard:
    """Up: a MIDI message that came in, and the moment in seconds at which it did.

    ``stood`` is for how many seconds the port's own clock stood still since the message before: an audio server that is
    held up loses frames, and so does who sends by them. ``skipped`` tells that messages before this one may not have
    been heard: such a server leaves out cycles.
    """

    seconds: float
    data: bytes
    stood: float = 0.0
    skipped: bool = False


@dataclass(frozen=True, slots=True)
class Counts:
    """Up: messages sent so far, those of them sent late, those dropped; ``beat`` is the last `Beat` that came."""

    beat: int
    sent: int
    late: int
    dropped: int


@dataclass(frozen=True, slots=True)
class Connected:
    """Up: the ports that ours is connected to, and is to be again when they are back."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Up: the JACK transport is at ``position``, in seconds from its frame 0, at that moment, and rolls or not.

    ``beat`` is the same place in quarter notes, ``bpm`` the tempo in quarter notes a minute and ``bar`` the length of a
    bar in quarter notes, all 0 where no timebase master tells them. The moment may be to come, where it is about to
    roll.
    """

    seconds: float
    position: float
    beat: float
    bpm: float
    bar: float
    rolling: bool


@dataclass(frozen=True, slots=True)
class Left:
    """Up: a key that a listener may have been left with, whose end the next player is to tell to whoever comes.

    ``channel`` is that of the status byte, 0 to 15.
    """

    channel: int
    pitch: int


@dataclass(frozen=True, slots=True)
class Latency:
    """Up: how many seconds after its moment each message leaves from now on: the period of the server has changed."""

    seconds: float


Up = Opened | Lost | Heard | Counts | Connected | Place | Left | Latency
Record = Down | Up


def is_message(data: bytes) -> bool:
    """Tell whether these bytes are one whole MIDI message of at most three bytes."""
    if not data:
        return False
    status = data[0]
    length = _SYSTEM_LENGTHS.get(status) if status >= 0xF0 else _LENGTHS.get(status & 0xF0)
    return len(data) == length and all(byte < 0x80 for byte in data[1:])


def packed(record: Record) -> bytes:
    """Return a record as bytes. Raises WireError for one that is too long."""
    kind, rest = _parts(record)
    if len(rest) > LARGEST:
        raise WireError(f"a record must have at most {LARGEST} bytes, got {len(rest)}")
    return _HEAD.pack(kind, len(rest)) + rest


def _parts(record: Record) -> tuple[int, bytes]:
    match record:
        case Play(seconds, data):
            return 1, _MOMENT.pack(seconds) + data
        case Force(data):
            return 2, data
        case Beat(number):
            return 3, _NUMBER.pack(number)
        case Panic():
            return 4, b""
        case Close():
            return 5, b""
        case _:
            return _parts_up(record)


def _parts_up(record: Up) -> tuple[int, bytes]:
    match record:
        case Opened(name, latency, exact, real_time, locked):
            return 65, _OPENED.pack(latency, exact, real_time, locked) + name.encode()
        case Lost(reason):
            return 66, reason.encode(errors="replace")[:LARGEST]
        case Heard(seconds, data, stood, skipped):
            return 67, _HEARD.pack(seconds, stood, skipped) + data
        case Counts(beat, sent, late, dropped):
            return 68, _COUNTS.pack(beat, sent, late, dropped)
        case Connected(names):
            return 69, "\n".join(names).encode()
        case Place(seconds, position, beat, bpm, bar, rolling):
            return 70, _PLACE.pack(seconds, position, beat, bpm, bar, rolling)
        case Left(channel, pitch):
            return 71, _LEFT.pack(channel, pitch)
        case Latency(seconds):
            return 72, _MOMENT.pack(seconds)


def _unpacked(kind: int, rest: bytes) -> Record:
    match kind:
        case 1:
            return Play(_MOMENT.unpack_from(rest)[0], _message(rest[_MOMENT.size :]))
        case 2:
            return Force(_message(rest))
        case 3:
            return Beat(*_NUMBER.unpack(rest))
        case 4 | 5:
            return _empty(Panic() if kind == 4 else Close(), rest)
    return _unpacked_up(kind, rest)


def _unpacked_up(kind: int, rest: bytes) -> Up:
    match kind:
        case 65:
            latency, *facts = _OPENED.unpack_from(rest)
            return Opened(rest[_OPENED.size :].decode(), latency, *map(bool, facts))
        case 66:
            return Lost(rest.decode(errors="replace"))
        case 67:
            seconds, stood, skipped = _HEARD.unpack_from(rest)
            return Heard(seconds, _message(rest[_HEARD.size :]), stood, skipped)
        case 68:
            return Counts(*_COUNTS.unpack(rest))
        case 69:
            return Connected(tuple(name for name in rest.decode().split("\n") if name))
        case 70:
            seconds, position, beat, bpm, bar, rolling = _PLACE.unpack(rest)
            return Place(seconds, position, beat, bpm, bar, bool(rolling))
        case 71:
            return Left(*_LEFT.unpack(rest))
        case 72:
            return Latency(*_MOMENT.unpack(rest))
    raise WireError(f"a record must be of a known kind, got {kind}")


def _message(data: bytes) -> bytes:
    if not is_message(data):
        raise WireError(f"a message must be one MIDI message of at most 3 bytes, got {data[:8].hex(' ') or 'none'}")
    return data


def _empty(record: Record, rest: bytes) -> Record:
    if rest:
        raise WireError(f"{type(record).__name__} must have nothing after its head, got {len(rest)} bytes")
    return record


class Records:
    """Makes records again of the bytes of a pipe, however they come in."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def feed(self, data: bytes) -> Iterator[Record]:
        """Yield the records that are whole by now. Raises WireError at one that breaks the rules."""
        self._bytes += data
        while len(self._bytes) >= _HEAD.size:
            kind, length = _HEAD.unpack_from(self._bytes)
            if length > LARGEST:
                raise WireError(f"a record must have at most {LARGEST} bytes, got {length}")
            end = _HEAD.size + length
            if len(self._bytes) < end:
                return
            rest = bytes(self._bytes[_HEAD.size : end])
            del self._bytes[:end]
            try:
                yield _unpacked(kind, rest)
            except (struct.error, ValueError) as error:
                raise WireError(f"a record of kind {kind} must be whole, got {length} bytes") from error
