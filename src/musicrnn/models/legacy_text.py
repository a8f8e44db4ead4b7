"""The texts of the MusicRNN of 2017: 88 characters for the piano's keys and one that ends a tick.

For each tick, 1/16 of a quarter note, the keys that are down, lowest first, then ``_``; a text begins
with ``_``. A key held for several ticks repeats its character; attack and hold are not told apart, so a
run of one key is one note. Channels, velocity, tempo and metre are not in it: 120 bpm and 4/4 are taken.
"""

from __future__ import annotations

from collections.abc import Iterator

from musicrnn.errors import ScoreTextError
from musicrnn.models.bar_lines import bars_until, nearest
from musicrnn.models.score import Note, Part, Score

NOTE_CHARACTERS = 'GINSBLDPKUzEJ@ROFMQ=CWHZX;T?V>xA6<Y89[74:{]^a3/5102`+-cb.d*,f(e)hg$i|kj#}ml&!npotq"sruwy'
SEPARATOR = "_"
LOWEST = 21
TICKS_PER_BEAT = 16
LEGACY_PART = Part("notes", LOWEST, LOWEST + len(NOTE_CHARACTERS) - 1)

_PITCHES = {character: LOWEST + index for index, character in enumerate(NOTE_CHARACTERS)}
_LINE_ENDS = "\r\n"


def is_legacy_text(text: str) -> bool:
    """Tell whether a text is one of the old ones: only their characters, and ticks that end."""
    found = set(text) - set(_LINE_ENDS)
    return SEPARATOR in found and found <= _PITCHES.keys() | {SEPARATOR}


def read_legacy_text(text: str, ticks_per_beat: int = 12, name: str = "") -> Score:
    """Read an old text to a score of one part on the given grid.

    Raises ScoreTextError with line and column for a character that is none of the 89. Characters after the
    last ``_`` are a tick that was not ended, and count.
    """
    notes = []
    for pitch, start, end in _runs(_ticks(text, name)):
        first, last = (nearest(at, TICKS_PER_BEAT, ticks_per_beat) for at in (start, end))
        notes.append((first, pitch, max(last - first, 1)))
    separate: dict[tuple[int, int], int] = {}
    for first, pitch, length in notes:
        separate[first, pitch] = max(length, separate.get((first, pitch), 0))
    found = [Note(first, 0, pitch, length) for (first, pitch), length in separate.items()]
    bars = bars_until(max((note.end for note in found), default=1), [], ticks_per_beat)
    return Score(ticks_per_beat, (LEGACY_PART,), tuple(sorted(_apart(found))), bars)


def _ticks(text: str, name: str) -> Iterator[set[int]]:
    """Yield the pitches of each tick; the separator that begins a text ends none."""
    down: set[int] = set()
    begun = False
    line, column = 1, 0
    for character in text:
        column += 1
        if character == "\n":
            line, column = line + 1, 0
        elif character == SEPARATOR:
            if begun:
                yield down
            begun, down = True, set()
        elif character in _PITCHES:
            begun = True
            down.add(_PITCHES[character])
        elif character not in _LINE_ENDS:
            where = f"{name}: line {line}, column {column}".removeprefix(": ")
            raise ScoreTextError(f"{where}: a character must be one of the 89, got {character!r}")
    if down:
        yield down


def _runs(ticks: Iterator[set[int]]) -> Iterator[tuple[int, int, int]]:
    """Yield (pitch, first tick, tick after the last) of each key held down."""
    since: dict[int, int] = {}
    tick = 0
    for down in ticks:
        for pitch in [pitch for pitch in since if pitch not in down]:
            yield pitch, since.pop(pitch), tick
        for pitch in down:
            since.setdefault(pitch, tick)
        tick += 1
    for pitch, start in since.items():
        yield pitch, start, tick


def _apart(notes: list[Note]) -> Iterator[Note]:
    """Yield the notes, each ending where its pitch begins again."""
    following: dict[int, int] = {}
    for note in sorted(notes, reverse=True):
        end = min(note.end, following.get(note.pitch, note.end))
        following[note.pitch] = note.start
        yield Note(note.start, note.part, note.pitch, end - note.start, note.velocity)
