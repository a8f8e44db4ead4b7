"""Knobs, wheels and keys of MIDI controllers as hands on the controls, taken over softly, and as buttons: learnt."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, NamedTuple, get_args

from musicrnn.config.controls import CONTROLS, Control, ControlValue
from musicrnn.control import BUTTONS, Command, Learn, Set, Status
from musicrnn.errors import ConfigError, ControlError

Kind = Literal["controller", "wheel", "note"]
KINDS = get_args(Kind)
ROW = ("kind", "channel", "number", "name", "part", "low", "high")
CHANNEL_MODE = 120
NEAR = 1 / 48
MIDDLE = 0.5
FORMAT = 1
MOST = 256


class Hand(NamedTuple):
    """What is moved: a controller, the pitch wheel or a key of a channel (1 to 16); a wheel has the number 0."""

    kind: Kind
    channel: int
    number: int = 0

    def __str__(self) -> str:
        """Return it in words."""
        what = {"controller": f"controller {self.number}", "wheel": "the pitch wheel", "note": f"key {self.number}"}
        return f"{what[self.kind]} of channel {self.channel}"


@dataclass(slots=True)
class _Grip:
    """How a hand holds a control: where the hand was last, 0..1, what it asked for last, and what was there then.

    ``turned`` is what a key has turned a switch over to while that is on its way.
    """

    target: Learn
    place: float | None = None
    asked: tuple[ControlValue, ControlValue] | None = None
    turned: ControlValue | None = None

    def settle(self, value: ControlValue, present: ControlValue | None) -> None:
        """Hold the control by what was asked for alone, once that is there, or another value was given."""
        self.turned = None
        if self.asked is not None and (present == self.asked[0] or value != self.asked[0]):
            self.asked = (self.asked[0], self.asked[0])


@dataclass
class MidiMap:
    """Which hand moves which control.

    A hand takes a control over only once it has come to where the control is, so that nothing jumps; whoever else
    changes the control takes it out of the hand again. ``learnt`` says in words what was learnt last.
    """

    learnt: str = ""
    _grips: dict[Hand, _Grip] = field(default_factory=dict)
    _learning: Learn | None = None

    def __len__(self) -> int:
        return len(self._grips)

    def learn(self, target: Learn) -> None:
        """Let the next hand that moves be the one of a control."""
        self._learning = target

    def forget(self, name: str, part: str = "") -> bool:
        """Let no hand move a control any more, nor the next one that moves; return whether one did."""
        forgotten = (name, part)
        if self._learning is not None and (self._learning.name, self._learning.part) == forgotten:
            self._learning = None
        grips, before = self._grips.items(), len(self._grips)
        self._grips = {hand: grip for hand, grip in grips if (grip.target.name, grip.target.part) != forgotten}
        return len(self._grips) < before

    def hear(self, data: bytes, status: Status) -> Command | None:
        """Return what a message asks for, if anything; in learning, bind the hand that sent it."""
        moved = _moved(data)
        if moved is None:
            return None
        hand, place = moved
        if self._learning is not None and len(self._grips) < MOST:
            self._grips[hand] = _Grip(self._learning)
            self.learnt = f"learnt: {hand} {_does(self._learning)}"
            self._learning = None
        grip = self._grips.get(hand)
        return None if grip is None else _meant(grip, hand, place, status)

    def settle(self, command: Set, status: Status) -> None:
        """Be told that a control was set, by whomever, or could not be: no wish of it is on its way any more.

        ``status`` is that of afterwards.
        """
        for grip in self._grips.values():
            if (grip.target.name, grip.target.part) == (command.name, command.part):
                grip.settle(command.value, _present(grip.target, status))

    @property
    def learning(self) -> bool:
        """Whether the next hand that moves will be bound."""
        return self._learning is not None

    def changed(self, before: MidiMap, after: MidiMap) -> MidiMap:
        """Return this map with what makes one into another. ConfigError where it has no room for it."""
        grips = {hand: grip for hand, grip in self._grips.items() if hand in after._grips or hand not in before._grips}
        grips |= {hand: grip for hand, grip in after._grips.items() if before._grips.get(hand) != grip}
        if len(grips) > MOST:
            raise ConfigError(f"a map of MIDI controllers must have at most {MOST} hands, got {len(grips)}")
        return MidiMap(_grips=grips)

    def text(self) -> str:
        """Return it as JSON for a file."""
        rows = [{**hand._asdict(), **asdict(grip.target)} for hand, grip in self._grips.items()]
        return json.dumps({"musicrnn": "midi-map", "format": FORMAT, "hands": rows}, indent=1) + "\n"


def read_map(text: str, source: str) -> MidiMap:
    """Read a map from a file's text; ConfigError, naming the file and what is wrong, for what is none."""
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{source}: a map of MIDI controllers must be JSON, got {text[:40]!r}") from error
    try:
        return MidiMap(_grips=dict(_rows(values)))
    except (ValueError, ControlError, RecursionError) as error:
        raise ConfigError(f"{source}: a map of MIDI controllers must be as it was written: {error}") from error


