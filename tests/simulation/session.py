"""One simulated session from one seed: drawn, played, judged, and replayed from its log."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import Any
from unittest.mock import patch

from musicrnn.config.play import PlaySettings
from musicrnn.control import Command, Start
from musicrnn.daemon import osc
from musicrnn.daemon.replay import Replay
from musicrnn.daemon.session import parse_session
from musicrnn.daemon.signals import EndedBySignal
from musicrnn.models.sampling import Span
from tests.simulation import happenings
from tests.simulation.family import Family
from tests.simulation.stage import Edge, Stage
from tests.simulation.trouble import Trouble
from tests.simulation.violation import AsTold, Violation
from tests.simulation.world import World

NETWORK_SHARE = 0.05
FOLLOWING_SHARE = 0.35
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
        quantise=rng.choice(("none", "none", "beat", "bar")),
        lost_clock=rng.choice(("go-on", "stop")),
        bars=rng.choice((0, 0, 0, 0, 0, rng.randint(1, 300))),
    )


def watchdog_settings(rng: random.Random) -> dict[str, Any]:
    """Draw those of the silence watchdog: what it has by default, none, or another."""
    if rng.random() < 0.4:
        return {}
    return {
        "watchdog_bars": rng.choice((0, 1, 2)),
        "watchdog_notes": rng.choice((1, 2, 3)),
        "watchdog_step": rng.choice((0.02, 0.5)),
        "watchdog_return": rng.choice((0.3, 1.0)),
        "watchdog_least": rng.choice((0.0, 0.25, 2.0)),
    }


def edge_of(rng: random.Random) -> Edge:
    """Draw what the port is and whose clock is followed."""
    return Edge(
        follows=rng.random() < FOLLOWING_SHARE,
        clock_out=rng.random() < 0.4,
        is_player=rng.random() < 0.5,
        latency=rng.choice((0.0, 0.005, 0.04)),
        offset=rng.choice((0.0, 0.0, 0.02, -0.003)),
    )


class SimulatedSession:
    """Everything of one session, drawn from its seed."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.world = World(seed)
        rng = self.world.random("session")
        has_network = rng.random() < NETWORK_SHARE
        self._family = Family(rng, rng.choice(METRES), networks=has_network)
        self._is_replayed = rng.random() < REPLAY_SHARE
        play = replace(play_settings(rng), **watchdog_settings(self.world.random("watchdog")))
        trouble = Trouble(self.world, 0.0003 if has_network else 0.0015)
        prime = rng.choice(("", "", "C4 . -3 E4 bass:C3 . -11"))
        edge = edge_of(self.world.random("edge"))
        self.stage = Stage(self.world, self._family, trouble, play, prime, edge)
        self._first: list[Command] = [Start()] if rng.random() < 0.9 else []
        happenings.begin(self.stage, rng.choice((0.1, 1.0, 1.0, 3.0)))
        is_short = has_network or edge.follows or rng.random() < 0.3
        minutes = min(rng.expovariate(1.0 / MEAN_MINUTES), 20 * MEAN_MINUTES) / (10 if is_short else 1)
        ending = rng.choice(happenings.ENDS)
        self.world.after(60.0 * minutes, lambda: ending(self.stage, rng))
        self.world.after(60.0 * minutes + PATIENCE_SECONDS, self.stage.runtime.leave)

    def run(self) -> Outcome:
        """Play it; Violation (or whatever else should not happen) where a rule is broken."""
        fresh = self.world.random("fresh seed")
        with patch.object(osc, "fresh_seed", lambda: fresh.randint(1, 2**31 - 1)):  # which the system draws otherwise
            return self._run()

    def _run(self) -> Outcome:
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
        family = self._family
        first = family.generator_of(family.model(""))
        again = Replay(session, first, find=lambda name, _: family.model(name), generator_of=family.generator_of)
        if again.run() != engine.recording.score(engine.tick):
            raise Violation("the log must make the same recording again")
