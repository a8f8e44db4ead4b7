"""The events of a track, found by expressions, since a step of Python an event is too slow.

Source of the format: Standard MIDI Files 1.0 (MIDI Manufacturers Association, 1988).
"""

from __future__ import annotations

import re

_DATA_BYTES = {0x8: 2, 0x9: 2, 0xA: 2, 0xB: 2, 0xC: 1, 0xD: 1, 0xE: 2}
_SYSTEM_BYTES = {0xF1: 1, 0xF2: 2, 0xF3: 1}

_DELTA = rb"[\x80-\xff]{0,3}+[\x00-\x7f]"
_OF_TWO, _OF_ONE = rb"[\x80-\xbf\xe0-\xef]..", rb"[\xc0-\xdf]."
_STATUS_FOLLOWS = rb"(?=" + _DELTA + rb"[\x80-\xef])"
_ESCAPE, _SYSTEM = 0xF7, [status for status in range(0xF1, 0xFF) if status != 0xF7]
_SENT = re.compile(rb"[\xf1-\xfe]")
_RUNNING = re.compile(rb"(?:[\xf1\xf3].|\xf2..|[\xf4-\xfe])" + _DELTA + rb"[\x00-\x7f]", re.DOTALL)
_KEY = b"\xff\x59\x02"
_EMPTY_TEXT = b"\xff\x01\x00"
_SHORT_META = rb"\xff.(?:\x00|\x01.|\x02..|\x03...|\x04....|\x05.....|\x06......)"


def _events(own: bytes, running: bytes, other: bytes) -> re.Pattern[bytes]:
    """Return what matches whole events, as many as there are, after which the running status has as many data bytes.

    ``own`` and ``running`` are messages of so many data bytes with and without a status; one of the ``other`` number
    changes nothing where a status follows it.
    """
    message = b"|".join([own, running, other + _STATUS_FOLLOWS, _SHORT_META])
    return re.compile(b"(?:" + _DELTA + b"(?:" + message + b"))*+", re.DOTALL)


_EVENTS = {2: _events(_OF_TWO, rb"[\x00-\x7f].", _OF_ONE), 1: _events(_OF_ONE, rb"[\x00-\x7f]", _OF_TWO)}


def readable_prefix(track: bytes) -> bytes:
    """Return the longest head of a damaged track that is made of whole events.

    An event is a delta, a number of at most four bytes, and a status with its data; without a status it has that of
    the channel message before it.
    """
    whole, data = 0, 0
    while True:
        run = _EVENTS[data].match(track, whole) if data else None
        end, data = _event(track, run.end() if run else whole, data)
        if end < 0:
            return track[: run.end() if run else whole]
        whole = end


def misleads(track: bytes) -> bool:
    """Tell whether what is to be sent as it is may stand in a track where symusic would misread what follows.

    A system message does no harm before an event with a status of its own; most bytes that could be one begin a delta
    of over 14,000 ticks before such an event, or are a key signature.
    """
    if _ESCAPE in track:
        return True
    for status in _SYSTEM:
        at = track.find(status, 1)
        while at >= 0:
            if _RUNNING.match(track, at) and track[at - 1] < 0x80 and not track.startswith(_KEY, at - len(_KEY)):
                return True
            at = track.find(status, at + 1)
    return False


def without_system(track: bytes) -> bytes:
    """Return a track with empty texts in place of what is to be sent as it is, as far as it is made of whole events.

    Those are its events of status F7, a length and bytes, or the next part of a system exclusive message, and system
    messages, which have no place in a file. symusic takes the length of the first for a delta, and after the second
    forgets the running status.
    """
    kept: list[bytes] = []
    whole = data = done = 0
    byte = _SENT.search(track)  # the next that may be such a status
    while byte is not None:
        run = _EVENTS[data].match(track, whole) if data else None
        start = run.end() if run else whole
        whole, data = _event(track, start, data)
        if whole < 0:
            break
        status = _after_number(track, start)
        if _SENT.match(track, status):
            kept += [track[done:status], _EMPTY_TEXT]
            done = whole
        if byte.start() < whole:
            byte = _SENT.search(track, whole)
    return b"".join([*kept, track[done:]])


def _event(track: bytes, start: int, data: int) -> tuple[int, int]:
    """Return where the event at ``start`` ends, or -1, and how many data bytes the running status has then.

    ``data`` is what it has before the event, 0 where there is none.
    """
    at = _after_number(track, start)
    if not 0 <= at < len(track):
        return -1, data
    status = track[at]
    if status < 0x80:
        end = at + data if data else -1
    elif status < 0xF0:
        data = _DATA_BYTES[status >> 4]
        end = at + 1 + data
    else:
        end, data = _after_system(track, at), 0 if status in (0xF0, 0xF7) else data
    return (end if end <= len(track) else -1), data


def _after_system(track: bytes, at: int) -> int:
    """Return where the meta event, system exclusive or system message whose status is at ``at`` ends, or -1."""
    status = track[at]
    if status == 0xFF:
        return _after_block(track, at + 2)
    if status in (0xF0, 0xF7):
        return _after_block(track, at + 1)
    return at + 1 + _SYSTEM_BYTES.get(status, 0)


def _after_block(track: bytes, at: int) -> int:
    """Return where a length-prefixed block at ``at`` ends, or -1."""
    start = _after_number(track, at)
    if start < 0:
        return -1
    size = 0
    for byte in track[at:start]:
        size = size << 7 | byte & 0x7F
    return start + size


def _after_number(track: bytes, at: int) -> int:
    """Return where the variable-length number at ``at`` (four bytes at most) ends, or -1."""
    for end in range(at, min(at + 4, len(track))):
        if track[end] < 0x80:
            return end + 1
    return -1
