"""The models of one session: the one that it begins with, others that can play after it, and some that cannot."""

from __future__ import annotations

import random
from collections.abc import Sequence

from musicrnn.models.generator import Generator
from musicrnn.models.score import Part
from musicrnn.models.step import Logits, NetworkState, StepModel
from musicrnn.models.timing import Position
from musicrnn.models.vocabulary import Vocabulary
from musicrnn.testing import random_model
from tests.simulation.sketch import FlatModel, SketchGenerator
from tests.simulation.trouble import Trouble, TroubledModel

GRIDS = (1, 2, 2, 4)
FAILS, READS_NO_PRIME, ABSENT, BREAKS, TOO_FINE = "fails", "reads-no-prime", "absent", "breaks", "too-fine"
BAD = (FAILS, READS_NO_PRIME, ABSENT, BREAKS, TOO_FINE)
PARTS = (
    Part("soprano", 60, 72, channel=1, program=52, polyphony=2),
    Part("alto", 58, 64, channel=1, program=53, polyphony=1),
    Part("bass", 40, 52, channel=2, program=32, polyphony=1),
    Part("drums", 36, 42, channel=10, percussive=True, polyphony=3),
)
STRANGERS = (
    Part("flute", 65, 80, channel=2, program=73, polyphony=1),
    Part("bass", 45, 50, channel=4, program=33, polyphony=2),
    Part("soprano", 70, 72, channel=3, program=54, polyphony=1),
)


def vocabulary_of(rng: random.Random) -> Vocabulary:
    """Draw a language: two of its parts share a channel and some pitches."""
    articulation = rng.random() < 0.8
    bins = rng.choice((0, 4)) if articulation else 0
    return Vocabulary(rng.choice(GRIDS), PARTS[: rng.choice((3, 4, 4))], articulation, bins, max_polyphony=5)


def other_vocabulary_of(rng: random.Random) -> Vocabulary:
    """Draw a language of the same kind, or one with parts, channels and a grid of its own."""
    if rng.random() < 0.5:
        return vocabulary_of(rng)
    return Vocabulary(rng.choice((*GRIDS, 3, 6)), STRANGERS[rng.choice((0, 0, 1)) :], True, 0, max_polyphony=4)


class _CannotRead(FlatModel):
    """Fails at every step, and so cannot read a prime."""

    def step(self, token: int, position: Position, state: NetworkState) -> tuple[Logits, NetworkState]:
        """Fail."""
        del token, position, state
        raise RuntimeError("the model fails, as told")


class Family:
    """Every model that a session may have, by name.

    The models with ``networks`` make their ticks with small LSTMs, the others with sketches.
    """

    def __init__(self, rng: random.Random, metre: tuple[int, int], *, networks: bool) -> None:
        self.metre = metre
        self.networks = networks
        self.first = vocabulary_of(rng)
        self._others = {f"model-{number}": other_vocabulary_of(rng) for number in range(3)}
        self.good: Sequence[str] = tuple(self._others)

    @property
    def vocabularies(self) -> list[Vocabulary]:
        """The languages of all that may ever be heard."""
        return [self.first, *self._others.values()]

    def model(self, name: str) -> StepModel:
        """Return a model without trouble; that of an empty name is the first, and bad ones have its language."""
        if name in BAD:
            return FlatModel(self.first, self.metre)
        vocabulary = self._others[name] if name else self.first
        if self.networks:
            return random_model(vocabulary, 5 + len(name), scale=2.0, metre=self.metre, calm=3.0)
        return FlatModel(vocabulary, self.metre)

    def generator_of(self, model: StepModel) -> Generator:
        """Return what makes the ticks of a model for a replay, which costs no virtual time."""
        return SketchGenerator(model) if isinstance(model, FlatModel) else Generator(model)

    def troubled(self, name: str, trouble: Trouble) -> Generator:
        """Return what makes the ticks of a model in trouble."""
        if name == FAILS:
            return SketchGenerator(FlatModel(self.first, self.metre), lambda: "raise")
        if name == READS_NO_PRIME:
            return SketchGenerator(_CannotRead(self.first, self.metre))
        if name == TOO_FINE:
            return SketchGenerator(FlatModel(Vocabulary(7, PARTS[:1]), self.metre))
        model = self.model(name)
        if isinstance(model, FlatModel):
            return SketchGenerator(model, trouble.next)
        return Generator(TroubledModel(model, trouble))
