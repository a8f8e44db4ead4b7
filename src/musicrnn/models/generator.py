"""Generate one tick of music at a time, from any point and as often as wanted.

A tick is a function of the snapshot before it, the controls and the seed, so the future can be cut and made again, a
bar rolled again, and a session replayed. (The memory that a generator keeps is brought to the snapshot's past first.)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from musicrnn.models import sampling
from musicrnn.models.fence import FREE, Fence, Limits
from musicrnn.models.frames import Frame
from musicrnn.models.grammar import Grammar, Phase, State
from musicrnn.models.past import NOTHING, Past
from musicrnn.models.recall import Recall
from musicrnn.models.step import NetworkState, StepModel
from musicrnn.models.timing import Position
from musicrnn.models.tokens import decode, encode, sustained
from musicrnn.models.trust import DEFAULT, recalled
from musicrnn.models.vocabulary import END, START, SUSTAIN, TICK, Kind
from musicrnn.models.watchdog import Watchdog

SLEEPS = Watchdog()


class Snapshot(NamedTuple):
    """A point between two ticks: last token (not yet read by the network), both states, last frame, and the past."""

    token: int
    grammar: State
    network: NetworkState
    frame: Frame = ()
    past: Past = NOTHING


@dataclass(frozen=True, slots=True)
class Choice:
    """How tokens are chosen.

    A ~ Normal(mu, sigma) is drawn once a ``span``; ``density`` is added to the logits of attacks;
    ``may_end`` allows the model to end the piece. ``chance`` is where tokens are drawn at all: in every tick, only in
    those on a beat or at the head of a bar, only among the attacks where the likeliest token is one, or never;
    elsewhere the likeliest is taken. ``limits`` is what may sound at all; ``velocity`` is a factor of the velocities
    that are sent; ``watchdog`` eases A where too little sounds. ``memory``, 0 to 1, is how far it is believed that what
    followed before in the piece follows again.
    """

    mu: float = 1.0
    sigma: float = 0.0
    span: sampling.Span = "tick"
    seed: int = 0
    density: float = 0.0
    may_end: bool = False
    chance: sampling.Chance = "always"
    limits: Limits = FREE
    velocity: float = 1.0
    watchdog: Watchdog = SLEEPS
    memory: float = 0.0

    def eased(self, ease: float) -> Choice:
        """Return the choice with so great a share of A taken away, 0 to 1, and every token drawn if that is any."""
        if ease <= 0.0:
            return self
        rest = 1.0 - ease
        mu = max(rest * self.mu, min(self.mu, self.watchdog.least))
        return replace(self, mu=mu, sigma=rest * self.sigma, chance="always")

    def draws_at(self, position: Position) -> bool:
        """Tell whether every token of a tick at this position is drawn."""
        on_beat = position.tick == 0
        return {"always": True, "beats": on_beat, "bars": on_beat and position.beat == 0}.get(self.chance, False)


@dataclass(frozen=True, slots=True)
class TickRecord:
    """One tick as it was made: what sounds, the tokens, the exponent of each, and the point after it.

    ``beliefs`` has the log probabilities from which each token was drawn, before the exponent, float64[V] each.
    """

    tick: int
    position: Position
    frame: Frame
    tokens: tuple[int, ...]
    exponents: tuple[float, ...]
    after: Snapshot
    ended: bool = False
    beliefs: tuple[sampling.Floats, ...] = field(default=(), compare=False, repr=False)


class Generator:
    """Makes ticks with one model."""

    def __init__(self, model: StepModel) -> None:
        self.model = model
        self.vocabulary = model.info.vocabulary
        self.grammar = Grammar(self.vocabulary)
        self._is_attack = self.vocabulary.is_kind(Kind.ATTACK)
        self._attacks = self._is_attack.astype(np.float32)
        self._fence = Fence(self.vocabulary, FREE)
        self._recall = Recall(self.vocabulary)

    def fence(self, limits: Limits) -> Fence:
        """Return the limits as they are for this model's vocabulary."""
        if self._fence.limits != limits:
            self._fence = Fence(self.vocabulary, limits)
        return self._fence

    def begin(self) -> Snapshot:
        """Return the point before the first tick of a piece."""
        return Snapshot(START, self.grammar.advance(self.grammar.start, START), self.model.initial_state())

    def prime(self, frames: Sequence[Frame], positions: Sequence[Position]) -> Snapshot:
        """Return the point after the given frames; ``positions`` has one more for each tick.

        Raises GrammarError or ValueError where the frames are not of the model's language.
        """
        point = self.begin()
        token, state, network = point.token, point.grammar, point.network
        tick, past, read = 0, NOTHING, list[int]()
        for following in encode(frames, self.vocabulary)[1:-1]:
            _, network = self.model.step(token, positions[tick], network)
            state = self.grammar.advance(state, following)
            token = following
            read.append(token)
            if following in (TICK, SUSTAIN):
                tick, past, read = tick + 1, past.then(tuple(read)), []
        return Snapshot(token, state, network, frames[-1] if frames else (), past)

    def recall(self, past: Past) -> None:
        """Bring the memory to a past, ahead of the tick that goes on from it."""
        self._recall.at(past)

    def tick(self, tick: int, bar: int, position: Position, choice: Choice, before: Snapshot) -> TickRecord:
        """Make tick number ``tick``, which stands in bar number ``bar``.

        Costs at most 2 x max_polyphony + 1 network steps. Raises FloatingPointError where the network
        answers with numbers that are not finite; ``before`` is still good then.
        """
        rng = sampling.generator_at(choice.seed, sampling.TOKEN_STREAM, tick)
        exponent = self._exponent(choice, tick, bar)
        token, state, network, frame, past = before
        memory = self._recall.at(past)
        tokens: list[int] = []
        exponents: list[float] = []
        beliefs: list[sampling.Floats] = []
        while not tokens or token not in (TICK, SUSTAIN, END):
            if choice.span == "token":
                exponent = sampling.draw_exponent(rng, choice.mu, choice.sigma)
            logits, network = self.model.step(token, position, network)
            log_p = recalled(self._believed(logits, state, choice), memory.guess(), DEFAULT, choice.memory)
            beliefs.append(log_p)
            if not choice.draws_at(position):
                log_p = sampling.surest(log_p, self._is_attack if choice.chance == "attacks" else None)
            token = sampling.choose(sampling.powered(log_p, exponent), rng)
            state = self.grammar.advance(state, token)
            memory.read(token)
            tokens.append(token)
            exponents.append(exponent)
        drawn = tuple(tokens), tuple(exponents)
        if token == END:
            return TickRecord(tick, position, (), *drawn, self.begin(), ended=True, beliefs=tuple(beliefs))
        frame = sustained(frame, self.vocabulary) if token == SUSTAIN else decode(tokens, self.vocabulary)[0]
        after = Snapshot(token, state, network, frame, past.then(drawn[0]))
        return TickRecord(tick, position, frame, *drawn, after, beliefs=tuple(beliefs))

    def _exponent(self, choice: Choice, tick: int, bar: int) -> float:
        place = {"tick": tick, "bar": bar}.get(choice.span, 0)
        rng = sampling.generator_at(choice.seed, sampling.EXPONENT_STREAM, place)
        return sampling.draw_exponent(rng, choice.mu, choice.sigma)

    def _believed(self, logits: NDArray[np.float32], state: State, choice: Choice) -> sampling.Floats:
        """Return the log probabilities of what is legal, with the density that is asked for."""
        legal = self.grammar.legal(state)
        if not choice.may_end and state.phase == Phase.OPEN:
            legal[END] = False
        legal = self.fence(choice.limits).narrow(legal, state)
        if choice.density:
            logits = logits + choice.density * self._attacks
        return sampling.log_probabilities(logits, legal)
