"""The whole events of a track the plain way, one step of Python an event: what the quick way is held against."""

from __future__ import annotations

_DATA_BYTES = {0x8: 2, 0x9: 2, 0xA: 2, 0xB: 2, 0xC: 1, 0xD: 1, 0xE: 2}
_SYSTEM_BYTES = {0xF1: 1, 0xF2: 2, 0xF3: 1}


def plain_prefix(track: bytes) -> bytes:
    """Return the longest head of a track that is made of whole events."""
    size, whole, running = len(track), 0, 0
    while whole < size:
        at = whole
        while at < size and track[at] >= 0x80 and at < whole + 3:
            at += 1
        if at + 1 >= size or track[at] >= 0x80:
            break
        status = track[at + 1]
        if status < 0x80:
            end = at + 1 + _DATA_BYTES[running >> 4] if running else size + 1
        elif status < 0xF0:
            end, running = at + 2 + _DATA_BYTES[status >> 4], status
        else:
            end, running = _after_system(track, at + 1), running if status >= 0xF1 and status != 0xF7 else 0
        if not 0 <= end <= size:
            break
        whole = end
    return track[:whole]


def _after_system(track: bytes, at: int) -> int:
    status = track[at]
    if status == 0xFF:
        return _after_block(track, at + 2)
    if status in (0xF0, 0xF7):
        return _after_block(track, at + 1)
    return at + 1 + _SYSTEM_BYTES.get(status, 0)


def _after_block(track: bytes, at: int) -> int:
    size = 0
    for end in range(at, min(at + 4, len(track))):
        size = size << 7 | track[end] & 0x7F
        if track[end] < 0x80:
            return end + 1 + size
    return -1
