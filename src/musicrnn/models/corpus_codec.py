"""Pieces on the grid as bytes: what the cache keeps and what a reading process sends.

A block is a magic word, the SHA-256 of what follows it, and a compressed body: the length of a JSON
header, the header, and the notes of each track as little-endian int32. A damaged block is never read.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Sequence
from dataclasses import asdict
from functools import lru_cache
from itertools import groupby
from typing import Any

import numpy as np

from musicrnn.models.grid_piece import GridPiece, GridTrack, Moved
from musicrnn.models.score import Bar, Part, Tempo

VERSION = 1
_MAGIC = b"MRNNGRID" + bytes([VERSION])
_HASH_BYTES = 32
_LARGEST_BODY = 256 * 1024 * 1024


def encode_pieces(pieces: Sequence[GridPiece]) -> bytes:
    """Return the pieces as one block."""
    header = json.dumps([_header(piece) for piece in pieces], separators=(",", ":")).encode()
    notes = b"".join(track.notes.astype("<i4").tobytes() for piece in pieces for track in piece.tracks)
    body = zlib.compress(len(header).to_bytes(4, "little") + header + notes, 1)
    return _MAGIC + hashlib.sha256(body).digest() + body


def decode_pieces(block: bytes) -> list[GridPiece]:
    """Return the pieces of a block; ValueError where it is damaged or of another version."""
    start = len(_MAGIC) + _HASH_BYTES
    body = block[start:]
    if not block.startswith(_MAGIC) or hashlib.sha256(body).digest() != block[len(_MAGIC) : start]:
        raise ValueError("a block of pieces must be whole and of this version")
    unpacked = zlib.decompressobj().decompress(body, _LARGEST_BODY)
    size = int.from_bytes(unpacked[:4], "little")
    notes = np.frombuffer(unpacked, dtype="<i4", offset=0, count=0)
    if len(unpacked) > 4 + size:
        notes = np.frombuffer(unpacked[4 + size :], dtype="<i4")
    pieces, at = [], 0
    for header in json.loads(unpacked[4 : 4 + size]):
        piece, at = _piece(header, notes.astype(np.int32), at)
        pieces.append(piece)
    return pieces


def _header(piece: GridPiece) -> dict[str, Any]:
    return {
        "name": piece.name,
        "grid": piece.ticks_per_beat,
        "tracks": [[t.number, t.instrument, t.channel, t.name, t.program, t.drums, len(t.notes)] for t in piece.tracks],
        "bars": [
            [len(list(same)), *shape]
            for shape, same in groupby(piece.bars, key=lambda bar: (bar.length, bar.numerator, bar.denominator))
        ],
        "tempos": [[tempo.tick, tempo.bpm] for tempo in piece.tempos],
        "moved": asdict(piece.moved),
        "declared": [asdict(part) for part in piece.declared],
        "warnings": piece.warnings,
    }


def _piece(header: dict[str, Any], notes: np.ndarray[Any, np.dtype[np.int32]], at: int) -> tuple[GridPiece, int]:
    tracks = []
    for number, instrument, channel, name, program, drums, count in header["tracks"]:
        rows = notes[at : at + 4 * count].reshape(count, 4)
        tracks.append(GridTrack(number, instrument, channel, name, program, drums, rows))
        at += 4 * count
    piece = GridPiece(
        header["name"],
        header["grid"],
        tuple(tracks),
        _bars(header["bars"]),
        tuple(Tempo(tick, bpm) for tick, bpm in header["tempos"]),
        Moved(**header["moved"]),
        tuple(Part(**part) for part in header["declared"]),
        tuple(header["warnings"]),
    )
    return piece, at


def _bars(runs: Sequence[Sequence[int]]) -> tuple[Bar, ...]:
    bars: list[Bar] = []
    at = 0
    for count, length, numerator, denominator in runs:
        bars += [_bar(start, length, numerator, denominator) for start in range(at, at + count * length, length)]
        at += count * length
    return tuple(bars)


@lru_cache(maxsize=65_536)
def _bar(start: int, length: int, numerator: int, denominator: int) -> Bar:
    """Return a bar, the same object for the same numbers: the pieces of a corpus have many bars in common."""
    return Bar(start, length, numerator, denominator)
