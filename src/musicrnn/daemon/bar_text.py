"""What is played as text that a person can read, bar by bar, as it is made."""

from __future__ import annotations

from dataclasses import replace

from musicrnn.daemon.recording import Recording
from musicrnn.models.frames import DEFAULT_VELOCITY
from musicrnn.models.score import Note, Score, Tempo, bar_length, regular_bars
from musicrnn.models.text_write import text_of
from musicrnn.models.vocabulary import Vocabulary


def readable(score: Score, vocabulary: Vocabulary) -> Score:
    """Return the score without the accents that a model without velocities is played with."""
    if vocabulary.velocity_bins:
        return score
    return replace(score, notes=tuple(replace(note, velocity=DEFAULT_VELOCITY) for note in score.notes))


def whole_text(score: Score, vocabulary: Vocabulary) -> str:
    """Return a score that was played as score text."""
    return text_of(readable(score, vocabulary), vocabulary.velocity_bins)


class BarText:
    """Gives the lines of a recording's text one by one, each as soon as its bar is over.

    Together they are the text of the whole.
    """

    def __init__(self, recording: Recording, vocabulary: Vocabulary) -> None:
        self._recording = recording
        self._vocabulary = vocabulary
        self._length = bar_length(*recording.metre, recording.ticks_per_beat)

    def header(self) -> str:
        """Return the lines before the first bar."""
        lines = whole_text(self._recording.score(0), self._vocabulary).splitlines(keepends=True)
        return "".join(line for line in lines if line.startswith("#"))

    def line(self, bar: int) -> str:
        """Return the line of a bar that has just been played."""
        before = max(bar - 1, 0) * self._length
        until = (bar + 1) * self._length
        notes = [replace(note, start=note.start - before) for note in self._recording.window(before, until)]
        score = self._score(notes, self._tempos(before, until), until - before)
        return whole_text(score, self._vocabulary).splitlines()[-1]

    def _tempos(self, start: int, until: int) -> tuple[Tempo, ...]:
        tempos = [tempo for tempo in self._recording.tempos() if tempo.tick < until]
        earlier = max(index for index, tempo in enumerate(tempos) if index == 0 or tempo.tick <= start)
        return tuple(Tempo(max(tempo.tick - start, 0), tempo.bpm) for tempo in tempos[earlier:])

    def _score(self, notes: list[Note], tempos: tuple[Tempo, ...], length: int) -> Score:
        recording = self._recording
        bars = regular_bars(length, recording.ticks_per_beat, *recording.metre)
        return Score(recording.ticks_per_beat, recording.parts, tuple(notes), bars, tempos)
