"""Short pieces made while a model learns, to be heard and read."""

from __future__ import annotations

from musicrnn.models.frames import Frame, score_of
from musicrnn.models.generator import Choice, Generator
from musicrnn.models.score import Bar, Score, Tempo, bar_length
from musicrnn.models.step import StepModel
from musicrnn.models.timing import position


def audition(model: StepModel, bars: int, choice: Choice) -> Score:
    """Return ``bars`` bars made by a model in its usual metre and tempo."""
    info = model.info
    vocabulary = info.vocabulary
    size = bar_length(*info.metre, vocabulary.ticks_per_beat)
    ruler = tuple(Bar(i * size, size, *info.metre) for i in range(bars))
    generator = Generator(model)
    point = generator.begin()
    frames: list[Frame] = []
    for number, bar in enumerate(ruler):
        for tick in range(size):
            place = position(tick, bar, vocabulary.ticks_per_beat)
            record = generator.tick(bar.start + tick, number, place, choice, point)
            frames.append(record.frame)
            point = record.after
    return score_of(frames, vocabulary, ruler, (Tempo(0, info.tempo),))
