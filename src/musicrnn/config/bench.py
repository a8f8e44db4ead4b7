"""Settings of `musicrnn bench`."""

from __future__ import annotations

from dataclasses import dataclass

from musicrnn.config.declare import Section, setting


@dataclass(frozen=True, slots=True)
class BenchSettings(Section):
    """What `musicrnn bench` measures; the MIDI system and the tempo are set as for the daemon."""

    model: str = setting(
        "", path=True, positional=True, help="Name of a model, or the path of one; none is that of play.model."
    )
    seconds: float = setting(10.0, low=1, high=3600, unit="s", help="How long the model is played to measure it.")
    sizes: bool = setting(True, help="Find the largest model whose ticks this machine makes in time.")
