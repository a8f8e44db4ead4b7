"""Scores to MIDI files.

Format 1, 480 ticks a beat: a conductor track with tempo, time signatures and the parts' declaration, then
a track a part with its name, channel and program. Where parts of different programs share a channel, as when one model
played after another, a part's program stands where its notes begin anew. The same score gives the same bytes.
"""

from __future__ import annotations

import errno
import io
from collections.abc import Iterable
from pathlib import Path

import mido

from musicrnn.files import write_whole
from musicrnn.models.bar_lines import metres_of
from musicrnn.models.declaration import declaration_of
from musicrnn.models.midi_read import DECLARATION, FASTEST_BPM, SLOWEST_BPM
from musicrnn.models.score import Score

TICKS_PER_BEAT = 480
_LONGEST_BEAT = 0xFFFFFF

Event = tuple[int, mido.Message]


def write_midi(score: Score, path: Path, *, overwrite: bool = True) -> None:
    """Write a score to a MIDI file, whole or not at all.

    Raises OSError where that is not possible, FileExistsError where a file is there and is to be kept.
    """
    if not overwrite and path.exists():
        raise FileExistsError(errno.EEXIST, "a file of that name is there", str(path))
    write_whole(path, midi_bytes(score))


def midi_bytes(score: Score) -> bytes:
    """Return a score as the bytes of a MIDI file.

    Reading them back gives the score again, with tempo to the microsecond a beat (but for :func:`tempos_lost`), and
    without bars of silence after the last note.
    """
    if TICKS_PER_BEAT % score.ticks_per_beat:
        raise ValueError(f"the grid must divide {TICKS_PER_BEAT} ticks a beat, got {score.ticks_per_beat}")
    file = mido.MidiFile(type=1, ticks_per_beat=TICKS_PER_BEAT, charset="utf-8")
    file.tracks.append(_track(_conductor(score), _scaled(score, score.length)))
    for index in range(len(score.parts)):
        file.tracks.append(_track(_part(score, index), _scaled(score, score.length)))
    stream = io.BytesIO()
    file.save(file=stream)
    return stream.getvalue()


def tempos_lost(score: Score) -> list[str]:
    """Return, in words, each tempo of a score that is read otherwise from its MIDI file, by more than rounding."""
    told: dict[str, None] = {}
    for bpm in (tempo.bpm for tempo in score.tempos):
        slowest, read = 6e7 / _LONGEST_BEAT, min(max(bpm, SLOWEST_BPM), FASTEST_BPM)
        if bpm < slowest:
            told[f"a tempo of {bpm:g} bpm is written as {slowest:g}, the slowest of MIDI, and read as {read:g}"] = None
        elif bpm != read:
            told[f"a tempo of {bpm:g} bpm is written, and read from the MIDI file as {read:g}"] = None
    return list(told)


def _scaled(score: Score, tick: int) -> int:
    return tick * (TICKS_PER_BEAT // score.ticks_per_beat)


def _conductor(score: Score) -> list[Event]:
    text = DECLARATION.decode() + declaration_of(score.parts)
    events: list[Event] = [(0, mido.MetaMessage("text", text=text))]
    for tick, numerator, denominator in metres_of(score.bars, score.ticks_per_beat):
        message = mido.MetaMessage("time_signature", numerator=numerator, denominator=denominator)
        events.append((_scaled(score, tick), message))
    for tempo in score.tempos:
        beat = min(round(6e7 / tempo.bpm), _LONGEST_BEAT)
        events.append((_scaled(score, tempo.tick), mido.MetaMessage("set_tempo", tempo=beat)))
    return sorted(events, key=lambda event: event[0])


def _part(score: Score, index: int) -> list[Event]:
    part = score.parts[index]
    channel = part.channel - 1
    name: Event = (0, mido.MetaMessage("track_name", name=part.name))
    keyed: list[tuple[tuple[int, int, int], mido.Message]] = [
        ((_scaled(score, tick), 1, -128), mido.Message("program_change", channel=channel, program=part.program))
        for tick in _program_changes(score, index)
    ]
    for note in score.notes:
        if note.part != index:
            continue
        end = note.start + 1 if part.percussive else note.end
        on = mido.Message("note_on", channel=channel, note=note.pitch, velocity=note.velocity)
        off = mido.Message("note_off", channel=channel, note=note.pitch, velocity=0)
        keyed += [((_scaled(score, note.start), 1, -note.pitch), on), ((_scaled(score, end), 0, -note.pitch), off)]
    return [name] + [(key[0], message) for key, message in sorted(keyed, key=lambda pair: pair[0])]


def _program_changes(score: Score, index: int) -> list[int]:
    """Return the ticks at which a part's program is to be sent: once, or each time after another's on its channel."""
    mine = score.parts[index]
    others = {i for i, part in enumerate(score.parts) if part.channel == mine.channel and part.program != mine.program}
    if not others:
        return [0]
    ticks: list[int] = []
    present = -1
    for note in score.notes:
        if note.part == index and present != index:
            ticks.append(note.start if present >= 0 else 0)
        if note.part == index or note.part in others:
            present = note.part
    return ticks or [score.length]


def _track(events: Iterable[Event], end: int) -> mido.MidiTrack:
    """Return events in absolute ticks as a track that ends at ``end`` or with its last event."""
    track, at = mido.MidiTrack(), 0
    for tick, message in events:
        message.time = tick - at
        track.append(message)
        at = tick
    track.append(mido.MetaMessage("end_of_track", time=max(end - at, 0)))
    return track
