"""One simulated session from one seed: drawn, played, judged, and replayed from its log."""

from __future__ import annotations

import random
from dataclasses import dataclass

from musicrnn.config.play import PlaySettings
from musicrnn.control import Command, Start
from musicrnn.daemon.replay import Replay
from musicrnn.daemon.session import parse_session
from musicrnn.daemon.signals import EndedBySignal
from musicrnn.models.generator import Generator
from musicrnn.models.sampling import Span
from musicrnn.models.score import Part
from musicrnn.models.step import StepModel
from musicrnn.models.vocabulary import Vocabulary
from musicrnn.testing import random_model
from tests.simulation import happenings
from tests.simulation.port_judge import AsTold, Violation
from tests.simulation.sketch import FlatModel, SketchGenerator
from tests.simulation.stage import Stage
from tests.simulation.trouble import Trouble, TroubledModel
from tests.simulation.world import World

NETWORK_SHARE = 0.05
REPLAY_SHARE = 0.5
SPANS: tuple[Span, ...] = ("tick", "run", "bar", "token")
METRES = ((4, 4), (3, 4), (6, 8), (2, 4))
MEAN_MINUTES = 20.0
PATIENCE_SECONDS = 600.0  # for an end that waits for something, such as a note's


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a session was: simulated seconds without jumps, ticks and notes played, things seen, and their digest."""

    seed: int
    seconds: float
    ticks: int
    notes: int
    seen: int
    digest: str
    replayed: bool


def vocabulary_of(rng: random.Random) -> Vocabulary:
    """Draw a language: two of its parts share a channel and some pitches."""
    parts = (
        Part("soprano", 60, 72, channel=1, program=52, polyphony=2),
        Part("alto", 58, 64, channel=1, program=53, polyphony=1),
        Part("bass", 40, 52, channel=2, program=32, polyphony=1),
        Part("drums", 36, 42, channel=10, percussive=True, polyphony=3),
    )
    articulation = rng.random() < 0.8
    bins = rng.choice((0, 4)) if articulation else 0
    return Vocabulary(rng.choice((1, 2, 2, 4)), parts[: rng.choice((3, 4, 4))], articulation, bins, max_polyphony=5)


def play_settings(rng: random.Random) -> PlaySettings:
    """Draw the settings."""
    return PlaySettings(
        seed=rng.randint(1, 2**31 - 1),
        tempo=happenings.random_tempo(rng),
        mu=rng.choice((1.0, 0.0, 2.5)),
        sigma=rng.choice((0.0, 0.0, 0.7)),
        exponent_span=rng.choice(SPANS),
        chance=rng.choice(("always", "always", "attacks", "beats", "bars")),
        density=rng.choice((0.0, 2.0, -3.0)),
        lookahead=rng.choice((1, 2, 2, 3, 8, 96)),
        end=rng.choice(("restart", "stop", "go-on")),
        bars=rng.choice((0, 0, 0, 0, 0, rng.randint(1, 300))),
    )


class SimulatedSession:
    """Everything of one session, drawn from its seed."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.world = World(seed)
        rng = self.world.random("session")
        self._vocabulary, self._metre = vocabulary_of(rng), rng.choice(METRES)
        self._has_network = rng.random() < NETWORK_SHARE
        self._is_replayed = rng.random() < REPLAY_SHARE
        play = play_settings(rng)
        trouble = Trouble(self.world, 0.0003 if self._has_network else 0.0015)
        prime = rng.choice(("", "", "C4 . -3 E4 bass:C3 . -11"))
        generator = self._generator(trouble)
        self.stage = Stage(self.world, self._vocabulary, self._metre, trouble, generator, play, prime)
        self._first: list[Command] = [Start()] if rng.random() < 0.9 else []
        happenings.begin(self.stage, rng.choice((0.1, 1.0, 1.0, 3.0)))
        is_short = self._has_network or rng.random() < 0.3
        minutes = min(rng.expovariate(1.0 / MEAN_MINUTES), 20 * MEAN_MINUTES) / (10 if is_short else 1)
        ending = rng.choice(happenings.ENDS)
        self.world.after(60.0 * minutes, lambda: ending(self.stage, rng))
        self.world.after(60.0 * minutes + PATIENCE_SECONDS, self.stage.runtime.leave)

    def _generator(self, trouble: Trouble | None) -> Generator:
        """Return what makes the ticks; without trouble for a replay, which costs no virtual time."""
        if self._has_network:
            model: StepModel = random_model(self._vocabulary, 5, scale=2.0, metre=self._metre, calm=3.0)
            return Generator(TroubledModel(model, trouble) if trouble is not None else model)
        flat = FlatModel(self._vocabulary, self._metre)
        return SketchGenerator(flat, trouble.next) if trouble is not None else SketchGenerator(flat)

    def run(self) -> Outcome:
        """Play it; Violation (or whatever else should not happen) where a rule is broken."""
        faulted = False
        try:
            self.stage.run(self._first)
        except EndedBySignal:
            self.stage.judge_end()
        except AsTold:
            faulted = True
            self.stage.judge_end()
        is_replayed = self._is_replayed and not faulted
        if is_replayed:
            self.judge_replay()
        engine, world = self.stage.engine, self.world
        return Outcome(
            self.seed, world.awake_seconds, engine.tick, self.stage.judge.ons, world.seen, world.digest, is_replayed
        )

    def judge_replay(self) -> None:
        """Judge that the log makes the recording again."""
        engine = self.stage.engine
        session = parse_session(self.stage.log.truth, "log")
        if not session.complete:
            raise Violation("the log must have its end")
        if Replay(session, self._generator(None)).run() != engine.recording.score(engine.tick):
            raise Violation("the log must make the same recording again")
