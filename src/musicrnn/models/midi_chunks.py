"""The outside of a Standard MIDI File: header, chunks, and what can be saved of a broken one.

Source of the format: Standard MIDI Files 1.0 (MIDI Manufacturers Association, 1988).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from musicrnn.errors import MidiFileError

LARGEST_FILE = 16 * 1024 * 1024
MOST_TRACKS = 1024
_JUNK_SEARCHED = 65_536
_END_OF_TRACK = b"\xff\x2f\x00"


@dataclass(frozen=True, slots=True)
class MidiChunks:
    """A file cut into its tracks: ``format`` 0, 1 or 2, ``ticks_per_beat``, and the bytes of each MTrk."""

    format: int
    ticks_per_beat: int
    tracks: tuple[bytes, ...]
    warnings: tuple[str, ...] = ()


def split_chunks(data: bytes, name: str) -> MidiChunks:
    """Cut a MIDI file (or RIFF-wrapped one) into its tracks.

    Lying chunk lengths and bytes before the header are mended with a warning. Raises MidiFileError
    for a file over 16 MiB, without a header, without tracks, or timed in SMPTE frames.
    """
    if len(data) > LARGEST_FILE:
        raise MidiFileError(f"{name}: a MIDI file must be at most {LARGEST_FILE} bytes, got {len(data)}")
    if not data:
        raise MidiFileError(f"{name}: a MIDI file must begin with MThd, got an empty file")
    warnings: list[str] = []
    data = _from_header(_unwrap_riff(data), name, warnings)
    header_size, kind, declared, division = struct.unpack(">IHHH", data[4:14])
    _check_header(name, header_size, division)
    if kind > 2:
        warnings.append(f"format {kind} is unknown: read as format 1")
        kind = 1
    tracks = _split_tracks(data, 8 + header_size, warnings)
    if not tracks:
        raise MidiFileError(f"{name}: a MIDI file must hold a track, got none of the {declared} it declares")
    if declared != len(tracks):
        warnings.append(f"the header declares {declared} tracks, the file holds {len(tracks)}")
    return MidiChunks(kind, division, tuple(tracks[:MOST_TRACKS]), tuple(warnings))


def _unwrap_riff(data: bytes) -> bytes:
    """Return the MIDI file inside a RIFF (.rmi) file, or ``data`` itself."""
    if data[:4] != b"RIFF" or data[8:12] != b"RMID":
        return data
    at = 12
    while at + 8 <= len(data):
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        if data[at : at + 4] == b"data":
            return data[at + 8 : at + 8 + size]
        at += 8 + size + (size & 1)
    return data


def _from_header(data: bytes, name: str, warnings: list[str]) -> bytes:
    at = data.find(b"MThd", 0, _JUNK_SEARCHED)
    if at < 0:
        raise MidiFileError(f"{name}: a MIDI file must begin with MThd, got {data[:4]!r}")
    if at > 0:
        warnings.append(f"{at} bytes before the header left out")
    if len(data) < at + 14:
        raise MidiFileError(f"{name}: a MIDI header must be 14 bytes, got {len(data) - at}")
    return data[at:]


def _check_header(name: str, header_size: int, division: int) -> None:
    if not 6 <= header_size <= 1024:
        raise MidiFileError(f"{name}: a MIDI header's length must be in 6..1024, got {header_size}")
    if division & 0x8000:
        frames = 256 - (division >> 8)
        raise MidiFileError(
            f"{name}: time must be in ticks per beat, got SMPTE time ({frames} frames a second, "
            f"{division & 0xFF} ticks a frame), which holds no beats: export it again in beats (PPQ)"
        )
    if division == 0:
        raise MidiFileError(f"{name}: ticks per beat must be in 1..32767, got 0")


def _split_tracks(data: bytes, at: int, warnings: list[str]) -> list[bytes]:
    tracks: list[bytes] = []
    while at + 8 <= len(data):
        tag, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "big")
        if tag == b"MTrk" and len(tracks) == MOST_TRACKS:
            warnings.append(f"only the first {MOST_TRACKS} tracks are read")
            break
        end = _chunk_end(data, at + 8, size, tag == b"MTrk", warnings)
        if tag == b"MTrk":
            tracks.append(data[at + 8 : end])
        at = end
    return tracks


def _chunk_end(data: bytes, start: int, size: int, is_track: bool, warnings: list[str]) -> int:
    """Return where a chunk really ends, mending a length that runs past, swallows or cuts a track."""
    end = min(start + size, len(data))
    if end < start + size:
        warnings.append(f"a chunk declares {size} bytes, {end - start} are left")
    if not is_track:
        return end if _chunk_follows(data, end) else _next_track(data, start)
    swallowed = data.find(_END_OF_TRACK + b"MTrk", start, end)
    if swallowed >= 0:
        warnings.append(f"a track declares {size} bytes and runs into the next one: cut at its end")
        return swallowed + len(_END_OF_TRACK)
    if _chunk_follows(data, end):
        return end
    warnings.append(f"a track declares {size} bytes and no chunk follows: read up to the next track")
    return _next_track(data, start)


def _chunk_follows(data: bytes, at: int) -> bool:
    """Tell whether a chunk, the end of the file, or harmless padding stands at ``at``."""
    tag = data[at : at + 4]
    return len(tag) < 4 or not any(data[at:]) or (tag.isalnum() and tag.isascii())


def _next_track(data: bytes, at: int) -> int:
    found = data.find(b"MTrk", at)
    return found if found >= 0 else len(data)
