"""What each control changes: how the values of the table become a choice, and the other way round."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

from musicrnn.config.controls import CONTROLS, ControlValue
from musicrnn.config.play import PlaySettings
from musicrnn.models.fence import Limits
from musicrnn.models.generator import Choice
from musicrnn.models.sampling import Chance, Span
from musicrnn.models.watchdog import Watchdog

SETTINGS = {"span": "exponent_span"}
OF_LIMITS = ("polyphony", "transpose", "scale", "root")
OF_CHOICE = ("mu", "sigma", "span", "chance", "seed", "density", "velocity", "memory")
OF_RANGES = ("low", "high")
OF_SILENCE = ("mute", "solo")
OF_TIME = ("tempo", "offset")


def choice_of(play: PlaySettings) -> Choice:
    """Return how tokens are chosen at the start of a session."""
    span, chance = cast(Span, play.exponent_span), cast(Chance, play.chance)
    limits = Limits(play.polyphony, play.transpose, play.scale, play.root)
    watchdog = Watchdog(
        play.watchdog_bars, play.watchdog_notes, play.watchdog_step, play.watchdog_return, play.watchdog_least
    )
    may_end = play.end != "go-on"
    return Choice(
        play.mu,
        play.sigma,
        span,
        play.seed,
        play.density,
        may_end,
        chance,
        limits,
        play.velocity,
        watchdog,
        play.memory,
    )


def changed(choice: Choice, name: str, value: ControlValue, part: str = "") -> Choice:
    """Return the choice with one control at another value, which the control has checked.

    ``name`` is one of those above that are of the choice, of its limits or of the ranges of parts.
    """
    values: dict[str, Any] = {name: value}
    if name in OF_LIMITS:
        return replace(choice, limits=replace(choice.limits, **values))
    if name in OF_RANGES:
        bounds = choice.limits.range_of(part)._replace(**values)
        return replace(choice, limits=choice.limits.with_range(bounds))
    return replace(choice, **values)


def values_of(choice: Choice) -> dict[str, ControlValue]:
    """Return the value of each control that is in a choice, parts' controls aside."""
    limits: dict[str, ControlValue] = {name: getattr(choice.limits, name) for name in OF_LIMITS}
    return {name: getattr(choice, name) for name in OF_CHOICE} | limits


def ordered(values: Mapping[str, ControlValue]) -> dict[str, ControlValue]:
    """Return values in the order of the table."""
    return {name: values[name] for name in CONTROLS if name in values}
