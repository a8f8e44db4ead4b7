"""The daemon as a program that strikes a note on every tick: ``python -m benchmarks.every_tick FLAG...``.

The notes are a script's, 24 ticks a beat, so that each note's place is known; the network of the bundled model is
stepped as often as it would be, and what it says is not used. With UNDECIDED=1 in the environment whether a tick is
struck depends on /musicrnn/density alone: always above 5, never below -5.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from benchmarks.timing_senders import CYCLE, TICKS_A_BEAT, pitch_of
from musicrnn.cli import guarded
from musicrnn.config.flags import COMMANDS, add_settings, settings_from
from musicrnn.daemon.run import play
from musicrnn.models.frames import Frame, Sounding
from musicrnn.models.metadata import ModelInfo
from musicrnn.models.onnx_step import load_model
from musicrnn.models.step import Logits, NetworkState, StepModel
from musicrnn.models.timing import Position
from musicrnn.models.tokens import encode
from musicrnn.models.vocabulary import SUSTAIN, TICK
from musicrnn.testing import ScriptedModel, small_vocabulary

MODEL = "chorales"


def script() -> list[Frame]:
    """Return an octave of ticks, each with a note of its own."""
    return [(Sounding(0, pitch_of(tick)),) for tick in range(CYCLE)]


class Costly:
    """A scripted model that takes as long as a network does."""

    def __init__(self, scripted: StepModel, network: StepModel) -> None:
        self._scripted = scripted
        self._network = network
        self._state = network.initial_state()

    @property
    def info(self) -> ModelInfo:
        """What the script says of itself."""
        return self._scripted.info

    def initial_state(self) -> NetworkState:
        """Return the script's."""
        return self._scripted.initial_state()

    def step(self, token: int, position: Position, state: NetworkState) -> tuple[Logits, NetworkState]:
        """Step both, and answer as the script does."""
        self._network.step(SUSTAIN, Position(0, 0, 4), self._state)
        return self._scripted.step(token, position, state)


class Undecided(ScriptedModel):
    """A model that finds one note and nothing equally likely at each tick."""

    def __init__(self) -> None:
        vocabulary = small_vocabulary(ticks_per_beat=TICKS_A_BEAT)
        super().__init__(vocabulary, script())
        (self._strike,) = set(encode([(Sounding(0, pitch_of(0)),)], vocabulary)[1:-1]) - {TICK}

    def step(self, token: int, position: Position, state: NetworkState) -> tuple[Logits, NetworkState]:
        """Return the logits of a choice between a strike and nothing, or of the end of the tick after a strike."""
        logits, state = super().step(token, position, state)
        logits[:] = -1000.0
        logits[TICK] = logits[SUSTAIN] = 0.0
        logits[self._strike] = 0.0
        return logits, state


def model() -> StepModel:
    """Return the model that the environment asks for."""
    if os.environ.get("UNDECIDED"):
        return Costly(Undecided(), load_model(MODEL))
    return Costly(ScriptedModel(small_vocabulary(ticks_per_beat=TICKS_A_BEAT), script()), load_model(MODEL))


def main(words: Sequence[str]) -> int:
    """Play until the end."""
    parser = argparse.ArgumentParser()
    add_settings(parser, COMMANDS["daemon"])
    settings = settings_from(parser.parse_args(words), "daemon")
    return guarded(lambda: play(settings, model()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
