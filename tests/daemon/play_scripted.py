"""The daemon as a program, playing a script instead of a model: ``python -m tests.daemon.play_scripted FLAG...``.

Two long notes and a drum, so that something sounds at any moment. With FAIL=engine in the environment the engine
breaks after some ticks, as a fault in the program would.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from musicrnn.cli import guarded
from musicrnn.config.flags import COMMANDS, add_settings, settings_from
from musicrnn.daemon.engine import Engine
from musicrnn.daemon.protocols import TimedMessage
from musicrnn.daemon.run import play
from musicrnn.models.frames import Frame, Sounding
from musicrnn.testing import ScriptedModel, small_vocabulary

BREAKS_AT = 12


def script() -> list[Frame]:
    """Return a bar of two long notes, each with a drum at its beginning."""
    frames: list[Frame] = []
    for pitch in (60, 67):
        held = (Sounding(0, pitch, False), Sounding(1, pitch - 20, False))
        frames += [(Sounding(0, pitch), Sounding(1, pitch - 20), Sounding(2, 36)), *[held] * 7]
    return frames


class BrokenEngine(Engine):
    """An engine with a fault."""

    def release(self, now: float) -> list[TimedMessage]:
        """Play some ticks, then break."""
        if self.tick >= BREAKS_AT:
            raise RuntimeError("a fault in the engine")
        return super().release(now)


def main(words: Sequence[str]) -> int:
    """Play until the end."""
    parser = argparse.ArgumentParser()
    add_settings(parser, COMMANDS["daemon"])
    settings = settings_from(parser.parse_args(words), "daemon")
    kind = BrokenEngine if os.environ.get("FAIL") == "engine" else Engine
    return guarded(lambda: play(settings, ScriptedModel(small_vocabulary(), script()), engine=kind))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
