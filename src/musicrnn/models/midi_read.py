"""MIDI files to tracks of notes, tempo and metre, in the file's own ticks.

Each track chunk is given to symusic as a file of its own, so that tracks keep their identity and one
broken track does not lose the others. Two things that symusic does not tell are learnt by adding
events to the chunk: a marker note on every channel that it may use one tick before the track (symusic returns
its tracks in order of channel and program, so the markers delimit the channels) and note-offs one tick
after its end (a note that ends there was never released; where all that a pitch has are used, more are added, since
symusic drops notes that have no end). docs/adr/0010-reading-midi.md has the reasons.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

from symusic.core import ScoreTick

from musicrnn.errors import MidiFileError
from musicrnn.models.midi_chunks import MidiChunks, split_chunks
from musicrnn.models.midi_events import misleads, readable_prefix, without_system
from musicrnn.models.midi_piece import MidiPiece, MidiTrack
from musicrnn.models.midi_voices import Key, tracks_of

_Event = TypeVar("_Event", tuple[int, int], tuple[int, int, int])

MOST_NOTES = 1_000_000
SLOWEST_BPM, FASTEST_BPM = 10.0, 1000.0
DECLARATION = b"musicrnn "

_CHANNELS = range(16)
_TICK_BEFORE = b"\x00\xff\x01\x00\x01\xff\x01\x00"
_END_MARK = "\x7f"
_TICK_AFTER = b"\x01\xff\x06\x01" + _END_MARK.encode()
_END_OF_TRACK, _EMPTY_TEXT = b"\xff\x2f\x00", b"\xff\x01\x00"
_RELEASES, _TIMES_MORE = 3, 32


@dataclass(slots=True)
class _Gathered:
    """What the chunks of one piece have said so far."""

    name: str
    tracks: list[MidiTrack] = field(default_factory=list)
    tempos: list[tuple[int, int]] = field(default_factory=list)
    metres: list[tuple[int, int, int]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def read_midi(source: Path | bytes, name: str = "") -> list[MidiPiece]:
    """Read a MIDI file: one piece, or one a track for a file of format 2.

    Raises MidiFileError when it cannot be read at all or is over a limit (16 MiB, 1,000,000 notes); whatever
    else is wrong is mended and named in the piece's ``warnings``, tracks beyond the 1,024th that are left out too.
    """
    if isinstance(source, Path):
        name = name or str(source)
        source = _bytes_of(source)
    name = name or "<bytes>"
    chunks = split_chunks(source, name)
    if chunks.format == 2 and len(chunks.tracks) > 1:
        return [
            _read_piece(f"{name}#{number}", chunks, [(number, track)], chunks.tracks[0])
            for number, track in enumerate(chunks.tracks, 1)
        ]
    return [_read_piece(name, chunks, list(enumerate(chunks.tracks, 1)), chunks.tracks[0])]


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise MidiFileError(f"{path}: a MIDI file must be readable, got {error.strerror or error}") from None


def _read_piece(name: str, chunks: MidiChunks, tracks: Sequence[tuple[int, bytes]], first: bytes) -> MidiPiece:
    gathered = _Gathered(name, warnings=list(chunks.warnings))
    for number, track in tracks:
        _read_track(number, track, chunks.ticks_per_beat, gathered)
    piece = MidiPiece(
        name,
        chunks.ticks_per_beat,
        tuple(gathered.tracks),
        _last_of_each_tick(gathered.tempos),
        _last_of_each_tick(gathered.metres),
        _declaration(first),
        tuple(gathered.warnings),
    )
    if piece.note_count > MOST_NOTES:
        raise MidiFileError(f"{name}: a MIDI file must hold at most {MOST_NOTES} notes, got {piece.note_count}")
    return piece


def _read_track(number: int, track: bytes, ticks_per_beat: int, gathered: _Gathered) -> None:
    parsed = _parse(number, track, ticks_per_beat, gathered.warnings)
    if parsed is None:
        return
    chunk, score = parsed
    gathered.tempos += [_tempo(t.time - 1, t.mspq, gathered.warnings) for t in score.tempos]
    for sign in score.time_signatures:
        if 1 <= sign.numerator <= 255 and sign.denominator in (1, 2, 4, 8, 16, 32, 64):
            gathered.metres.append((sign.time - 1, sign.numerator, sign.denominator))
        else:
            gathered.warnings.append(f"track {number}: metre {sign.numerator}/{sign.denominator} left out")
    for found in _all_released(number, chunk, score):
        if found.notes.min() < 0:
            raise MidiFileError(f"{gathered.name}: track {number} must be under 2147483648 ticks long, got more")
        gathered.tracks.append(found)


def _all_released(number: int, chunk: _Chunk, score: ScoreTick) -> list[MidiTrack]:
    """Return the tracks of what was parsed; where releases of a pitch may have been too few, parsed again with more."""
    released: dict[Key, int] = {}
    while True:
        end = score.markers[-1].time if _has_end(score) else -1
        found = list(tracks_of(number, score, chunk.channels, end))
        several = {key: count for _, some in found for key, count in some.items()}
        too_few = [key for key, count in several.items() if count >= released.get(key, _RELEASES)]
        if not too_few or sum(several.values()) > MOST_NOTES:
            return [track for track, _ in found]
        released |= {key: _TIMES_MORE * released.get(key, _RELEASES) for key in too_few}
        score = chunk.parsed(released)


def _parse(number: int, track: bytes, ticks_per_beat: int, warnings: list[str]) -> tuple[_Chunk, ScoreTick] | None:
    """Return one track, or its readable head if it is damaged, and what symusic reads of it."""
    track = without_system(track) if misleads(track) else track
    reason = "an event is cut off"
    head = None if track.endswith(_END_OF_TRACK) else readable_prefix(track)
    if (head is None or len(head) == len(track)) and _has_first_status(track):
        try:
            chunk = _Chunk(track, _channels_of(track), ticks_per_beat)
            score = chunk.parsed()
            if _has_end(score):
                return chunk, score
            reason = "its end is not after its last event"
        except (RuntimeError, ValueError) as error:
            reason = _reason(error)
    head = readable_prefix(track) if head is None else head
    warnings.append(f"track {number}: damaged, {len(head)} of {len(track)} bytes read ({reason})")
    head = without_system(head).replace(_END_OF_TRACK, _EMPTY_TEXT)
    try:
        chunk = _Chunk(head, _channels_of(head), ticks_per_beat, is_damaged=True)
        return chunk, chunk.parsed()
    except (RuntimeError, ValueError):
        warnings.append(f"track {number}: left out, it cannot be read")
        return None


def _reason(error: Exception) -> str:
    """Return what symusic says in a line, without the numbers of bytes that count what was put around the track."""
    text = str(error).partition("\n")[0]
    return "an event runs past the end" if "EOF" in text else text


def _has_end(score: ScoreTick) -> bool:
    """Tell whether what is put after a track was read: not where an event runs on into it, or an end stands before."""
    return bool(score.markers) and score.markers[-1].text == _END_MARK


def _has_first_status(track: bytes) -> bool:
    """Tell whether the first event has a status of its own, so that it cannot take that of what is put before it."""
    first = next((byte for last, byte in pairwise(track) if last < 0x80), 0x80)
    return first >= 0x80


def _channels_of(track: bytes) -> tuple[int, ...]:
    """Return the channels, from 0, that may have notes or controllers: those whose status is a byte of the track."""
    return tuple(channel for channel in _CHANNELS if 0x90 | channel in track or 0xB0 | channel in track)


@lru_cache(maxsize=256)
def _around(channels: tuple[int, ...]) -> tuple[bytes, bytes]:
    """Return the markers of some channels and their releases, some of each pitch."""
    markers = b"".join(bytes([0, 0x90 | c, 0, 1, 0, 0x80 | c, 0, 0]) for c in channels)
    pitches = b"\x00".join(bytes([pitch, 0]) for pitch in range(128) for _ in range(_RELEASES))
    return markers + _TICK_BEFORE, _TICK_AFTER + b"".join(bytes([0, 0x80 | c]) + pitches for c in channels)


@dataclass(frozen=True, slots=True)
class _Chunk:
    """What is given to symusic of a track: whole events, and the channels, from 0, that may have notes among them."""

    events: bytes
    channels: tuple[int, ...]
    ticks_per_beat: int
    is_damaged: bool = False

    def parsed(self, released: Mapping[Key, int] | None = None) -> ScoreTick:
        """Return what symusic reads; some pitches are ``released`` so many times more. RuntimeError, ValueError."""
        more = b"".join(
            bytes([0, 0x80 | key.channel - 1, key.pitch, 0]) * times for key, times in (released or {}).items()
        )
        return ScoreTick.from_midi(self._file(more), sanitize_data=self.is_damaged)

    def _file(self, more: bytes) -> bytes:
        """Return a file of this one track, between the markers and the releases of its channels."""
        markers, releases = _around(self.channels)
        events = self.events
        if events.endswith(_END_OF_TRACK):
            events = events[: -len(_END_OF_TRACK)] + _EMPTY_TEXT
        body = markers + events + releases + more + b"\x00" + _END_OF_TRACK
        return b"MThd" + struct.pack(">IHHH4sI", 6, 0, 1, self.ticks_per_beat, b"MTrk", len(body)) + body


def _tempo(tick: int, microseconds: int, warnings: list[str]) -> tuple[int, int]:
    """Return a tempo change, held to 10..1000 bpm."""
    clamped = min(max(microseconds, round(6e7 / FASTEST_BPM)), round(6e7 / SLOWEST_BPM))
    if clamped != microseconds:
        warnings.append(f"a tempo of {microseconds} microseconds a beat held to {6e7 / clamped:g} bpm")
    return tick, clamped


def _last_of_each_tick(events: Sequence[_Event]) -> tuple[_Event, ...]:
    by_tick = {event[0]: event for event in events}
    return tuple(by_tick[tick] for tick in sorted(by_tick) if tick >= 0)


def _declaration(track: bytes) -> str:
    """Return the part declaration that this program writes as a text event at the head of a file, or ''."""
    at = track.find(b"\xff\x01", 0, 4096)
    while at >= 0:
        size, start = 0, at + 2
        while start < len(track) and start < at + 6:
            size = size << 7 | track[start] & 0x7F
            start += 1
            if track[start - 1] < 0x80:
                break
        text = track[start : start + size]
        if text.startswith(DECLARATION):
            return text[len(DECLARATION) :].decode("utf-8", "replace")
        at = track.find(b"\xff\x01", at + 2, 4096)
    return ""
