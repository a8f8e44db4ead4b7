"""Music without a network, so that hours are cheap: anything the language can say, from a few random numbers."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import numpy as np

from musicrnn.models.frames import Frame, Sounding, canonical
from musicrnn.models.generator import Choice, Generator, Snapshot, TickRecord
from musicrnn.models.metadata import ModelInfo
from musicrnn.models.sampling import MAX_EXPONENT
from musicrnn.models.step import Logits, NetworkState
from musicrnn.models.timing import Position
from musicrnn.models.tokens import sustained
from musicrnn.models.vocabulary import TICK, Vocabulary

STATE_SHAPE = (1, 2, 1, 2)
SECTION_TICKS = 400


class FlatModel:
    """A network that believes nothing: all logits are 0. Primes are read with it."""

    def __init__(self, vocabulary: Vocabulary, metre: tuple[int, int]) -> None:
        self.info = ModelInfo("sketch", vocabulary, layers=1, units=2, metre=metre, tempo=60.0)
        self._logits = np.zeros(vocabulary.size, np.float32)

    def initial_state(self) -> NetworkState:
        """Return zeros."""
        return np.zeros(STATE_SHAPE, np.float32)

    def step(self, token: int, position: Position, state: NetworkState) -> tuple[Logits, NetworkState]:
        """Return flat logits."""
        del token, position
        return self._logits.copy(), state.copy()


class SketchGenerator(Generator):
    """Makes frames that depend on the tick, the seed, every control and the frame before, as a network's would.

    ``trouble`` is asked before each tick for how it is to fail: "" not at all, "raise", "logits" or "state".
    """

    def __init__(self, model: FlatModel, trouble: Callable[[], str] = str) -> None:
        super().__init__(model)
        self._trouble = trouble

    def tick(self, tick: int, bar: int, position: Position, choice: Choice, before: Snapshot) -> TickRecord:
        """Make one tick."""
        del bar
        failure = self._trouble()
        if failure == "raise":
            raise RuntimeError("the model fails, as told")
        if failure == "logits":
            raise FloatingPointError("the legal logits must be finite, as told")
        rng = random.Random(
            hash((tick, choice.seed, choice.mu, choice.sigma, choice.density, choice.memory, before.frame))
        )
        exponents = (min(max(choice.mu + choice.sigma * rng.uniform(-2.0, 2.0), 0.0), MAX_EXPONENT),)
        if choice.may_end and rng.random() < 0.001:
            return TickRecord(tick, position, (), (), exponents, self.begin(), ended=True)
        frame = self._frame(tick, choice, before.frame, rng)
        network = before.network
        if failure == "state":
            network = np.full(STATE_SHAPE, np.inf, np.float32)
        return TickRecord(tick, position, frame, (), exponents, Snapshot(TICK, before.grammar, network, frame))

    def _frame(self, tick: int, choice: Choice, before: Frame, rng: random.Random) -> Frame:
        """Return what sounds: every seventh section whatever sounds is held to its end."""
        is_held = (tick // SECTION_TICKS + choice.seed) % 7 == 3 and tick % SECTION_TICKS > 3
        if is_held or rng.random() < 0.5:
            return sustained(before, self.vocabulary)
        busy = 0.4 + 0.03 * choice.density
        notes: list[Sounding] = []
        for part in range(len(self.vocabulary.parts)):
            room = self.vocabulary.max_polyphony - len(notes)
            notes += list(self._part(part, before, busy, rng))[:room]
        return canonical(notes)

    def _part(self, number: int, before: Frame, busy: float, rng: random.Random) -> Iterator[Sounding]:
        """Yield what a part plays: some of what it held, and new notes while there is room."""
        part = self.vocabulary.parts[number]
        articulation = self.vocabulary.articulation
        taken: set[int] = set()
        for note in before:
            if note.part == number and not part.percussive and rng.random() < 0.7:
                taken.add(note.pitch)
                again = rng.random() < 0.1
                yield (
                    self._attack(number, note.pitch, rng)
                    if again or not articulation
                    else note._replace(attack=False, bin=-1)
                )
        while len(taken) < part.polyphony and rng.random() < busy:
            pitch = rng.randint(part.low, part.high)
            if pitch not in taken:
                taken.add(pitch)
                yield self._attack(number, pitch, rng)

    def _attack(self, part: int, pitch: int, rng: random.Random) -> Sounding:
        bins = self.vocabulary.velocity_bins
        return Sounding(part, pitch, True, rng.randrange(bins) if bins else -1)
