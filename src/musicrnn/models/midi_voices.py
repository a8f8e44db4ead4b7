"""What symusic read of one track chunk to tracks of notes, one a channel."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from symusic.core import ScoreTick

from musicrnn.errors import MidiFileError
from musicrnn.models.midi_piece import MidiTrack, Ticks

_Column = npt.NDArray[np.generic]

_NOTE_COLUMNS = ("time", "duration", "pitch", "velocity")
_SUSTAIN_PEDAL = 64
_LONGEST_PACKED = 1 << 25


class Key(NamedTuple):
    """A channel, from 1, and a pitch."""

    channel: int
    pitch: int


@dataclass(frozen=True, slots=True)
class _Voice:
    """One symusic track: the notes of one channel and program, column by column, and what the pedal did meanwhile."""

    name: str
    program: int
    drums: bool
    columns: tuple[_Column, ...]
    pedal_moves: Ticks


def tracks_of(
    number: int, score: ScoreTick, marked: Sequence[int], end: int
) -> Iterator[tuple[MidiTrack, dict[Key, int]]]:
    """Yield the channels of chunk ``number`` that have notes, and the keys with several notes that were never released.

    ``marked`` are the channels, from 0, that have a marker note at tick 0, so that tick 1 is the track's first;
    ``end`` is the tick after its last, 0 or less where that is not known.
    """
    for channel, voices in _by_channel(score, marked).items():
        if any(len(voice.columns[0]) for voice in voices):
            yield _track_of(number, channel, voices, end)


def _by_channel(score: ScoreTick, marked: Sequence[int]) -> dict[int, list[_Voice]]:
    """Return the voices that hold notes, keyed by channel (from 1), by means of the markers on the marked ones."""
    channels: dict[int, list[_Voice]] = {}
    markers = 0
    for track in score.tracks:
        notes, controls = track.notes, track.controls
        if len(notes) and notes[0].time == 0:
            markers += 1
            if len(notes) == 1 and not len(controls):
                continue
        columns = _after_marker(notes.numpy())
        moves = _pedal_moves(controls.numpy()) if len(controls) else _NO_PEDAL
        if len(columns[0]) or len(moves):
            voice = _Voice(track.name, track.program, track.is_drum, columns, moves)
            channels.setdefault(marked[markers - 1] + 1, []).append(voice)
    if markers != len(marked):
        raise MidiFileError(f"a track's markers must come back on {len(marked)} channels, got {markers}")
    return channels


def _after_marker(table: Mapping[str, _Column]) -> tuple[_Column, ...]:
    """Return the columns of the notes without a marker, which as a rule is the first of them."""
    columns = tuple(table[name] for name in _NOTE_COLUMNS)
    times = columns[0]
    marks = len(times) - np.count_nonzero(times)
    if marks == 0:
        return columns
    if marks == 1 and times[0] == 0:
        return tuple(column[1:] for column in columns)
    return tuple(column[times != 0] for column in columns)


def _pedal_moves(controls: Mapping[str, _Column]) -> Ticks:
    """Return a row (time, 1 for down) for each controller 64, which is down from 64.

    symusic's own list of presses is not used: on all channels but the first it has one for a pedal that is only let go.
    """
    pedal = controls["number"] == _SUSTAIN_PEDAL
    if not pedal.any():
        return _NO_PEDAL
    moves = np.empty((np.count_nonzero(pedal), 2), np.int64)
    moves[:, 0] = controls["time"][pedal]
    moves[:, 0] -= 1
    moves[:, 1] = controls["value"][pedal] >= 64
    return moves


def _track_of(number: int, channel: int, voices: Sequence[_Voice], end: int) -> tuple[MidiTrack, dict[Key, int]]:
    main = max(voices, key=lambda voice: len(voice.columns[0]))
    notes = _notes(voices)
    held = np.flatnonzero(notes[:, 1] >= end - 1) if end > 0 else _NONE
    several: dict[Key, int] = {}
    if len(held):
        notes[held, 1] = np.maximum(end - 2, notes[held, 0])
        counts = np.bincount(notes[held, 2])
        if counts.max() > 1:
            _end_where_struck_again(notes, held)
            several = {Key(channel, int(pitch)): int(counts[pitch]) for pitch in np.flatnonzero(counts > 1)}
    name = main.name.replace("\x00", "").strip()
    pedals = _pedals(voices, end)
    others = sum(len(voice.columns[0]) for voice in voices if voice.program != main.program)
    return MidiTrack(number, channel, name, main.program, main.drums, notes, pedals, len(held), others), several


def _end_where_struck_again(notes: Ticks, held: npt.NDArray[np.intp]) -> None:
    """End notes that were never released where the next of their pitch begins, which was not released either.

    For of those of a pitch the first to begin is the first to end.
    """
    order = held[np.lexsort((notes[held, 0], notes[held, 2]))]
    again = notes[order[:-1], 2] == notes[order[1:], 2]
    notes[order[:-1][again], 1] = notes[order[1:][again], 0]


def _notes(voices: Sequence[_Voice]) -> Ticks:
    """Return the notes of all voices as rows, sorted by start, pitch and end."""
    columns = voices[0].columns
    if len(voices) > 1:
        columns = tuple(np.concatenate([voice.columns[at] for voice in voices]) for at in range(len(_NOTE_COLUMNS)))
    table = np.empty((len(columns), len(columns[0])), np.int64)
    for row, column in zip(table, columns, strict=True):
        row[:] = column
    start, length, pitch, _ = table
    order = _order(start, length, pitch)
    start -= 1
    length += start  # which makes it the end
    return table.take(order, axis=1).T


def _order(start: Ticks, length: Ticks, pitch: Ticks) -> npt.NDArray[np.intp]:
    """Return the order by start, pitch and length, alike ones as they are; as one number of 31 + 7 + 25 bits."""
    if int(length.view(np.uint64).max()) >= _LONGEST_PACKED:  # or below 0
        return np.lexsort((length, pitch, start))
    return np.argsort(((start << 7 | pitch) << 25) | length, kind="stable")


def _pedals(voices: Sequence[_Voice], end: int) -> Ticks:
    """Return a row (down, up) a press; one without an end has the track's.

    A channel has one pedal, which may go down under one program and come up under another.
    """
    moving = [voice.pedal_moves for voice in voices if len(voice.pedal_moves)]
    if not moving:
        return _NO_PEDAL
    moves = moving[0]
    if len(moving) > 1:
        moves = np.concatenate(moving)
        moves = moves[np.argsort(moves[:, 0], kind="stable")]
    moments = moves[np.diff(moves[:, 1], prepend=0) != 0, 0]
    if len(moments) % 2:
        moments = np.append(moments, max(end - 2, 0))
    presses: Ticks = moments.reshape(-1, 2)
    return presses


_NONE: npt.NDArray[np.intp] = np.zeros(0, dtype=np.intp)
_NO_PEDAL: Ticks = np.zeros((0, 2), dtype=np.int64)
_NO_PEDAL.flags.writeable = False
