"""The process that reads files for a corpus, apart from the program so that no file can end or hang it.

Run as ``python -m musicrnn.models.corpus_worker``. It is asked on standard input and answers on standard
output; both speak frames: a length of 4 bytes (little-endian) and the bytes. It says first that it is ready. A
question is two frames, a JSON object (file name and settings) and the file's content; an answer is ``+`` and a
block of pieces or ``-`` and the reason in UTF-8, bytes of a name that are none as they are.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import sys
from dataclasses import asdict
from pathlib import PurePath
from typing import BinaryIO

from musicrnn.errors import MidiFileError, MusicRNNError
from musicrnn.models.corpus_codec import encode_pieces
from musicrnn.models.grid_piece import GridPiece
from musicrnn.models.midi_read import read_midi
from musicrnn.models.quantise import GridSettings, quantise
from musicrnn.models.text_pieces import pieces_of_text

MIDI_SUFFIXES = (".mid", ".midi", ".rmi", ".kar", ".smf")
TEXT_SUFFIXES = (".txt",)
UNCHANGED = "surrogateescape"
READY = b"ready"
MEMORY = 2 * 1024**3
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # options of mallopt(3)
_KEPT = 32 * 1024**2


def read_pieces(content: bytes, name: str, settings: GridSettings) -> list[GridPiece]:
    """Read a MIDI file or a score text to pieces on the grid; MidiFileError or ScoreTextError if it cannot be."""
    if PurePath(name).suffix.lower() in TEXT_SUFFIXES:
        return pieces_of_text(content, name, settings)
    pieces = [piece for piece in read_midi(content, name) if piece.note_count]
    if not pieces:
        raise MidiFileError(f"{name}: a piece must hold a note, got none")
    return [quantise(piece, settings) for piece in pieces]


def question(content: bytes, name: str, settings: GridSettings) -> bytes:
    """Return the frames that ask for a file to be read."""
    facts = json.dumps({"name": name, **asdict(settings)}).encode()
    return _frame(facts) + _frame(content)


def read_frame(stream: BinaryIO) -> bytes:
    """Read one frame; EOFError where the stream ends before it does."""
    size = int.from_bytes(_exactly(stream, 4), "little")
    return _exactly(stream, size)


def _exactly(stream: BinaryIO, size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise EOFError(f"a frame must hold {size} bytes, got {len(data)}")
    return data


def _frame(data: bytes) -> bytes:
    return len(data).to_bytes(4, "little") + data


def _answer(facts: bytes, content: bytes) -> bytes:
    fields = json.loads(facts)
    name = fields.pop("name")
    try:
        return b"+" + encode_pieces(read_pieces(content, name, GridSettings(**fields)))
    except MusicRNNError as error:
        return b"-" + str(error).encode(errors=UNCHANGED)
    except MemoryError:
        return b"-" + f"{name}: reading it must take at most {MEMORY} bytes of memory".encode(errors=UNCHANGED)


def _limit_memory() -> None:
    """Hold this process to 2 GiB, where the system can; macOS has the limit, and refuses all that it is set to."""
    try:
        import resource
    except ImportError:
        return
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = MEMORY if hard == resource.RLIM_INFINITY else min(MEMORY, hard)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_AS, (limit, hard))


def keep_memory() -> None:
    """Let the C library keep freed memory for the next file, where it is glibc: giving it back costs time."""
    try:
        set_option = ctypes.CDLL(None).mallopt
    except (OSError, TypeError, AttributeError):
        return
    for option in _TRIM_THRESHOLD, _MMAP_THRESHOLD:
        set_option(option, _KEPT)


def main() -> None:
    """Answer questions until the input ends."""
    _limit_memory()
    keep_memory()
    _say(READY)
    while True:
        try:
            facts = read_frame(sys.stdin.buffer)
            content = read_frame(sys.stdin.buffer)
        except (EOFError, KeyboardInterrupt):
            return
        _say(_answer(facts, content))


def _say(data: bytes) -> None:
    sys.stdout.buffer.write(_frame(data))
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
