"""The model file: sealed when written, checked when read.

The seal is the SHA-256 of all that stands before it, as the last 64 characters of the file, so that
no bit of a file can change unnoticed.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

from musicrnn.config.controls import CONTROLS
from musicrnn.errors import ModelError
from musicrnn.models.metadata import KEY, ModelInfo
from musicrnn.models.model_check import check_graph
from musicrnn.models.onnx_graph import Graph, read_graph

MAX_BYTES = 256 * 2**20
SEAL_KEY = f"{KEY}_sha256"
_SEAL_SIZE = 64


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A checked model: its bytes, what it says of itself, and its digest (the seal) in hexadecimal."""

    content: bytes
    info: ModelInfo
    digest: str


def _field(number: int, content: bytes) -> bytes:
    """Return a length-delimited field of a protocol buffer message; field numbers below 16."""
    size, length = len(content), b""
    while size > 0x7F:
        length += bytes([size & 0x7F | 0x80])
        size >>= 7
    return bytes([number << 3 | 2]) + length + bytes([size]) + content


def _entry(key: str, value: bytes) -> bytes:
    """Return one entry of a model's metadata_props (field 14)."""
    return _field(14, _field(1, key.encode()) + _field(2, value))


_SEAL_HEAD = _entry(SEAL_KEY, bytes(_SEAL_SIZE))[:-_SEAL_SIZE]


def seal(model: bytes, info: ModelInfo) -> bytes:
    """Return a serialised ONNX model without metadata as a model file: described and sealed."""
    described = model + _entry(KEY, info.to_json().encode()) + _SEAL_HEAD
    return described + hashlib.sha256(described).hexdigest().encode()


def load_checked(path: Path) -> ModelFile:
    """Read a model file and check all of it; ModelError with the file, the rule and the value."""
    source = str(path)
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ModelError(f"{source}: the model must be a file that can be read: {error.strerror}") from error
    return check_model(content, source)


def read_info(path: Path) -> ModelInfo:
    """Return what a model file says of itself, after checking all of it; ModelError as :func:`load_checked`."""
    return load_checked(path).info


def check_model(content: bytes, source: str) -> ModelFile:
    """Check the bytes of a model file; ModelError, naming ``source``, with the rule and the value.

    A tempo that cannot be played becomes the nearest that can.
    """
    if len(content) > MAX_BYTES:
        raise ModelError(f"{source}: a model must be at most {MAX_BYTES} bytes, got more")
    digest = _checked_digest(content, source)
    info, graph = _described(content, source)
    try:
        check_graph(graph, info)
    except ValueError as error:
        raise ModelError(f"{source}: {error}") from error
    return ModelFile(content, replace(info, tempo=CONTROLS["tempo"].held(info.tempo)), digest)


def _checked_digest(content: bytes, source: str) -> str:
    described, found = memoryview(content)[:-_SEAL_SIZE], content[-_SEAL_SIZE:]  # a copy would hold Python's lock
    if described[-len(_SEAL_HEAD) :] != _SEAL_HEAD:
        raise ModelError(f"{source}: a model must end with MusicRNN's seal, got {_kind_of(content)} without")
    digest = hashlib.sha256(described).hexdigest()
    if digest.encode() != found:
        raise ModelError(f"{source}: the seal must match the content, got {digest[:12]}…: the file is damaged")
    return digest


def _kind_of(content: bytes) -> str:
    if content.startswith(b"MThd"):
        return "a MIDI file (musicrnn check and musicrnn convert read those)"
    return f"{len(content)} bytes"


def _described(content: bytes, source: str) -> tuple[ModelInfo, Graph]:
    try:
        graph = read_graph(content)
    except ValueError as error:
        raise ModelError(f"{source}: the model's graph must be one of MusicRNN's: {error}") from error
    if set(graph.metadata) != {KEY, SEAL_KEY}:
        raise ModelError(f"{source}: the description must be {KEY!r} and {SEAL_KEY!r}, got {sorted(graph.metadata)}")
    return ModelInfo.from_json(graph.metadata[KEY], source), graph
