"""Score text to scores; docs/score-text.md is its reference."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from musicrnn.errors import ScoreTextError
from musicrnn.models.bar_lines import first_length
from musicrnn.models.score import Bar, Note, Part, Score, Tempo
from musicrnn.models.text_header import Header, metre_of, pitch_of, tempo_of, whole_number, with_line
from musicrnn.models.vocabulary import Vocabulary

LONGEST_BEATS = 20_000
UNNAMED_PART = "notes"

_HEADER_LINE = re.compile(r"#\s*([\w.-]+)\s*=\s*(.*?)\s*")
_WORD = re.compile(r"\[[^\]]*\]?|[^\s\[]+")
_NOTE = re.compile(r"(~?)(?:([\w-]+):(?=[~A-Ga-g]))?(~?)([A-Ga-g][#b♯♭]?-?[0-9]+)(?:!(v?)([0-9]{1,3}))?")
_KEEPS_ON = re.compile(r"-([0-9]{0,7})")


def score_of_text(
    text: str, *, name: str = "", ticks_per_beat: int = 12, parts: Sequence[Part] = (), measured: bool = True
) -> Score:
    """Read a score text.

    ``ticks_per_beat`` and ``parts`` hold where the header names none; with no parts at all, those that notes
    name are made. ``name`` goes before the line number in messages. Unless ``measured`` a bar without a mark may have
    any length. Raises ScoreTextError.
    """
    reader = _Reader(Header(grid=ticks_per_beat), tuple(parts), measured)
    for number, line in enumerate(text.splitlines(), 1):
        try:
            reader.line(line.strip())
        except ValueError as error:
            raise ScoreTextError(f"{name}: line {number}: {error}".removeprefix(": ")) from None
    try:
        return reader.score()
    except ValueError as error:
        raise ScoreTextError(f"{name}: {error}".removeprefix(": ")) from None


class _Reader:
    """Reads line after line; keeps the tick, what sounds, and what the present tick has named so far."""

    def __init__(self, header: Header, parts: tuple[Part, ...], measured: bool) -> None:
        self._header = header
        self._measured = measured
        self._default_parts = parts
        self._parts: list[Part] = []
        self._grows = False
        self._bins: Vocabulary | None = None
        self._in_body = False
        self._metre = header.metre
        self._tick = 0
        self._sounding: dict[tuple[int, int], tuple[int, int]] = {}
        self._named: dict[tuple[int, int], int | None] = {}
        self._part: int | None = None
        self._notes: list[Note] = []
        self._bars: list[Bar] = []
        self._tempos: list[Tempo] = []
        self._unfinished = ""

    def line(self, line: str) -> None:
        """Read one line: a header line, a comment, or a bar; ValueError for anything else."""
        if line.startswith("#"):
            match = _HEADER_LINE.fullmatch(line)
            if match is not None and not self._in_body:
                self._header = with_line(self._header, *match.groups())
        elif line:
            if not self._in_body:
                self._begin()
            self._bar(_WORD.findall(line))

    def _begin(self) -> None:
        header = self._header
        self._parts = list(header.parts or self._default_parts)
        self._grows = not self._parts
        self._metre = header.metre
        self._tempos = [Tempo(0, header.tempo)]
        if header.velocity_bins:
            self._bins = Vocabulary(header.grid, (Part("any"),), True, header.velocity_bins)
        self._in_body = True

    def _bar(self, words: Sequence[str]) -> None:
        start, length, head = self._tick, None, True
        for word in words:
            if word.startswith("["):
                length = self._mark(word, length, head)
            elif word == ".":
                self._end_tick()
            elif match := _KEEPS_ON.fullmatch(word):
                self._keep_on(1 if not match.group(1) else whole_number(match.group(1), 1, 9_999_999, "a sustain"))
            else:
                self._note(word)
            head = head and word.startswith("[")
        if self._named:
            raise ValueError("a tick must be ended by '.', got the end of the bar")
        self._close_bar(start, length)

    def _close_bar(self, start: int, length: int | None) -> None:
        """Add the bar; a line that ends early is held against the metre when the next line begins."""
        if self._tick == start:
            raise ValueError("a bar must hold a tick, got none")
        size = self._tick - start
        wanted = length or (first_length(*self._metre, self._header.grid) if self._measured else size)
        if self._unfinished:
            raise ValueError(self._unfinished)
        kind = f"of {self._metre[0]}/{self._metre[1]}" if length is None else f"marked [{length} ticks]"
        rule = f"a bar {kind} must hold {wanted} ticks"
        if size > wanted or (length is not None and size != wanted):
            raise ValueError(f"{rule}, got {size}")
        self._unfinished = "" if size == wanted else f"the bar before this one is unfinished: {rule}, got {size}"
        self._bars.append(Bar(start, size, *self._metre))

    def _mark(self, word: str, length: int | None, head: bool) -> int | None:
        """Read a word in brackets; return the bar's length if it is given."""
        inside = word[1:-1].split() if word.endswith("]") else []
        match inside:
            case ["tempo", bpm]:
                self._set_tempo(tempo_of(bpm))
            case [ticks, "ticks" | "tick"] if head:
                return whole_number(ticks, 1, 9_999_999, "a bar's ticks")
            case [metre] if head and "/" in metre:
                self._metre = metre_of(metre)
            case _:
                where = "" if head else " (a metre or a length stands at the head of its bar)"
                raise ValueError(f"a mark must be [3/4], [18 ticks] or [tempo 96], got {word!r}{where}")
        return length

    def _set_tempo(self, bpm: float) -> None:
        if self._named:
            raise ValueError("a tempo must stand between ticks, got one inside a tick")
        if self._tempos[-1].tick == self._tick:
            self._tempos.pop()
        self._tempos.append(Tempo(self._tick, bpm))

    def _note(self, word: str) -> None:
        match = _NOTE.fullmatch(word)
        if match is None:
            raise ValueError(f"a word must be a note such as C4, ~C4 or bass:C2, '.', '-' or a mark, got {word!r:.80}")
        before, part_name, after, pitch_name, exact, loud = match.groups()
        if part_name is not None:
            self._part = self._index_of(part_name)
        part = self._part if self._part is not None else self._first_part()
        key = (part, self._pitch(pitch_name, part))
        if key in self._named:
            raise ValueError(f"a tick must name a note once, got {word!r} again")
        if before or after:
            self._hold(key, word, loud)
        else:
            self._named[key] = self._velocity(exact, loud)

    def _hold(self, key: tuple[int, int], word: str, loud: str | None) -> None:
        if loud is not None:
            raise ValueError(f"only an attack must have a velocity, got {word!r}")
        if key not in self._sounding:
            raise ValueError(f"only what sounds can be held, got {word!r}")
        self._named[key] = None

    def _first_part(self) -> int:
        return 0 if self._parts else self._index_of(UNNAMED_PART)

    def _index_of(self, name: str) -> int:
        for index, part in enumerate(self._parts):
            if part.name == name:
                return index
        if not self._grows:
            raise ValueError(f"a part must be one of {', '.join(p.name for p in self._parts)}, got {name!r}")
        if len(self._parts) == 64:
            raise ValueError(f"there must be at most 64 parts, got {name!r}")
        percussive = name == "drums"
        channel = 10 if percussive else [c for c in range(1, 17) if c != 10][len(self._parts) % 15]
        self._parts.append(Part(name, 0, 127, channel, 0, percussive))
        return len(self._parts) - 1

    def _pitch(self, name: str, part: int) -> int:
        pitch = pitch_of(name)
        if not self._parts[part].low <= pitch <= self._parts[part].high:
            low, high = self._parts[part].low, self._parts[part].high
            raise ValueError(f"a note of {self._parts[part].name} must be in {low}..{high}, got {name!r} ({pitch})")
        return pitch

    def _velocity(self, exact: str | None, loud: str | None) -> int:
        if loud is None:
            return self._header.velocity
        if exact:
            return whole_number(loud, 1, 127, "a velocity")
        if self._bins is None:
            raise ValueError(f"a bin needs '# velocity_bins = N' in the header (or write !v{loud}), got '!{loud}'")
        return self._bins.velocity_of(whole_number(loud, 0, self._bins.velocity_bins - 1, "a velocity bin"))

    def _end_tick(self) -> None:
        """End the tick that the notes so far describe: what is not named is released."""
        for key in [key for key in self._sounding if self._named.get(key, 0) is not None]:
            self._release(key)
        for key, velocity in self._named.items():
            if velocity is None:
                continue
            if self._parts[key[0]].percussive:
                self._notes.append(Note(self._tick, *key, 1, velocity))
            else:
                self._sounding[key] = (self._tick, velocity)
        self._named, self._part = {}, None
        self._advance(1)

    def _keep_on(self, ticks: int) -> None:
        if self._named:
            raise ValueError("a tick must be ended by '.', got '-' inside it")
        self._advance(ticks)

    def _advance(self, ticks: int) -> None:
        self._tick += ticks
        if self._tick > LONGEST_BEATS * self._header.grid:
            raise ValueError(f"a piece must be at most {LONGEST_BEATS} beats long, got {self._tick} ticks")

    def _release(self, key: tuple[int, int]) -> None:
        start, velocity = self._sounding.pop(key)
        self._notes.append(Note(start, *key, self._tick - start, velocity))

    def score(self) -> Score:
        """Return what was read."""
        if not self._in_body:
            self._begin()
        for key in list(self._sounding):
            self._release(key)
        parts = tuple(self._parts) or (Part(UNNAMED_PART),)
        fitted = tuple(self._fitted(index, part) for index, part in enumerate(parts))
        return Score(self._header.grid, fitted, tuple(sorted(self._notes)), tuple(self._bars), tuple(self._tempos))

    def _fitted(self, index: int, part: Part) -> Part:
        """Return a part that was given no range with that of its notes."""
        pitches = [note.pitch for note in self._notes if note.part == index]
        is_open = self._grows or part.name in self._header.open_ranges
        return replace(part, low=min(pitches), high=max(pitches)) if is_open and pitches else part
