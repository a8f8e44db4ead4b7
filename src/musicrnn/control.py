"""What a player can ask for while it plays, and what the engine answers.

Every control surface (OSC, MIDI, terminal, command line) speaks these commands and reads this status.
"""

from __future__ import annotations

import math
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from musicrnn.config.controls import CONTROLS, Control, ControlValue
from musicrnn.errors import ControlError

__all__ = ["CONTROLS", "Control", "ControlValue"]  # and all that is defined here; for those who import from here

MODEL_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
RAMP_BEATS = Control("beats", 0.0, 4096.0, 16.0, "beats", "length of a ramp of the tempo")


KEPT_BARS = Control("bars", 1, 64, 8, "bars", "how many of the last bars are kept", whole=True)


@dataclass(frozen=True, slots=True)
class Set:
    """Give a control a value; acts at the next tick. ``part`` is the name of the part for a control of parts."""

    name: str
    value: ControlValue
    part: str = ""

    def __post_init__(self) -> None:
        control = CONTROLS.get(self.name)
        if control is None:
            raise ControlError(f"a control must be one of {', '.join(CONTROLS)}, got {self.name!r}")
        if control.per_part != bool(self.part):
            needed = "must have a part" if control.per_part else "must have no part"
            raise ControlError(f"{self.name} {needed}, got {self.part[:64]!r}")
        object.__setattr__(self, "value", control.check(self.value))


@dataclass(frozen=True, slots=True)
class Start:
    """Play from the beginning: from the prime, at the head of a bar."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Stop and release every note; the place is kept.

    It waits for the beat or bar that ``play.quantise`` asks for, unless ``at_once``, or asked a second time: ``again``
    tells that this one stands for two that came together.
    """

    at_once: bool = False
    again: bool = False


@dataclass(frozen=True, slots=True)
class Continue:
    """Go on from where it stopped."""


@dataclass(frozen=True, slots=True)
class Ramp:
    """Let the tempo go evenly to ``tempo``, in quarter notes a minute, over so many beats."""

    tempo: float
    beats: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "tempo", CONTROLS["tempo"].number(self.tempo))
        object.__setattr__(self, "beats", RAMP_BEATS.number(self.beats))


@dataclass(frozen=True, slots=True)
class Tap:
    """A beat was tapped; from the second one on, taps set the tempo.

    ``moment`` is when, in seconds of the engine's clock; None where it is obeyed as it is tapped.
    """

    moment: float | None = None


@dataclass(frozen=True, slots=True)
class Reset:
    """Forget what was played: from the next bar on the model starts anew from the prime."""


@dataclass(frozen=True, slots=True)
class Prime:
    """Start the model from these notes (score text, or the old 89 characters) from the next bar on."""

    text: str

    def __post_init__(self) -> None:
        if len(self.text) > 8192:
            raise ControlError(f"a prime must have at most 8192 characters, got {len(self.text)}")


@dataclass(frozen=True, slots=True)
class Model:
    """Let another model, known by name, play from the next bar on; a path is no name."""

    name: str

    def __post_init__(self) -> None:
        if not MODEL_NAME.fullmatch(self.name):
            raise ControlError(
                f"a model's name must be 1 to 64 letters, digits, '-' and '_', and no path, got {self.name[:80]!r}"
            )


@dataclass(frozen=True, slots=True)
class Keep:
    """Write the last bars as a MIDI file into the folder of recordings."""

    bars: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "bars", int(KEPT_BARS.number(self.bars)))


@dataclass(frozen=True, slots=True)
class Record:
    """Begin a take (True), end it and write it as a MIDI file (False), or the other of the two (None)."""

    on: bool | None = None


def _end(control: Control, given: ControlValue, absent: float, default: float) -> float:
    """Return an end of a hand's range, checked; the control's own where none is given."""
    if given == absent:
        return float(default)
    control.check(given)
    if isinstance(given, str):
        raise ControlError(f"{control.name} must be given by its number, got {given[:40]!r}")
    return float(given)


