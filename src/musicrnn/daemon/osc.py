"""What OSC messages mean: a table from addresses to commands, and the status and the controls as messages."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from musicrnn.config.controls import Control, is_finite, plain, refused
from musicrnn.control import (
    CONTROLS,
    KEPT_BARS,
    RAMP_BEATS,
    Command,
    Continue,
    ControlValue,
    Forget,
    Keep,
    Learn,
    Model,
    Panic,
    Prime,
    Ramp,
    Record,
    Reset,
    Set,
    Start,
    Status,
    Stop,
    Tap,
    fresh_seed,
)
from musicrnn.daemon.osc_packets import Malformed, Message, Value
from musicrnn.errors import ControlError

PREFIX = "/musicrnn"
STATUS = f"{PREFIX}/status"
ERROR = f"{PREFIX}/error"
PRIME = f"{PREFIX}/prime"
MODELS = f"{PREFIX}/models"
RECORD = f"{PREFIX}/record"
GET = f"{PREFIX}/get"
SUBSCRIBE = f"{PREFIX}/subscribe"
UNSUBSCRIBE = f"{PREFIX}/unsubscribe"
NUMBERS = ("f", "i", "d", "h")
SWITCHES = ("", *NUMBERS, "T", "F")
BUTTON = "none, or a button's number"

Make = Callable[[tuple[Value, ...]], Command | None]
Messages = list[tuple[str, tuple[Value, ...]]]


@dataclass(frozen=True, slots=True)
class Row:
    """One address: the types it takes, how its values become a command; for people its values, effect and moment."""

    types: tuple[str, ...]
    make: Make
    values: str
    meaning: str
    when: str = "next tick"


def _control(control: Control) -> Row:
    name = control.name
    if not control.per_part:
        kinds = (*NUMBERS, "s") if control.choices else NUMBERS
        return Row(kinds, lambda values: Set(name, _one(values[0])), range_words(control), control.meaning)
    if control.high == 1:
        switches = ("s", *(f"s{kind}" for kind in (*NUMBERS, "T", "F")))
        words = "part, then 0 or 1, or the part alone for 1"
        return Row(switches, lambda values: Set(name, _switched(values[1:]), str(values[0])), words, control.meaning)
    pairs = tuple(f"s{kind}" for kind in NUMBERS)
    words = f"part, {range_words(control)}"
    return Row(pairs, lambda values: Set(name, _one(values[1]), str(values[0])), words, control.meaning)


def range_words(control: Control) -> str:
    """Return what a control takes, in words."""
    if control.choices:
        return f"one of {', '.join(control.choices)}; or its number, 0 to {plain(control.high)}"
    kind = "whole number" if control.whole else "number"
    return f"{kind}, {bounds(control)} {control.unit}".rstrip()


def bounds(control: Control) -> str:
    """Return the range of a control, in words."""
    return f"{plain(control.low)} to {plain(control.high)}"


def _switched(rest: tuple[Value, ...]) -> ControlValue:
    """Return what a part's switch is set to: 1 without a value."""
    return _one(rest[0]) if rest else 1


def _taken(values: tuple[Value, ...]) -> bool | None:
    """Return whether a take is asked for; None without a value. ControlError unless it is 0 or 1."""
    if values and values[0] not in (0, 1):
        got = refused(_number(values[0]), lambda short: short in (0, 1))
        raise ControlError(f"record must be 0 or 1, got {got}")
    return bool(values[0]) if values else None


def _one(value: Value) -> ControlValue:
    return int(value) if isinstance(value, bool) else value


def _switch(command: Command, meaning: str, when: str) -> Row:
    """Make a row of a button: with a number, 0 is its release and does nothing."""
    return Row(SWITCHES, lambda values: _pressed(values, command), BUTTON, meaning, when)


def _pressed(values: tuple[Value, ...], command: Command) -> Command | None:
    if values and isinstance(values[0], float) and math.isnan(values[0]):
        raise ControlError("what presses a button must be a number, got nan")
    return None if values and not values[0] else command


def _number(value: Value) -> float:
    if isinstance(value, str):
        raise Malformed(f"a number is needed, got {value!r}")
    return value


def _learn(values: tuple[Value, ...]) -> Learn:
    name, part = [*(value for value in values if isinstance(value, str)), ""][:2]
    ends = [_number(value) for value in values if not isinstance(value, str)]
    for end in ends:
        if not is_finite(end):
            raise ControlError(f"{name[:64]} must be learnt between finite numbers, got {repr(end)[:40]}")
    return Learn(name, part, *ends)


