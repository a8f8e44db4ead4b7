"""What differs between two readings of one piece, in words and in beats."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from functools import cache

from musicrnn.models.midi_piece import MidiPiece
from musicrnn.models.part_plan import DRUMS
from musicrnn.models.score import Part
from musicrnn.models.vocabulary import Vocabulary, pitch_name

Row = tuple[Fraction, Fraction, int]
Change = tuple[Fraction, str]


def differences(one: MidiPiece, other: MidiPiece, velocity_bins: int = 0) -> list[str]:
    """Return what differs: tempo, time signatures, and each note, compared by pitch in the order of onsets.

    Tracks are compared as a whole, drums apart; how long a drum sounds is no difference, and with
    ``velocity_bins`` nor are velocities of one bin.
    """
    found = list(_map_differences("tempo", _tempos(one), _tempos(other)))
    found += _map_differences("metre", _metres(one), _metres(other))
    before, after = _notes(one, velocity_bins), _notes(other, velocity_bins)
    for key in sorted(before.keys() | after.keys()):
        found += _note_differences(key, before.get(key, []), after.get(key, []))
    return found


def _beats(tick: int, piece: MidiPiece) -> Fraction:
    return Fraction(int(tick), piece.ticks_per_beat)


def _tempos(piece: MidiPiece) -> list[Change]:
    return _changes(piece, [(0, "120"), *((tick, f"{6e7 / beat:.6g}") for tick, beat in piece.tempos)])


def _metres(piece: MidiPiece) -> list[Change]:
    return _changes(piece, [(0, "4/4"), *((tick, f"{top}/{bottom}") for tick, top, bottom in piece.metres)])


def _changes(piece: MidiPiece, values: Sequence[tuple[int, str]]) -> list[Change]:
    """Return the values that change something before the last note ends, the last of each tick."""
    by_tick = dict(values)
    end = max((int(track.notes[:, 1].max()) for track in piece.tracks if len(track.notes)), default=0)
    kept: list[Change] = []
    for tick in sorted(by_tick):
        if not kept or (kept[-1][1] != by_tick[tick] and tick < end):
            kept.append((_beats(tick, piece), by_tick[tick]))
    return kept


def _map_differences(what: str, before: Sequence[Change], after: Sequence[Change]) -> Iterator[str]:
    for beat, value in before:
        if (beat, value) not in after:
            yield f"{what} {value} at beat {float(beat):.4g} did not come back"
    for beat, value in after:
        if (beat, value) not in before:
            yield f"{what} {value} at beat {float(beat):.4g} is new"


def _notes(piece: MidiPiece, bins: int) -> dict[tuple[bool, int], list[Row]]:
    """Return (start, length, velocity) by (drums, pitch), in order; drums have length 0."""
    found: dict[tuple[bool, int], list[Row]] = {}
    for track in piece.tracks:
        for start, end, pitch, velocity in track.notes.tolist():
            length = Fraction(0) if track.drums else _beats(end - start, piece)
            loud = binned(velocity, bins) if bins else velocity
            found.setdefault((track.drums, pitch), []).append((_beats(start, piece), length, loud))
    for rows in found.values():
        rows.sort()
    return found


def binned(velocity: int, bins: int) -> int:
    """Return the velocity in the middle of a velocity's bin."""
    vocabulary = _vocabulary(bins)
    return vocabulary.velocity_of(vocabulary.bin_of(velocity))


@cache
def _vocabulary(bins: int) -> Vocabulary:
    return Vocabulary(12, (Part(DRUMS),), True, bins)


def _note_differences(key: tuple[bool, int], before: Sequence[Row], after: Sequence[Row]) -> Iterator[str]:
    drums, pitch = key
    name = f"{DRUMS} {pitch_name(pitch)}" if drums else pitch_name(pitch)
    if len(before) != len(after):
        yield f"{name}: {len(before)} notes, {len(after)} came back"
        return
    for old, new in zip(before, after, strict=True):
        if old != new:
            yield f"{name}: {_told(old)} came back as {_told(new)}"


def _told(row: Row) -> str:
    start, length, velocity = row
    lasting = f" for {float(length):.4g}" if length else ""
    return f"beat {float(start):.6g}{lasting}, velocity {velocity}"
