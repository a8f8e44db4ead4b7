"""Scores to score text; docs/score-text.md is its reference."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from musicrnn.models.bar_lines import first_length
from musicrnn.models.score import Bar, Note, Score
from musicrnn.models.text_header import DEFAULT_VELOCITY, Header, header_lines, tempo_text
from musicrnn.models.vocabulary import Vocabulary, pitch_name

_Key = tuple[int, int]


def text_of(score: Score, velocity_bins: int = 0) -> str:
    """Return a score as text, one line a bar.

    With ``velocity_bins`` loudness is written as bins and comes back to the bin; without, it comes back
    as it is. Hits of percussive parts are one tick long. Tempo changes after the last tick are left out.
    """
    return _Writer(score, velocity_bins).text()


def line_length(bar: Bar, grid: int) -> int:
    """Return how many ticks a line holds that says nothing else than the bar's metre."""
    return first_length(bar.numerator, bar.denominator, grid)


class _Writer:
    """Writes one score; keeps what sounds and the ticks of rest or sustain that wait to be written."""

    def __init__(self, score: Score, velocity_bins: int) -> None:
        self._score = score
        self._bins = Vocabulary(score.ticks_per_beat, score.parts, True, velocity_bins) if velocity_bins else None
        loud = Counter(note.velocity for note in score.notes).most_common(1)
        self._velocity = loud[0][0] if loud else DEFAULT_VELOCITY
        self._starts: dict[int, list[Note]] = {}
        for note in score.notes:
            self._starts.setdefault(note.start, []).append(note)
        self._tempos = {tempo.tick: tempo.bpm for tempo in score.tempos[1:]}
        self._sounding: dict[_Key, int] = {}
        self._waiting = 0
        self._words: list[str] = []

    def text(self) -> str:
        score = self._score
        metre = (score.bars[0].numerator, score.bars[0].denominator) if score.bars else (4, 4)
        bins = self._bins.velocity_bins if self._bins else 0
        header = Header(score.ticks_per_beat, metre, score.tempos[0].bpm, self._velocity, bins, score.parts)
        lines = header_lines(header)
        for bar in score.bars:
            lines.append(self._line(bar, metre))
            metre = (bar.numerator, bar.denominator)
        return "\n".join(lines) + "\n"

    def _line(self, bar: Bar, metre: tuple[int, int]) -> str:
        self._words = []
        if (bar.numerator, bar.denominator) != metre:
            self._words.append(f"[{bar.numerator}/{bar.denominator}]")
        if bar.length != line_length(bar, self._score.ticks_per_beat):
            self._words.append(f"[{bar.length} ticks]")
        for tick in range(bar.start, bar.end):
            self._tick(tick)
        self._flush()
        return " ".join(self._words)

    def _tick(self, tick: int) -> None:
        if tick in self._tempos:
            self._flush()
            self._words.append(f"[tempo {tempo_text(self._tempos[tick])}]")
        ended = [key for key, end in self._sounding.items() if end <= tick]
        attacks = self._starts.get(tick, ())
        if not ended and not attacks:
            self._waiting += 1
            return
        self._flush()
        for key in ended:
            del self._sounding[key]
        words = {key: f"~{self._named(*key)}" for key in self._sounding}
        for note in attacks:
            key = (note.part, -note.pitch)
            words[key] = self._named(*key) + self._loudness(note)
            if not self._score.parts[note.part].percussive:
                self._sounding[key] = note.end
        self._words += [*_without_repeats(sorted(words.items())), "."]

    def _named(self, part: int, falling: int) -> str:
        return f"{self._score.parts[part].name}:{pitch_name(-falling)}"

    def _loudness(self, note: Note) -> str:
        if self._bins is not None:
            return f"!{self._bins.bin_of(note.velocity)}"
        return "" if note.velocity == self._velocity else f"!v{note.velocity}"

    def _flush(self) -> None:
        if self._waiting:
            self._words.append("-" if self._waiting == 1 else f"-{self._waiting}")
        self._waiting = 0


def _without_repeats(words: Sequence[tuple[_Key, str]]) -> list[str]:
    """Return the words of a tick with a part named only where it changes; the first part needs no name."""
    written, current = [], 0
    for (part, _), word in words:
        if part == current:
            name, _, note = word.removeprefix("~").rpartition(":")
            word = ("~" if word.startswith("~") else "") + note if name else word
        written.append(word)
        current = part
    return written
