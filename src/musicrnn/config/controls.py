"""What can be changed while it plays: each control declared once, with its range, unit and meaning.

From this table come the settings that they begin with ([play] and [midi]), the commands and their checks, the OSC
addresses, OSCQuery, the session log, the status and the reference page. To add a control, add one line here, and
say in `musicrnn.daemon.steering` what it changes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from musicrnn.config.declare import setting, spelling
from musicrnn.config.scales import OTHER_ROOTS, ROOTS, SCALES
from musicrnn.errors import ControlError

ControlValue = float | str


@dataclass(frozen=True, slots=True)
class Control:
    """One control: its range (both ends included), default, unit and meaning.

    A ``whole`` control takes whole numbers; one with ``choices`` takes one of them, in capitals or not, or its number
    in their order; ``names`` are all that they may be called (see `musicrnn.config.declare.spelling`); one ``per_part``
    has a value for each part. It acts at the next tick.
    """

    name: str
    low: float
    high: float
    default: ControlValue
    unit: str
    meaning: str
    whole: bool = False
    choices: tuple[str, ...] = ()
    per_part: bool = False
    names: Mapping[str, str] = field(default_factory=dict, compare=False)

    def check(self, value: object) -> ControlValue:
        """Return the value in the control's own type; ControlError unless it is one that the control takes."""
        if isinstance(value, str):
            return self._check_choice(value)
        if isinstance(value, bool) or not isinstance(value, int | float) or not is_finite(value):
            raise ControlError(f"{self.name} must be a finite number, got {repr(value)[:40]}")
        if not self.low <= value <= self.high:
            got = refused(value, lambda short: self.low <= short <= self.high)
            raise ControlError(f"{self.name} must be in {plain(self.low)}..{plain(self.high)}, got {got}")
        if (self.whole or self.choices) and value != int(value):
            got = refused(value, float.is_integer)
            raise ControlError(f"{self.name} must be a whole number, got {got}")
        if self.choices:
            return self.choices[int(value)]
        return int(value) if self.whole else float(value)

    def number(self, value: object) -> float:
        """Return a number checked as `check` does."""
        number = self.check(value)
        if isinstance(number, str):
            raise ControlError(f"{self.name} must be a number, got {number!r}")
        return number

    def held(self, value: float) -> float:
        """Return the number of the range that is nearest to a value."""
        return min(max(value, self.low), self.high)

    def _check_choice(self, value: str) -> str:
        if not self.choices:
            raise ControlError(f"{self.name} must be a finite number, got {value[:40]!r}")
        found = self.names.get(spelling(value))
        if found is None:
            raise ControlError(f"{self.name} must be one of {', '.join(self.choices)}, got {value[:40]!r}")
        return found


def is_finite(number: float) -> bool:
    """Tell whether a number is one that a float can be: a whole one may be too large."""
    try:
        return math.isfinite(number)
    except OverflowError:
        return False


def plain(number: float) -> str:
    """Return a number with all the digits of a whole one."""
    return str(int(number)) if number == int(number) and abs(number) < 1e15 else f"{number:g}"


def refused(number: float, holds: Callable[[float], bool]) -> str:
    """Return a number that breaks a rule in few digits, in all of them where the rule holds for those few."""
    short = plain(number) if is_finite(number) else repr(number)[:40]
    return repr(number) if holds(float(short)) else short


def _choice(name: str, choices: tuple[str, ...], meaning: str, *, others: Mapping[str, str] | None = None) -> Control:
    names = {spelling(choice): choice for choice in choices}
    names |= {spelling(other): choice for other, choice in (others or {}).items()}
    return Control(name, 0, len(choices) - 1, choices[0], "", meaning, choices=choices, names=names)


def _whole(name: str, low: int, high: int, default: int, unit: str, meaning: str, *, per_part: bool = False) -> Control:
    return Control(name, low, high, default, unit, meaning, whole=True, per_part=per_part)


CONTROLS = {
    control.name: control
    for control in (
        Control("mu", 0.0, 16.0, 1.0, "", "mean of the exponent A; 1 is the network's own belief, more is surer"),
        Control("sigma", 0.0, 16.0, 0.0, "", "spread of the exponent A; 0 keeps it at mu"),
        _choice("span", ("tick", "run", "bar", "token"), "how long one draw of the exponent A holds"),
        _choice(
            "chance",
            ("always", "attacks", "beats", "bars", "never"),
            "where tokens are drawn: always, only among attacks, only on beats or at the head of bars, or never; "
            "elsewhere the likeliest is taken",
        ),
        _whole("seed", 0, 2**31 - 1, 1, "", "random seed of what is made next"),
        Control("tempo", 20.0, 999.0, 120.0, "bpm", "quarter notes a minute"),
        Control("density", -10.0, 10.0, 0.0, "nats", "added to the logits of attacks: more or fewer notes"),
        Control(
            "memory", 0.0, 1.0, 0.0, "", "how far it comes back to what it played before: 0 not at all, 1 as music does"
        ),
        _whole("polyphony", 1, 128, 128, "notes", "the most notes that sound in a tick"),
        _whole("transpose", -48, 48, 0, "semitones", "how much higher all but the drums sound"),
        _choice("scale", tuple(SCALES), "scale that all but the drums keep to, as they sound"),
        _choice("root", ROOTS, "root of the scale", others=OTHER_ROOTS),
        Control("velocity", 0.0, 4.0, 1.0, "", "factor of each note's velocity"),
        Control(
            "offset",
            -250.0,
            250.0,
            0.0,
            "ms",
            "how much later than on the beat all that is played leaves; below 0 it leaves earlier",
        ),
        _whole("mute", 0, 1, 0, "", "1 silences the part; the model goes on playing it unheard", per_part=True),
        _whole("solo", 0, 1, 0, "", "1 silences the parts that are not soloed", per_part=True),
        _whole("low", 0, 127, 0, "", "lowest MIDI pitch at which the part sounds", per_part=True),
        _whole("high", 0, 127, 127, "", "highest MIDI pitch at which the part sounds", per_part=True),
    )
}


def live(name: str, **changed: Any) -> Any:
    """Declare the setting that a control begins with; ``changed`` is what differs from the control's own."""
    control = CONTROLS[name]
    default = control.default if control.choices or control.whole else float(control.default)
    facts: dict[str, Any] = {"default": default, "help": sentence(control.meaning), "unit": control.unit}
    facts |= (
        {"choices": control.choices, "names": control.names}
        if control.choices
        else {"low": control.low, "high": control.high}
    )
    facts |= changed
    return setting(facts.pop("default"), **facts)


def sentence(meaning: str) -> str:
    """Return a control's meaning as a sentence."""
    return f"{meaning[0].upper()}{meaning[1:]}."