@dataclass(frozen=True, slots=True)
class Learn:
    """Let the MIDI controller, wheel or key that is moved next move a control, from ``low`` to ``high``.

    Both are in the control's range, and are its ends where they are not given; choices count from 0. Where they are
    the same, it is a pad that gives the control that value. A button (`BUTTONS`) has no part and only its own ends.
    """

    name: str
    part: str = ""
    low: float = -math.inf
    high: float = math.inf

    def __post_init__(self) -> None:
        known = _PRESSED if self.name in BUTTONS else CONTROLS.get(self.name)
        if known is None:
            words = f"what is learnt must be one of {', '.join((*CONTROLS, *BUTTONS))}"
            raise ControlError(f"{words}, got {self.name[:64]!r}")
        if known is _PRESSED:
            self._check_button()
        else:
            Set(self.name, known.default, self.part)
        object.__setattr__(self, "low", _end(known, self.low, -math.inf, known.low))
        object.__setattr__(self, "high", _end(known, self.high, math.inf, known.high))

    def _check_button(self) -> None:
        if self.part:
            raise ControlError(f"{self.name} must have no part, got {self.part[:64]!r}")
        if self.low not in (-math.inf, 0.0) or self.high not in (math.inf, 1.0):
            ends = f"{repr(self.low)[:40]} to {repr(self.high)[:40]}"
            raise ControlError(f"{self.name} is pressed and must have no ends, got {ends}")


@dataclass(frozen=True, slots=True)
class Forget:
    """Let no MIDI controller move a control, or press a button, any more."""

    name: str
    part: str = ""

    def __post_init__(self) -> None:
        Learn(self.name, self.part)


@dataclass(frozen=True, slots=True)
class Panic:
    """Silence everything at once, by every means; playing goes on with the next attack."""


@dataclass(frozen=True, slots=True)
class Quit:
    """Release every note and end the program."""


def fresh_seed() -> int:
    """Return a seed that the system draws: any but 0, which as a setting asks for one."""
    return secrets.randbelow(int(CONTROLS["seed"].high)) + 1


_PRESSED = Control("button", 0, 1, 0, "", "pressed or not", whole=True)
BUTTONS: Mapping[str, Callable[[], Command]] = {
    "start": Start,
    "stop": Stop,
    "continue": Continue,
    "panic": Panic,
    "tap": Tap,
    "reseed": lambda: Set("seed", fresh_seed()),
    "reset": Reset,
    "record": Record,
    "keep": lambda: Keep(int(KEPT_BARS.number(KEPT_BARS.default))),
}
"""What is pressed rather than moved, and the command of each press."""

Command = (
    Set | Ramp | Tap | Start | Stop | Continue | Reset | Prime | Model | Keep | Record | Learn | Forget | Panic | Quit
)


def _defaults() -> dict[str, ControlValue]:
    return {name: control.default for name, control in CONTROLS.items() if not control.per_part}


@dataclass(frozen=True, slots=True)
class Status:
    """What the engine is doing, at one moment.

    ``controls`` has the value of each control of the whole, ``part_controls`` for each control of parts the value of
    each part; ``taking`` tells whether a take is on; ``kept_lately`` are the files that `Keep` and takes wrote
    last, the newest last; ``said`` counts what ``message`` has said, so that what is said again can be told from what
    stands.
    """

    playing: bool = False
    tick: int = 0
    bar: int = 0
    beat: int = 0
    tempo: float = 120.0
    clock: str = "internal"
    controls: Mapping[str, ControlValue] = field(default_factory=_defaults)
    part_controls: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    exponent: float = 1.0
    model: str = ""
    loading: str = ""
    parts: tuple[str, ...] = ()
    sounding: tuple[tuple[str, int], ...] = ()
    late_ticks: int = 0
    skipped_ticks: int = 0
    failures: int = 0
    port: str = ""
    late_messages: int = 0
    dropped_messages: int = 0
    recording: str = ""
    taking: bool = False
    kept_lately: tuple[str, ...] = ()
    message: str = ""
    said: int = 0

    @property
    def kept(self) -> str:
        """The file that `Keep` or a take wrote last, empty before the first."""
        return self.kept_lately[-1] if self.kept_lately else ""

    @property
    def muted(self) -> frozenset[str]:
        """Names of the parts that are muted."""
        return self.parts_with("mute")

    def parts_with(self, control: str) -> frozenset[str]:
        """Return the names of the parts for which a control is not 0."""
        return frozenset(part for part, value in self.part_controls.get(control, {}).items() if value)
