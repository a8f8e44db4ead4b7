"""What a player can ask for while it plays, and what the engine answers.

Every control surface (OSC, MIDI, terminal, command line) speaks these commands and reads this status.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field

from musicrnn.errors import ControlError

MODEL_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class Control:
    """One continuous control: its range (both ends included), default, unit and meaning."""

    name: str
    low: float
    high: float
    default: float
    unit: str
    meaning: str
    whole: bool = False

    def check(self, value: float) -> float:
        """Return the value; ControlError unless it is a finite number in range."""
        number: object = value
        if isinstance(number, bool) or not isinstance(number, int | float) or not math.isfinite(number):
            raise ControlError(f"{self.name} must be a finite number, got {value!r}")
        if not self.low <= value <= self.high:
            raise ControlError(f"{self.name} must be in {_plain(self.low)}..{_plain(self.high)}, got {_plain(value)}")
        if self.whole and value != int(value):
            raise ControlError(f"{self.name} must be a whole number, got {value:g}")
        return int(value) if self.whole else float(value)


def _plain(number: float) -> str:
    """Return a number with all the digits of a whole one."""
    return str(int(number)) if number == int(number) and abs(number) < 1e15 else f"{number:g}"


CONTROLS = {
    control.name: control
    for control in (
        Control("mu", 0.0, 16.0, 1.0, "", "mean of the exponent A: below 1 freer, above 1 stricter"),
        Control("sigma", 0.0, 16.0, 0.0, "", "standard deviation of the exponent A"),
        Control("seed", 0, 2**31 - 1, 1, "", "random seed of what is made next", whole=True),
        Control("tempo", 20.0, 999.0, 120.0, "bpm", "quarter notes a minute"),
        Control("density", -10.0, 10.0, 0.0, "nats", "added to the logits of attacks: above 0 busier"),
    )
}


RAMP_BEATS = Control("beats", 0.0, 4096.0, 16.0, "beats", "length of a ramp of the tempo")


@dataclass(frozen=True, slots=True)
class Set:
    """Give a control a value; acts at the next tick."""

    name: str
    value: float

    def __post_init__(self) -> None:
        control = CONTROLS.get(self.name)
        if control is None:
            raise ControlError(f"a control must be one of {', '.join(CONTROLS)}, got {self.name!r}")
        object.__setattr__(self, "value", control.check(self.value))


@dataclass(frozen=True, slots=True)
class Start:
    """Play from the beginning: from the prime, at the head of a bar."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Stop and release every note; the place is kept.

    It waits for the beat or bar that ``play.quantise`` asks for, unless ``at_once``, or asked a second time.
    """

    at_once: bool = False


@dataclass(frozen=True, slots=True)
class Continue:
    """Go on from where it stopped."""


@dataclass(frozen=True, slots=True)
class Ramp:
    """Let the tempo go evenly to ``tempo``, in quarter notes a minute, over so many beats."""

    tempo: float
    beats: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "tempo", CONTROLS["tempo"].check(self.tempo))
        object.__setattr__(self, "beats", RAMP_BEATS.check(self.beats))


@dataclass(frozen=True, slots=True)
class Tap:
    """A beat was tapped; from the second one on, taps set the tempo."""


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
class Mute:
    """Silence a part, or let it sound again; the model goes on playing it unheard."""

    part: str
    muted: bool = True


@dataclass(frozen=True, slots=True)
class Panic:
    """Silence everything at once, by every means; playing goes on with the next attack."""


@dataclass(frozen=True, slots=True)
class Quit:
    """Release every note and end the program."""


Command = Set | Ramp | Tap | Start | Stop | Continue | Reset | Prime | Model | Mute | Panic | Quit


@dataclass(frozen=True, slots=True)
class Status:
    """What the engine is doing, at one moment."""

    playing: bool = False
    tick: int = 0
    bar: int = 0
    beat: int = 0
    tempo: float = 120.0
    clock: str = "internal"
    mu: float = 1.0
    sigma: float = 0.0
    seed: int = 0
    density: float = 0.0
    exponent: float = 1.0
    model: str = ""
    loading: str = ""
    parts: tuple[str, ...] = ()
    muted: frozenset[str] = field(default_factory=frozenset)
    sounding: tuple[tuple[str, int], ...] = ()
    late_ticks: int = 0
    skipped_ticks: int = 0
    failures: int = 0
    port: str = ""
    late_messages: int = 0
    dropped_messages: int = 0
    recording: str = ""
    message: str = ""
