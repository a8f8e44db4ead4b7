"""MIDI pieces to the grid: each onset and each end to its nearest tick."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from musicrnn.errors import MidiFileError
from musicrnn.models.bar_lines import bar_rows, nearest
from musicrnn.models.declaration import parts_of_declaration
from musicrnn.models.grid_piece import GridNotes, GridPiece, GridTrack, Moved
from musicrnn.models.midi_piece import MidiPiece, MidiTrack, Ticks
from musicrnn.models.score import GRIDS, Part, Tempo

LONGEST_BEATS = 20_000
_ON_GRID_BEATS = 1 / 96
_DEFAULT_TEMPO = 500_000

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class GridSettings:
    """How a file is put on the grid.

    ``pedal`` "extend" lets a note sound until the sustain pedal comes up, or its pitch is struck again.
    Of more than ``longest_silence`` bars of silence in a row the rest is cut out; 0 keeps all of them.
    With ``own_grid`` a score text that names a grid keeps that one.
    """

    ticks_per_beat: int = 12
    pedal: str = "ignore"
    longest_silence: int = 0
    own_grid: bool = False

    def __post_init__(self) -> None:
        if self.ticks_per_beat not in GRIDS:
            raise ValueError(f"ticks_per_beat must be one of {GRIDS}, got {self.ticks_per_beat}")
        if self.pedal not in ("ignore", "extend"):
            raise ValueError(f"pedal must be 'ignore' or 'extend', got {self.pedal!r}")
        if self.longest_silence < 0:
            raise ValueError(f"longest_silence must be 0 or more bars, got {self.longest_silence}")


def quantise(piece: MidiPiece, settings: GridSettings) -> GridPiece:
    """Put a piece on the grid, with its bars and tempo, trailing silence dropped.

    Raises MidiFileError for a piece without notes or longer than 20,000 beats.
    """
    if piece.note_count == 0:
        raise MidiFileError(f"{piece.name}: a piece must hold a note, got none")
    grid, resolution = settings.ticks_per_beat, piece.ticks_per_beat
    declared = parts_of_declaration(piece.declaration)
    piece = _with_declared_drums(piece, declared)
    sounding = [_sounding(track, settings.pedal) for track in piece.tracks]
    notes, drums = np.concatenate(sounding), np.repeat([t.drums for t in piece.tracks], [len(n) for n in sounding])
    _check_length(piece, int(notes[:, 1].max()))
    on = _ticks(notes[:, :2], resolution, grid)
    rows = np.split(_rows(notes, on, drums), np.cumsum([len(n) for n in sounding])[:-1])
    tracks = [
        GridTrack(t.number, instrument, t.channel, t.name, t.program, t.drums, some)
        for t, instrument, some in zip(piece.tracks, _instruments(piece.tracks), rows, strict=True)
    ]
    end = max(int((track.notes[:, 0] + track.notes[:, 1]).max()) for track in tracks)
    bars = bar_rows(end, [(nearest(tick, resolution, grid), n, d) for tick, n, d in piece.metres], grid)
    on_grid = GridPiece(
        piece.name,
        grid,
        tuple(tracks),
        bars,
        _tempos(piece, int(bars[-1, :2].sum()), grid),
        _moved(piece, notes, on, drums, grid),
        declared,
        piece.warnings,
    )
    return _without_long_silence(on_grid, settings.longest_silence) if settings.longest_silence else on_grid


def bpm_of(microseconds: int) -> float:
    """Return the tempo with the fewest decimals that is as many microseconds a beat: 106.5 for 563380."""
    rounded = (round(6e7 / microseconds, decimals) for decimals in range(10))
    return next(bpm for bpm in rounded if round(6e7 / bpm) == microseconds)


def _with_declared_drums(piece: MidiPiece, declared: Sequence[Part]) -> MidiPiece:
    """Return the piece with drums where the file's own parts say so, whatever the channel."""
    if not declared:
        return piece
    percussive = {part.name: part.percussive for part in declared}
    tracks = tuple(replace(track, drums=percussive.get(track.name, track.drums)) for track in piece.tracks)
    return replace(piece, tracks=tracks)


def _check_length(piece: MidiPiece, last: int) -> None:
    if last > LONGEST_BEATS * piece.ticks_per_beat:
        beats = last / piece.ticks_per_beat
        raise MidiFileError(f"{piece.name}: a piece must be at most {LONGEST_BEATS} beats long, got {beats:.0f}")


def _instruments(tracks: Sequence[MidiTrack]) -> list[int]:
    """Return the instrument of each track: a track's channels of one program are one, unless there is but one track."""
    alone = len({track.number for track in tracks}) == 1
    keys = [(t.number, t.drums, t.channel if alone and not t.drums else t.program) for t in tracks]
    order = list(dict.fromkeys(keys))
    return [order.index(key) + 1 for key in keys]


def _sounding(track: MidiTrack, pedal: str) -> Ticks:
    """Return the track's notes, lengthened by the pedal if that is asked for."""
    if pedal == "ignore" or track.drums or not len(track.pedals):
        return track.notes
    starts: dict[int, list[int]] = {}
    for start, _, pitch, _ in track.notes.tolist():
        starts.setdefault(pitch, []).append(start)
    downs, ups = track.pedals[:, 0].tolist(), track.pedals[:, 1].tolist()
    notes = track.notes.copy()
    for index, (start, end, pitch, _) in enumerate(track.notes.tolist()):
        press = bisect_left(downs, end) - 1  # a note that ends where the pedal goes down is not held
        if press >= 0 and ups[press] > end:
            again = bisect_right(starts[pitch], start)
            notes[index, 1] = max(end, min([ups[press], *starts[pitch][again : again + 1]]))
    return notes