def _rows(values: object) -> Iterator[tuple[Hand, _Grip]]:
    """Return the hands of a file, each with what it moves. ValueError or ControlError, naming the hand, for others."""
    if not isinstance(values, dict) or values.get("musicrnn") != "midi-map":
        raise ValueError('"musicrnn" must be "midi-map"')
    if values.get("format") != FORMAT:
        raise ValueError(f"format must be {FORMAT}, got {_short(values.get('format'))}")
    rows = values.get("hands")
    if not isinstance(rows, list) or len(rows) > MOST:
        raise ValueError(f"hands must be a list of at most {MOST}")
    for number, row in enumerate(rows, start=1):
        try:
            yield _row(row)
        except (ValueError, ControlError) as error:
            raise ValueError(f"hand {number}: {error}") from error


def _row(row: object) -> tuple[Hand, _Grip]:
    if not isinstance(row, dict):
        raise ValueError(f"it must be an object, got {_short(row)}")
    for key in ROW:
        if key not in row:
            raise ValueError(f"it must have a {key}, got none")
    for key in ("name", "part"):
        if not isinstance(row[key], str):
            raise ValueError(f"{key} must be text, got {_short(row[key])}")
    if row["kind"] not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(KINDS)}, got {_short(row['kind'])}")
    hand = Hand(row["kind"], _whole(row, "channel", 1, 16), _whole(row, "number", 0, 127))
    return hand, _Grip(Learn(row["name"], row["part"], row["low"], row["high"]))


def _whole(row: Mapping[str, Any], key: str, low: int, high: int) -> int:
    value = row[key]
    if type(value) is not int or not low <= value <= high:
        raise ValueError(f"{key} must be a whole number in {low}..{high}, got {_short(value)}")
    return value


def _short(value: object) -> str:
    return repr(value)[:64]


def _does(target: Learn) -> str:
    """Return in words what a hand does: which button it presses, or which control it moves."""
    if target.name in BUTTONS:
        return f"presses {target.name}"
    whole = f"{target.name} of {target.part}" if target.part else target.name
    return f"sets {whole}" if target.low == target.high else f"moves {whole}"


def _moved(data: bytes) -> tuple[Hand, float] | None:
    """Return the hand that a message is of and where it is, 0..1; None for other messages, and for keys let go."""
    if len(data) != 3:
        return None
    channel = (data[0] & 0x0F) + 1
    match data[0] & 0xF0:
        case 0xB0 if data[1] < CHANNEL_MODE:
            return Hand("controller", channel, data[1]), data[2] / 127.0
        case 0xE0:
            return Hand("wheel", channel), (data[1] + 128 * data[2]) / 16383.0
        case 0x90 if data[2]:
            return Hand("note", channel, data[1]), data[2] / 127.0
    return None


def _meant(grip: _Grip, hand: Hand, place: float, status: Status) -> Command | None:
    """Return what a hand asks for that is now at a place."""
    name = grip.target.name
    present = 0 if name in BUTTONS else _present(grip.target, status)
    if present is None:
        return None
    if name in BUTTONS or grip.target.low == grip.target.high:
        return _pressed(grip, hand, place)
    return _turned(grip, hand, place, present)


def _pressed(grip: _Grip, hand: Hand, place: float) -> Command | None:
    """Return the command of a button or pad: of a key at each attack, of others where they go over the middle."""
    before, grip.place = grip.place, place
    down = before is not None and before >= MIDDLE
    if hand.kind != "note" and (down or place < MIDDLE):
        return None
    target = grip.target
    return BUTTONS[target.name]() if target.name in BUTTONS else Set(target.name, _value(target, 0.0), target.part)


def _turned(grip: _Grip, hand: Hand, place: float, present: ControlValue) -> Set | None:
    target = grip.target
    control = CONTROLS[target.name]
    if hand.kind == "note":
        if not _is_switch(control):
            return Set(target.name, _value(target, place), target.part)
        grip.turned = _other(target, present if grip.turned is None else grip.turned)
        return Set(target.name, grip.turned, target.part)
    before, grip.place = grip.place, place
    there = _place(target, present)
    holds = grip.asked is not None and present in grip.asked
    reached = abs(place - there) <= NEAR or (before is not None and (before - there) * (place - there) <= 0.0)
    if not (holds or reached):
        return None
    value = _value(target, place)
    grip.asked = (value, present)
    return None if value == present else Set(target.name, value, target.part)


def _present(target: Learn, status: Status) -> ControlValue | None:
    """Return the control's value, None where the model has no such part."""
    if target.part:
        return status.part_controls.get(target.name, {}).get(target.part)
    return status.controls.get(target.name)


def _is_switch(control: Control) -> bool:
    return control.whole and (control.low, control.high) == (0, 1)


def _other(target: Learn, present: ControlValue) -> ControlValue:
    return target.low if present == target.high else target.high


def _value(target: Learn, place: float) -> ControlValue:
    control = CONTROLS[target.name]
    low, high = sorted((target.low, target.high))
    number = min(max(target.low + place * (target.high - target.low), low), high)  # the sum may be a bit beyond
    return control.check(round(number) if control.whole or control.choices else number)


def _place(target: Learn, present: ControlValue) -> float:
    """Return where a hand must be to stand for a value; beyond its ends, at the nearer one."""
    control = CONTROLS[target.name]
    number = float(control.choices.index(present)) if isinstance(present, str) else float(present)
    width = target.high - target.low
    return min(max((number - target.low) / width, 0.0), 1.0) if width else 0.0
