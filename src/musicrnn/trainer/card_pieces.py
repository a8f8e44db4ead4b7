"""The pieces that a card compares: held-out ones as the model's language has them, and generated ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from musicrnn.config.corpus import CorpusSettings
from musicrnn.errors import CorpusError, ModelError
from musicrnn.models.corpus import Corpus
from musicrnn.models.frames import Frame, frames_of, score_of
from musicrnn.models.generator import Choice, Generator
from musicrnn.models.score import Bar, Score, Tempo
from musicrnn.models.step import StepModel
from musicrnn.models.timing import positions
from musicrnn.models.vocabulary import Vocabulary
from musicrnn.trainer.material import split, vocabulary_of

FEWEST_HELD_OUT = 2


@dataclass(frozen=True, slots=True)
class Real:
    """Pieces of the corpus by share, with their names, as the model's language has them."""

    train: tuple[Score, ...]
    held_out: tuple[Score, ...]
    train_names: tuple[str, ...]
    held_out_names: tuple[str, ...]
    valid: tuple[Score, ...] = ()


def real_pieces(
    corpus: Corpus, settings: CorpusSettings, vocabulary: Vocabulary, done: Callable[[int], None] = lambda _: None
) -> Real:
    """Divide a corpus as the training did; the test share is what was held out.

    Raises CorpusError where the settings give another language than the model's, or too few pieces.
    """
    usable = [piece for piece in corpus.pieces if piece.count]
    if not usable:
        raise CorpusError("the corpus must hold a piece with notes, got none")
    found = vocabulary_of((piece.score for piece in usable), settings)
    if found != vocabulary:
        raise CorpusError(
            f"the corpus, read with these settings, must give the model's language: {_differ(found, vocabulary)}"
        )
    train, valid, test = split(len(usable), settings)
    if len(test) < FEWEST_HELD_OUT:
        raise CorpusError(
            f"the corpus must hold out {FEWEST_HELD_OUT} pieces or more for the test, got {len(test)} of {len(usable)} "
            f"with test_share {settings.test_share:g}; train with a larger --test-share, or with more pieces"
        )
    shares: list[list[Score]] = []
    for share in (train, test, valid):
        shares.append([])
        for index in share:
            shares[-1].append(in_language(usable[index].score, vocabulary))
            done(sum(map(len, shares)))
    names = [tuple(usable[i].name for i in share) for share in (train, test)]
    return Real(tuple(shares[0]), tuple(shares[1]), names[0], names[1], tuple(shares[2]))


def _differ(found: Vocabulary, wanted: Vocabulary) -> str:
    a, b = found.to_dict(), wanted.to_dict()
    wrong = next(key for key in b if a[key] != b[key])
    if wrong != "parts" or len(a["parts"]) != len(b["parts"]):
        return f"{wrong} must be {b[wrong]}, got {a[wrong]}"
    pair = next((mine, theirs) for mine, theirs in zip(a["parts"], b["parts"], strict=True) if mine != theirs)
    return f"a part must be {pair[1]}, got {pair[0]}"


def in_language(score: Score, vocabulary: Vocabulary) -> Score:
    """Return what is left of a score in a model's language: its range, polyphony and levels of loudness."""
    frames, _ = frames_of(score, vocabulary)
    return score_of(frames, vocabulary, score.bars, score.tempos)


def head(score: Score, bars: int) -> Score:
    """Return the first bars of a score; notes that go on beyond them are cut."""
    kept = score.bars[:bars]
    end = kept[-1].end if kept else 0
    notes = tuple(replace(n, length=min(n.length, end - n.start)) for n in score.notes if n.start < end)
    tempos = tuple(tempo for tempo in score.tempos if tempo.tick < end) or score.tempos[:1]
    return Score(score.ticks_per_beat, score.parts, notes, kept, tempos)


def rulers(held_out: Sequence[Score], count: int) -> list[tuple[Bar, ...]]:
    """Return ``count`` rows of bars, those of :func:`evenly_by_length`."""
    return [score.bars for score in evenly_by_length(held_out, count)]


def evenly_by_length(scores: Sequence[Score], count: int) -> list[Score]:
    """Return ``count`` of the scores, evenly chosen among them by length in bars; some twice where they are fewer."""
    by_length = sorted(scores, key=lambda score: len(score.bars))
    return [by_length[int((i + 0.5) * len(by_length) / count)] for i in range(count)]


def generate(
    model: StepModel, bars: tuple[Bar, ...], choice: Choice, done: Callable[[int], None] = lambda _: None
) -> Score:
    """Return a piece of the given bars in the model's usual tempo; ``done`` is told the ticks made, bar by bar.

    Raises ModelError where the network answers with numbers that are not finite.
    """
    vocabulary = model.info.vocabulary
    generator = Generator(model)
    places = positions(bars, vocabulary.ticks_per_beat)
    point, frames = generator.begin(), list[Frame]()
    for number, bar in enumerate(bars):
        for tick in range(bar.start, bar.end):
            try:
                record = generator.tick(tick, number, places[tick], choice, point)
            except FloatingPointError as error:
                raise ModelError(f"{model.info.name}: the network must answer with finite numbers: {error}") from error
            frames.append(record.frame)
            point = record.after
        done(bar.length)
    return score_of(frames, vocabulary, bars, (Tempo(0, model.info.tempo),))
