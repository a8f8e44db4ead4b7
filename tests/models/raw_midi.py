"""MIDI files built byte by byte."""

from __future__ import annotations

END = "00 ff 2f 00"


def header(kind: int = 1, tracks: int = 1, division: int = 480) -> bytes:
    """Return a header chunk."""
    return b"MThd" + b"".join(n.to_bytes(s, "big") for n, s in ((6, 4), (kind, 2), (tracks, 2), (division, 2)))


def track(*events: str, declared: int | None = None) -> bytes:
    """Return a track chunk of events in hexadecimal; ``declared`` is a length that lies."""
    body = b"".join(bytes.fromhex(event) for event in events)
    return b"MTrk" + (len(body) if declared is None else declared).to_bytes(4, "big") + body


def file(*events: str, division: int = 480) -> bytes:
    """Return a file of one track, its end of track added."""
    return header(division=division) + track(*events, END)


#: C4 from tick 0 to tick 96.
ONE_NOTE = ("00 90 3c 50", "60 80 3c 00")
