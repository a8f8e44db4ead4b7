"""Pieces on the grid as bytes: what the cache keeps and what a reading process sends.

A block is a magic word, the SHA-256 of what follows it, and a compressed body: the length of a JSON
header, the header, and the notes of all tracks column by column, since so they are compressed best and fastest:
starts (each less the one before it) and lengths as little-endian int32, pitches and velocities as bytes. A damaged
block is never read.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from musicrnn.models.bar_lines import BarRows
from musicrnn.models.grid_piece import GridNotes, GridPiece, GridTrack, Moved, note_rows
from musicrnn.models.score import Part, Tempo

VERSION = 2
_MAGIC = b"MRNNGRID" + bytes([VERSION])
_HASH_BYTES = 32
_NOTE_BYTES = 10
_LARGEST_BODY = 256 * 1024 * 1024


def encode_pieces(pieces: Sequence[GridPiece]) -> bytes:
    """Return the pieces as one block."""
    header = json.dumps([_header(piece) for piece in pieces], separators=(",", ":")).encode()
    notes = _columns([track.notes for piece in pieces for track in piece.tracks])
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
    notes = _rows(unpacked[4 + size :])
    pieces, at = [], 0
    for header in json.loads(unpacked[4 : 4 + size]):
        piece, at = _piece(header, notes, at)
        pieces.append(piece)
    return pieces


def _columns(tracks: Sequence[GridNotes]) -> bytes:
    start, length, pitch, velocity = np.concatenate([note_rows([]), *tracks]).T
    steps = np.diff(start, prepend=np.int32(0))
    wide, narrow = (steps, length), (pitch, velocity)
    return b"".join([*(c.astype("<i4").tobytes() for c in wide), *(c.astype(np.uint8).tobytes() for c in narrow)])


def _rows(columns: bytes) -> GridNotes:
    count = len(columns) // _NOTE_BYTES
    rows = np.empty((count, 4), np.int32)
    wide = np.frombuffer(columns, "<i4", 2 * count).reshape(2, count)
    np.cumsum(wide[0], out=rows[:, 0])
    rows[:, 1] = wide[1]
    rows[:, 2:] = np.frombuffer(columns, np.uint8, 2 * count, wide.nbytes).reshape(2, count).T
    return rows


def _header(piece: GridPiece) -> dict[str, Any]:
    return {
        "name": piece.name,
        "grid": piece.ticks_per_beat,
        "tracks": [[t.number, t.instrument, t.channel, t.name, t.program, t.drums, len(t.notes)] for t in piece.tracks],
        "bars": _runs(piece.bar_rows),
        "tempos": [[tempo.tick, tempo.bpm] for tempo in piece.tempos],
        "moved": asdict(piece.moved),
        "declared": [asdict(part) for part in piece.declared],
        "warnings": piece.warnings,
    }


def _piece(header: dict[str, Any], notes: GridNotes, at: int) -> tuple[GridPiece, int]:
    tracks = []
    for number, instrument, channel, name, program, drums, count in header["tracks"]:
        rows = notes[at : at + count]
        if len(rows) != count:
            raise ValueError(f"a block of pieces must hold {count} notes more, got {len(rows)}")
        tracks.append(GridTrack(number, instrument, channel, name, program, drums, rows))
        at += count
    piece = GridPiece(
        header["name"],
        header["grid"],
        tuple(tracks),
        _bar_rows(header["bars"]),
        tuple(Tempo(tick, bpm) for tick, bpm in header["tempos"]),
        Moved(**header["moved"]),
        tuple(Part(**part) for part in header["declared"]),
        tuple(header["warnings"]),
    )
    return piece, at


def _runs(bars: BarRows) -> list[list[int]]:
    """Return [count, length, numerator, denominator] for bars of one length and metre that follow each other."""
    begins = np.flatnonzero(np.diff(bars[:, 1:], axis=0, prepend=0).any(axis=1))
    counts = np.diff(begins, append=len(bars))
    runs: list[list[int]] = np.column_stack((counts, bars[begins, 1:])).tolist()
    return runs


def _bar_rows(runs: Sequence[Sequence[int]]) -> BarRows:
    table = np.array(runs, np.int64).reshape(-1, 4)
    rows = table.repeat(table[:, 0], axis=0)
    rows[:, 0] = rows[:, 1].cumsum() - rows[:, 1]
    return rows