_NAMED = ("s", "ss")
AS_QUANTISED = "at once, or as `--quantise` says"
ADDRESSES: Mapping[str, Row] = {
    **{f"{PREFIX}/{name}": _control(control) for name, control in CONTROLS.items()},
    f"{PREFIX}/reseed": Row(
        SWITCHES, lambda values: _pressed(values, Set("seed", fresh_seed())), BUTTON, "take a seed from the system"
    ),
    f"{PREFIX}/ramp": Row(
        tuple(tempo + beats for tempo in NUMBERS for beats in NUMBERS),
        lambda values: Ramp(_number(values[0]), _number(values[1])),
        f"two numbers, {bounds(CONTROLS['tempo'])} and {bounds(RAMP_BEATS)}",
        "let the tempo go evenly to the first, over so many beats",
    ),
    f"{PREFIX}/tap": _switch(Tap(), "a beat; from the second one on, taps set the tempo", "next tick"),
    f"{PREFIX}/start": _switch(Start(), "play from the beginning; while it plays, begin anew", "next bar"),
    f"{PREFIX}/stop": _switch(Stop(), "stop, release every note, keep the place", AS_QUANTISED),
    f"{PREFIX}/continue": _switch(Continue(), "go on from where it stopped", AS_QUANTISED),
    f"{PREFIX}/reset": _switch(Reset(), "forget what was played and start anew from the prime", "next bar"),
    PRIME: Row(
        ("s",),
        lambda values: Prime(str(values[0])),
        "string, up to 8192 characters",
        "start from these notes: score text or the old 89 characters",
        "next bar",
    ),
    f"{PREFIX}/model": Row(
        ("s",),
        lambda values: Model(str(values[0])),
        "string",
        "play another model: one that ships, one of your own by the name of its file, or the one that the daemon was "
        "started with",
        "next bar, once it is loaded",
    ),
    f"{PREFIX}/keep": Row(
        ("", *NUMBERS),
        lambda values: Keep(int(KEPT_BARS.number(values[0] if values else KEPT_BARS.default))),
        f"none, or a whole number, {bounds(KEPT_BARS)}",
        f"write the last bars ({KEPT_BARS.default}) as a MIDI file into the folder of recordings",
        "at once",
    ),
    RECORD: Row(
        SWITCHES,
        lambda values: Record(_taken(values)),
        "none, or 1 or 0",
        "begin a take with the bar that is going on (1), end it and write it as a MIDI file into the folder of "
        "recordings (0), or the other of the two; whoever subscribes is told which it is",
        "at once",
    ),
    f"{PREFIX}/learn": Row(
        _NAMED + tuple(named + low + high for named in _NAMED for low in NUMBERS for high in NUMBERS),
        _learn,
        "control or button, perhaps its part, perhaps lowest and highest value",
        "the MIDI controller, wheel or key that is moved next moves this control, or presses this button",
        "when it is moved",
    ),
    f"{PREFIX}/forget": Row(
        _NAMED,
        lambda values: Forget(*map(str, values)),
        "control or button, perhaps its part",
        "no MIDI controller moves this control, or presses this button, any more",
        "at once",
    ),
    f"{PREFIX}/panic": _switch(
        Panic(), "silence everything by every means; playing goes on with the next attack", "at once"
    ),
}
URGENT_ADDRESSES = frozenset({f"{PREFIX}/panic", f"{PREFIX}/stop"})
QUESTIONS: Mapping[str, tuple[tuple[str, ...], str, str]] = {
    GET: (("", "s"), "none, or the name of a control", "is answered with the values of all controls, or of that one"),
    MODELS: (("",), "none", "is answered with the names of the models (below)"),
    STATUS: (("",), "none", "is answered (below)"),
    SUBSCRIBE: (
        ("", *(rate + seconds + port for rate in NUMBERS for seconds in NUMBERS for port in ("", *NUMBERS))),
        "none, or two numbers, 1 to 50 and 1 to 60, and perhaps a port",
        "send the state so many times a second, for so many seconds (10 and 30), to the sender or that port of it",
    ),
    UNSUBSCRIBE: (("", *NUMBERS), "none, or a port", "send no more of it"),
}


_CONTROL_OF = {f"{PREFIX}/{name}": name for name in CONTROLS}


