"""The player's hand: what is chosen, what is typed, how a control is nudged, and how a change is taken back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from musicrnn.control import CONTROLS, Control, ControlValue
from musicrnn.errors import ControlError
from musicrnn.tui.history import Change, History
from musicrnn.tui.packets import Message
from musicrnn.tui.state import PREFIX, State

Send = Callable[..., None]
_STEPS = {
    "mu": (0.05, 0.25),
    "sigma": (0.05, 0.25),
    "tempo": (1.0, 10.0),
    "density": (0.1, 1.0),
    "memory": (0.05, 0.25),
    "seed": (1, 100),
    "polyphony": (1, 4),
    "transpose": (1, 12),
    "velocity": (0.05, 0.25),
    "offset": (1.0, 10.0),
    "low": (1, 12),
    "high": (1, 12),
}
NAMES = tuple(CONTROLS)


def step_of(control: Control, coarse: bool) -> float:
    """Return how far a nudge moves a control."""
    if control.choices:
        return 1
    fine = 1.0 if control.whole else (control.high - control.low) / 200
    return _STEPS.get(control.name, (fine, 10 * fine))[coarse]


def as_number(control: Control, value: ControlValue) -> float:
    """Return a value as a number; a choice as its place among the choices."""
    return float(control.choices.index(value)) if isinstance(value, str) else float(value)


@dataclass(slots=True)
class Hand:
    """Which control and which part are chosen, and what was changed.

    ``send`` sends an address and values, ``now`` is the time in seconds.
    """

    state: State
    send: Send
    now: Callable[[], float]
    chosen: int = 0
    part_number: int = 0
    typed: str = ""
    typing: bool = False
    pads: dict[str, int] = field(default_factory=dict)
    history: History = field(default_factory=History)

    @property
    def control(self) -> Control:
        """The control that is chosen."""
        return CONTROLS[NAMES[self.chosen % len(NAMES)]]

    @property
    def part(self) -> str:
        """Name of the part that is chosen; empty while none is known."""
        parts = self.state.parts
        return parts[self.part_number % len(parts)].name if parts else ""

    def of(self, control: Control) -> str:
        """Return the part that a control is of, empty for one of the whole."""
        return self.part if control.per_part else ""

    def number(self, control: Control) -> float:
        """Return a control's value as a number, of the chosen part where it is a part's."""
        return as_number(control, self._value(control.name, self.of(control)))

    def choose(self, steps: int) -> None:
        """Choose another control."""
        self.typed, self.typing = "", False
        self.chosen = (self.chosen + steps) % len(NAMES)

    def choose_part(self, steps: int) -> None:
        """Choose another part."""
        self.part_number = (self.part_number + steps) % max(len(self.state.parts), 1)

    def change(self, name: str, value: object, part: str = "", *, same: bool = False) -> bool:
        """Give a control a value, remembered so that it can be taken back, unless it is the ``same`` change going on.

        False where it has the value already. ControlError where it takes none such.
        """
        control = CONTROLS[name]
        if control.per_part and not part:
            raise ControlError(f"{name} must have a part, and none is known yet")
        checked = control.check(value)
        before = self._value(name, part)
        if checked == before:
            return False
        self.history.add(Change(name, part, before, checked), same=same)
        self._tell(name, part, checked)
        return True

    def _tell(self, name: str, part: str, value: ControlValue) -> None:
        self.state.sent(name, part, value, self.now())
        self.send(name, *([part] if part else []), value)

    def hear(self, message: Message) -> None:
        """Learn what the daemon tells, and from it which changes hold; of a refusal which ones may not.

        Of the changes of a daemon that is gone the next one knows nothing: they are not to be taken back.
        """
        before = self.state.daemons
        self.state.take(message, self.now())
        if self.state.daemons != before:
            self.history.changes = []
        name, text = message.address.removeprefix(PREFIX), str(*message.values[:1])
        if name in CONTROLS:
            self._holds(name, text if CONTROLS[name].per_part else "")
        elif name == "error":
            self.history.doubt()
            self.state.refused(text.partition(" ")[0])

    def settle(self) -> None:
        """Wait no longer for changes that the daemon should have told by now."""
        for name, part in self.state.settle(self.now()):
            self._holds(name, part)

    def _holds(self, name: str, part: str) -> None:
        if (name, part) not in self.state.pending:
            self.history.told(name, part, self.state.value(name, part))

    def _value(self, name: str, part: str) -> ControlValue:
        self.settle()
        return self.state.value(name, part)

    def nudge(self, direction: int, coarse: bool) -> None:
        """Move the chosen control by a step, as far as its range goes."""
        control = self.control
        self.place(control, self.number(control) + direction * step_of(control, coarse))

    def place(self, control: Control, number: float, *, same: bool = False) -> bool:
        """Give a control the number nearest to this one that it takes, as `change` does."""
        number = min(max(number, control.low), control.high)
        whole = control.whole or bool(control.choices)
        return self.change(control.name, round(number) if whole else round(number, 4), self.of(control), same=same)

    def default(self) -> None:
        """Give the chosen control its default."""
        self.change(self.control.name, self.control.default, self.of(self.control))

    def type(self, character: str) -> None:
        """Add to the value that is typed."""
        self.typed, self.typing = (self.typed + character)[:10], True

    def erase(self) -> None:
        """Take the last character back that was typed; where none was since another key, give the default."""
        if self.typed or self.typing:
            self.typed, self.typing = self.typed[:-1], True
        else:
            self.default()

    def enter(self) -> None:
        """Give the chosen control the value that was typed. ControlError where it takes none such."""
        text, self.typed = self.typed, ""
        try:
            number = float(text)
        except ValueError:
            raise ControlError(f"{self.control.name} must be a number, got {text!r}") from None
        self.change(self.control.name, number, self.of(self.control))

    def undo(self) -> str:
        """Take the last change back that the model has a part for; return what it was of, empty where there is none."""
        change = self.history.take_back({part.name for part in self.state.parts})
        if change is None:
            return ""
        self._tell(change.name, change.part, change.before)
        return f"{change.name} {change.part}".strip()

    def switch(self, name: str, part: str) -> None:
        """Turn mute or solo of a part over."""
        self.change(name, 1 - int(float(self._value(name, part))), part)

    def store(self, pad: str) -> int:
        """Keep the seed on a pad, and return it."""
        self.pads[pad] = int(float(self.state.value("seed")))
        return self.pads[pad]

    def recall(self, pad: str) -> bool:
        """Take the seed of a pad; False where it keeps none."""
        if pad not in self.pads:
            return False
        self.change("seed", self.pads[pad])
        return True