def _ticks(positions: Ticks, resolution: int, grid: int) -> Ticks:
    """Return the nearest tick of the grid to each position; a half goes up."""
    return (2 * grid * positions + resolution) // (2 * resolution)


def _rows(notes: Ticks, on: Ticks, drums: npt.NDArray[np.bool_]) -> GridNotes:
    """Return (start, length, pitch, velocity) on the grid; hits and the shortest notes last one tick."""
    rows = np.empty(notes.shape, np.int32)
    rows[:, 0] = on[:, 0]
    rows[:, 1] = np.where(drums, 1, np.maximum(on[:, 1] - on[:, 0], 1))
    rows[:, 2] = notes[:, 2]
    rows[:, 3] = np.minimum(np.maximum(notes[:, 3], 1), 127)
    return rows


def _tempos(piece: MidiPiece, end: int, grid: int) -> tuple[Tempo, ...]:
    """Return the tempo changes on the grid, the last of each tick, none that changes nothing."""
    by_tick = {0: bpm_of(_DEFAULT_TEMPO)}
    for tick, microseconds in piece.tempos:
        by_tick[nearest(tick, piece.ticks_per_beat, grid)] = bpm_of(microseconds)
    changes: list[Tempo] = []
    for tick, bpm in sorted(by_tick.items()):
        if tick < end and (not changes or changes[-1].bpm != bpm):
            changes.append(Tempo(tick, bpm))
    return tuple(changes)


def _moved(piece: MidiPiece, notes: Ticks, on: Ticks, drums: npt.NDArray[np.bool_], grid: int) -> Moved:
    resolution = piece.ticks_per_beat
    distance, ends = (np.abs(notes[:, at] / resolution - on[:, at] / grid) for at in (0, 1))  # in beats
    ends = ends[~drums]
    milliseconds = distance * _ms_a_beat(notes[:, 0], piece)
    too_short = 2 * (notes[:, 1] - notes[:, 0]) * grid < resolution
    return Moved(
        len(notes),
        float((distance > _ON_GRID_BEATS).mean()),
        float(distance.mean()),
        float(distance.max()),
        float(milliseconds.mean()),
        float(milliseconds.max()),
        float(ends.mean()) if len(ends) else 0.0,
        int(np.count_nonzero(too_short & ~drums)),
        sum(track.hanging for track in piece.tracks),
        sum(track.other_program for track in piece.tracks),
    )


def _ms_a_beat(positions: Ticks, piece: MidiPiece) -> Floats:
    """Return the length of a beat at each position, in milliseconds."""
    ticks = np.array([0, *(tick for tick, _ in piece.tempos)])
    lengths = np.array([_DEFAULT_TEMPO, *(microseconds for _, microseconds in piece.tempos)]) / 1000
    found: Floats = lengths[np.searchsorted(ticks, positions, side="right") - 1]
    return found


def _without_long_silence(piece: GridPiece, longest: int) -> GridPiece:
    """Return the piece with all but the first ``longest`` bars of each longer silence cut out, whole bars only."""
    bars = piece.bar_rows
    keep = _kept(bars[:, 0], piece, longest)
    if keep.all():
        return piece
    ends = np.cumsum(np.where(keep, bars[:, 1], 0))
    kept = bars[keep]
    kept[:, 0] = ends[keep] - kept[:, 1]
    starts, moves = bars[:, 0], bars[:, 0] - np.concatenate(([0], ends[:-1]))
    tempos = [piece.tempos[0]]
    for tempo in piece.tempos[1:]:
        bar = int(np.searchsorted(starts, tempo.tick, side="right")) - 1
        place = (tempo.tick if keep[bar] else int(starts[bar])) - int(moves[bar])
        tempos = [t for t in tempos if t.tick < place] + [Tempo(place, tempo.bpm)]
    tracks = []
    for track in piece.tracks:
        notes = track.notes.copy()
        notes[:, 0] -= moves[np.searchsorted(starts, notes[:, 0], side="right") - 1]
        tracks.append(replace(track, notes=notes))
    moved = replace(piece.moved, silent_bars_cut=int(np.count_nonzero(~keep)))
    return replace(piece, tracks=tuple(tracks), bar_rows=kept, tempos=tuple(tempos), moved=moved)


def _kept(starts: Ticks, piece: GridPiece, longest: int) -> npt.NDArray[np.bool_]:
    """Tell for each bar whether a note sounds in it or in one of the ``longest`` before it, bool[bars]."""
    notes = np.concatenate([track.notes[:, :2] for track in piece.tracks])
    first = np.searchsorted(starts, notes[:, 0], side="right") - 1
    last = np.searchsorted(starts, notes[:, 0] + notes[:, 1] - 1, side="right")
    size = len(starts) + 1
    sounds = np.cumsum(np.bincount(first, minlength=size) - np.bincount(last, minlength=size))[:-1] > 0
    places = np.arange(len(starts))
    latest = np.maximum.accumulate(np.where(sounds, places, -1))
    kept: npt.NDArray[np.bool_] = places - latest <= longest
    return kept