def _control_at(address: str) -> tuple[str, str]:
    """Return the control that an address is of, and the part where it is of one part: ``/musicrnn/mute/bass``."""
    if address in _CONTROL_OF:
        return _CONTROL_OF[address], ""
    whole, _, part = address.rpartition("/")
    name = _CONTROL_OF.get(whole, "")
    return (name, part) if name and part and CONTROLS[name].per_part else ("", "")


def asks(message: Message) -> bool:
    """Tell whether a message is a question: one of `QUESTIONS`, or a control's address without a value."""
    return message.address in QUESTIONS or (not message.types and bool(_control_at(message.address)[0]))


def values_asked_for(message: Message, status: Status) -> Messages:
    """Return the values that a question is answered with. ControlError for a control or part that is not there."""
    name, part = _control_at(message.address)
    if message.address == GET:
        name = "".join(map(str, message.values))
    if name and name not in CONTROLS:
        raise ControlError(f"a control must be one of {', '.join(CONTROLS)}, got {name[:64]!r}")
    if not part:
        return value_messages(status, name)
    values = status.part_controls.get(name, {})
    if part not in values:
        raise ControlError(f"a part must be one of {', '.join(status.parts)}, got {part[:64]!r}")
    return [(message.address, (values[part],))]


def check_types(message: Message, types: tuple[str, ...], words: str) -> None:
    """Raise ControlError unless a message has one of these types; ``words`` tell people what it takes."""
    if message.types not in types:
        raise ControlError(f"{message.address} takes: {words}; got: {_given(message.values)}")


def _given(values: tuple[Value, ...]) -> str:
    """Return the values of a message as people read them, cut where they are long."""
    shown = [f"{value:g}" if isinstance(value, float) else repr(value) for value in values[:8]]
    return (", ".join(shown) or "nothing")[:80]


def command_of(message: Message) -> Command | None:
    """Return the command that a message means; None for the release of a button.

    A part's control has an address of its own for each part, too.
    Raises ControlError where the address is unknown, or the types or values are not what it takes.
    """
    name, part = _control_at(message.address)
    if part:
        message = Message(f"{PREFIX}/{name}", f"s{message.types}", (part, *message.values))
    row = ADDRESSES.get(message.address)
    if row is None:
        raise ControlError(_unknown(message.address[:64]))
    check_types(message, row.types, row.values)
    return row.make(message.values)


def _unknown(address: str) -> str:
    """Word the refusal of an address that there is not; what else it may be must cost nothing, in a flood of them."""
    rule = f"an address must be one of those in docs/osc.md, got {address!r}"
    plain_word = address.lower().rstrip("/")
    return f"{rule}: did you mean {plain_word!r}?" if plain_word in ADDRESSES or plain_word in QUESTIONS else rule


def value_messages(status: Status, name: str = "") -> Messages:
    """Return the value of a control, or of all, each at the address that sets it; a part's with the part first."""
    found: Messages = [
        (f"{PREFIX}/{control}", (value,)) for control, value in status.controls.items() if name in ("", control)
    ]
    for control, values in status.part_controls.items():
        if name in ("", control):
            found += [(f"{PREFIX}/{control}", (part, value)) for part, value in values.items()]
    return found


def status_messages(status: Status, counts: Mapping[str, int]) -> Messages:
    """Return the status as OSC messages, ``counts`` among them; each has its own address below /musicrnn/status."""
    values: dict[str, tuple[Value, ...]] = {
        "playing": (int(status.playing),),
        "place": (status.bar, status.beat, status.tick),
        "tempo": (float(status.tempo),),
        "clock": (status.clock,),
        **{name: (value,) for name, value in status.controls.items() if name != "tempo"},
        "exponent": (float(status.exponent),),
        "model": (status.model,),
        "loading": (status.loading,),
        "parts": status.parts,
        "muted": tuple(sorted(status.muted)),
        "soloed": tuple(sorted(status.parts_with("solo"))),
        "sounding": tuple(value for pair in status.sounding for value in pair),
        "late": (status.late_ticks, status.skipped_ticks, status.failures),
        "port": (status.port,),
        "output": (status.late_messages, status.dropped_messages),
        "recording": (status.recording,),
        "taking": (int(status.taking),),
        "kept": (status.kept,),
        "message": (status.message,),
    }
    values |= {name: (count,) for name, count in counts.items()}
    return [(f"{STATUS}/{name}", value) for name, value in values.items()]
