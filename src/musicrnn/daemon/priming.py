"""The notes that a model is started from."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from musicrnn.daemon.prime_score import score_of_prime
from musicrnn.errors import ControlError, ScoreTextError
from musicrnn.models.frames import Frame, frames_of
from musicrnn.models.generator import Generator, Snapshot
from musicrnn.models.score import Bar, bar_length
from musicrnn.models.timing import Position, position
from musicrnn.models.tokens import encode
from musicrnn.models.vocabulary import SUSTAIN, TICK, Vocabulary


def prime_frames(
    text: str, vocabulary: Vocabulary, metre: tuple[int, int] = (4, 4)
) -> tuple[list[Frame], tuple[Bar, ...]]:
    """Return the frames of a prime, one a tick, and its bars; none for an empty text.

    ``text`` is score text, or the old 89 characters; ``metre`` holds where it names none. Raises
    ControlError where it cannot be read or the model cannot name its notes.
    """
    if not text.strip():
        return [], ()
    try:
        score = score_of_prime(text, vocabulary, metre)
        frames, fit = frames_of(score, vocabulary)
    except ScoreTextError as error:
        raise ControlError(f"the prime must be score text or the old characters: {error}") from error
    except ValueError as error:
        raise ControlError(f"the prime must fit the model: {error}") from error
    if fit.out_of_range or fit.over_polyphony:
        raise ControlError(
            "the prime's notes must be in the model's range and polyphony, got "
            f"{fit.out_of_range} out of range and {fit.over_polyphony} too many at once"
        )
    return frames, score.bars


def prime_positions(bars: Sequence[Bar], ticks_per_beat: int) -> list[Position]:
    """Return the position of every tick of a prime; a last bar that is cut short ends on the bar line."""
    result: list[Position] = []
    for bar in bars:
        full = bar_length(bar.numerator, bar.denominator, ticks_per_beat)
        whole = Bar(0, full, bar.numerator, bar.denominator)
        first = full - bar.length if bar is bars[-1] or bar.start == 0 else 0
        result += [position(max(first, 0) + tick, whole, ticks_per_beat) for tick in range(bar.length)]
    return result


class Notes(NamedTuple):
    """A prime as a model is given it: its tokens, the position of every tick, and the last frame."""

    tokens: tuple[int, ...]
    positions: tuple[Position, ...]
    last: Frame


def read_ahead(generator: Generator, text: str) -> None:
    """Read the text of a prime in a thread that has time: whoever begins from it soon after has its notes at once."""
    _notes(text, generator.vocabulary, generator.model.info.metre)


@lru_cache(maxsize=2)  # for the model that plays and the one that comes
def _notes(text: str, vocabulary: Vocabulary, metre: tuple[int, int]) -> Notes | str:
    """Return the notes of a prime, or why it has none: to read a long one takes some 50 ms, which is too long twice."""
    try:
        frames, bars = prime_frames(text, vocabulary, metre)
    except ControlError as error:
        return str(error)
    positions = prime_positions(bars, vocabulary.ticks_per_beat)
    return Notes(tuple(encode(frames, vocabulary)[1:-1]), tuple(positions), frames[-1] if frames else ())


class Primer:
    """Reads a prime a few tokens at a time, so that what plays is not held up."""

    def __init__(self, generator: Generator, text: str) -> None:
        """Read the text, unless that was done just before; ControlError where it is wrong."""
        notes = _notes(text, generator.vocabulary, generator.model.info.metre)
        if isinstance(notes, str):
            raise ControlError(notes)
        self.text = text
        self._generator = generator
        self._tokens, self._positions, self._last = notes
        self._read = self._begun = 0
        self._tick = 0
        self._point = generator.begin()

    @property
    def done(self) -> bool:
        """Whether all is read."""
        return self._read == len(self._tokens)

    @property
    def snapshot(self) -> Snapshot:
        """The point after the prime, once all is read."""
        return self._point._replace(frame=self._last)

    def work(self, tokens: int = 16) -> bool:
        """Read some more tokens; return whether there are more. FloatingPointError where the state is not finite."""
        for following in self._tokens[self._read : self._read + tokens]:
            self._read_one(following)
        if not np.isfinite(self._point.network).all():
            raise FloatingPointError("the network's state must be finite")
        return not self.done

    def _read_one(self, following: int) -> None:
        where = self._positions[self._tick]
        _, network = self._generator.model.step(self._point.token, where, self._point.network)
        grammar = self._generator.grammar.advance(self._point.grammar, following)
        past, self._read = self._point.past, self._read + 1
        if following in (TICK, SUSTAIN):
            past, self._begun = past.then(self._tokens[self._begun : self._read]), self._read
            self._tick += 1
        self._point = Snapshot(following, grammar, network, (), past)

    def finish(self) -> Snapshot:
        """Read all that is left and return the point after the prime."""
        while self.work():
            pass
        return self.snapshot
