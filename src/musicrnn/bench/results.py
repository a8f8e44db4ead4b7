"""All that is measured, one thing after the other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from musicrnn.bench.figures import Spread
from musicrnn.bench.machine import Machine, free_memory
from musicrnn.bench.playing import Played, measure_playing
from musicrnn.bench.sizes import Sized, measure_sizes
from musicrnn.bench.steps import hot_steps, paced_steps
from musicrnn.config.settings import Settings
from musicrnn.daemon.priority import punctual
from musicrnn.models.metadata import ModelInfo
from musicrnn.models.step import StepModel


@dataclass(frozen=True, slots=True)
class Results:
    """What was measured; ``tick_seconds`` is the length of a tick at the tempo."""

    machine: Machine
    model: ModelInfo
    tempo: float
    tick_seconds: float
    hot: Spread
    paced: Spread
    played: Played
    sizes: list[Sized]


def measure(settings: Settings, model: StepModel, here: Machine, say: Callable[[str], None]) -> Results:
    """Measure; ``say`` is told what comes next. Raises PortError as `measure_playing`."""
    tempo = settings.play.tempo or model.info.tempo
    tick_seconds = 60.0 / (tempo * model.info.vocabulary.ticks_per_beat)
    say(f"playing {model.info.name} for {settings.bench.seconds:g} s")
    played = measure_playing(model, settings)
    say("taking steps")
    with punctual():
        hot = hot_steps(model)
        paced = paced_steps(model, settings.bench.seconds / 2)
    sizes: list[Sized] = []
    if settings.bench.sizes:
        sizes += measure_sizes(model.info.vocabulary, tick_seconds, say, free_memory())
    return Results(here, model.info, tempo, tick_seconds, hot, paced, played, sizes)
