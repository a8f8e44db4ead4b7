"""What OSC messages mean: a table from addresses to commands, and the status as messages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from musicrnn.control import (
    CONTROLS,
    Command,
    Continue,
    Model,
    Mute,
    Panic,
    Prime,
    Ramp,
    Reset,
    Set,
    Start,
    Status,
    Stop,
    Tap,
)
from musicrnn.daemon.osc_packets import Malformed, Message, Value
from musicrnn.errors import ControlError

PREFIX = "/musicrnn"
STATUS = f"{PREFIX}/status"
ERROR = f"{PREFIX}/error"
PRIME = f"{PREFIX}/prime"
MODELS = f"{PREFIX}/models"
NUMBERS = ("f", "i", "d", "h")
SWITCHES = ("", "i", "f", "T", "F")

Make = Callable[[tuple[Value, ...]], Command | None]


@dataclass(frozen=True, slots=True)
class Row:
    """One address: the types it takes, how its values become a command, and what it does."""

    types: tuple[str, ...]
    make: Make
    meaning: str


def _control(name: str) -> Row:
    control = CONTROLS[name]
    unit = f" {control.unit}" if control.unit else ""
    span = f"{control.low:g} to {control.high:g}{unit}" if control.high < 1e9 else f"from {control.low:g}"
    return Row(NUMBERS, lambda values: Set(name, _number(values[0])), f"{control.meaning} ({span})")


def _switch(command: Command, meaning: str) -> Row:
    """Make a row of a button: with a number, 0 is its release and does nothing."""
    return Row(SWITCHES, lambda values: None if values and not values[0] else command, meaning)


def _number(value: Value) -> float:
    if isinstance(value, str):
        raise Malformed(f"a number is needed, got {value!r}")
    return value


ADDRESSES: Mapping[str, Row] = {
    **{f"{PREFIX}/{name}": _control(name) for name in CONTROLS},
    f"{PREFIX}/ramp": Row(
        tuple(tempo + beats for tempo in NUMBERS for beats in NUMBERS),
        lambda values: Ramp(_number(values[0]), _number(values[1])),
        "let the tempo (20 to 999 bpm) go evenly to another, over so many beats (0 to 4096)",
    ),
    f"{PREFIX}/tap": _switch(Tap(), "a beat; from the second one on, taps set the tempo"),
    f"{PREFIX}/start": _switch(Start(), "play from the beginning"),
    f"{PREFIX}/stop": _switch(Stop(), "stop, and keep the place"),
    f"{PREFIX}/continue": _switch(Continue(), "go on from where it stopped"),
    f"{PREFIX}/reset": _switch(Reset(), "forget what was played, at the next bar"),
    f"{PREFIX}/panic": _switch(Panic(), "silence everything at once, by every means"),
    PRIME: Row(("s",), lambda values: Prime(str(values[0])), "start from these notes, at the next bar"),
    f"{PREFIX}/model": Row(("s",), lambda values: Model(str(values[0])), "play another model, from the next bar on"),
    f"{PREFIX}/mute": Row(
        ("s", "si", "sf", "sT", "sF"),
        lambda values: Mute(str(values[0]), len(values) < 2 or bool(values[1])),
        "silence a part; with a second value of 0, let it sound again",
    ),
}
URGENT_ADDRESSES = frozenset({f"{PREFIX}/panic", f"{PREFIX}/stop"})


def command_of(message: Message) -> Command | None:
    """Return the command that a message means; None for the release of a button.

    Raises ControlError where the address is unknown, or the types or values are not what it takes.
    """
    row = ADDRESSES.get(message.address)
    if row is None:
        known = ", ".join([*ADDRESSES, STATUS, MODELS])
        raise ControlError(f"an address must be one of {known}, got {message.address[:64]!r}")
    if message.types not in row.types:
        known = " or ".join(repr(types) for types in row.types)
        raise ControlError(f"{message.address} takes the types {known}, got {message.types[:16]!r}")
    return row.make(message.values)


def status_messages(status: Status, counts: Mapping[str, int]) -> list[tuple[str, tuple[Value, ...]]]:
    """Return the status as OSC messages, ``counts`` among them; each has its own address below /musicrnn/status."""
    values: dict[str, tuple[Value, ...]] = {
        "playing": (int(status.playing),),
        "place": (status.bar, status.beat, status.tick),
        "tempo": (float(status.tempo),),
        "clock": (status.clock,),
        "mu": (float(status.mu),),
        "sigma": (float(status.sigma),),
        "seed": (status.seed,),
        "density": (float(status.density),),
        "exponent": (float(status.exponent),),
        "model": (status.model,),
        "loading": (status.loading,),
        "parts": status.parts,
        "muted": tuple(sorted(status.muted)),
        "sounding": tuple(value for pair in status.sounding for value in pair),
        "late": (status.late_ticks, status.skipped_ticks, status.failures),
        "port": (status.port,),
        "output": (status.late_messages, status.dropped_messages),
        "recording": (status.recording,),
        "message": (status.message,),
    }
    values |= {name: (count,) for name, count in counts.items()}
    return [(f"{STATUS}/{name}", value) for name, value in values.items()]
