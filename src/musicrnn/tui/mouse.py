"""What the mouse does on each panel: it drags sliders, presses pads, parts and the keys of the last line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from musicrnn.control import CONTROLS, Control
from musicrnn.tui.hand import NAMES, Hand
from musicrnn.tui.heads import pad_at, part_at
from musicrnn.tui.panels import key_at
from musicrnn.tui.sliders import number_at, place_at, share_at, two_valued

EDGE = 0.1  # of a track's length: so far beside it still means its end


class Doer(Protocol):
    """The application, as far as the mouse asks it for something."""

    hand: Hand
    words: str

    def change(self, control: Control, number: float, *, same: bool = False) -> bool:
        """Give a control a number; False where that changes nothing. ``same`` goes on with the last change."""

    def press(self, action: str) -> None:
        """Do what a key does."""

    def choose(self, place: int) -> None:
        """Choose a control, and show what it means."""

    def action_switch(self, name: str) -> None:
        """Mute or solo the chosen part."""

    def action_part(self, steps: int) -> None:
        """Choose another part."""

    def action_nudge(self, direction: int, coarse: bool) -> None:
        """Move the chosen control."""

    def use_pad(self, what: str, pad: str) -> None:
        """Store the seed on a pad, or recall it."""


@dataclass(slots=True)
class Mouse:
    """Tells the application what a click, a drag or a turn of the wheel on a panel asks for."""

    doer: Doer
    held: int | None = None
    moved: bool = False

    def down(self, x: int, y: int, width: int) -> bool:
        """Take hold of the slider at a point, or turn a switch over; False where there is nothing to be dragged."""
        place = place_at(x, y, width)
        if place is None:
            return False
        control = CONTROLS[NAMES[place]]
        self.doer.choose(place)
        if two_valued(control):
            on = self.doer.hand.number(control) > control.low
            self.doer.change(control, control.low if on else control.high)
            return False
        share = share_at(x, place, width)
        if not -EDGE <= share <= 1 + EDGE:
            return False
        self.held = place
        self.moved = self.doer.change(control, number_at(control, share))
        return True

    def drag(self, x: int, width: int) -> None:
        """Move the slider that is held to a column; all of a drag is one change."""
        if self.held is not None:
            control = CONTROLS[NAMES[self.held]]
            number = number_at(control, share_at(x, self.held, width))
            self.moved |= self.doer.change(control, number, same=self.moved)

    def up(self) -> None:
        """Let go."""
        self.held = None

    def click(self, panel: str, x: int, width: int, *, other: bool) -> None:
        """Press what is at a column of a panel; ``other`` is the right button, or one with shift or control."""
        hand = self.doer.hand
        if panel == "parts":
            part = part_at(hand.state, hand.part, x, width)
            if part is not None:
                hand.part_number = part
                self.doer.action_switch("solo" if other else "mute")
        elif panel == "pads":
            pad = pad_at(hand.pads, hand.state.value("seed"), x, width)
            if pad:
                self.doer.use_pad("store" if other else "recall", pad)
        elif panel == "keys" and not self.doer.words:
            action = key_at(x, width)
            if action:
                self.doer.press(action)

    def wheel(self, panel: str, x: int, y: int, width: int, direction: int, *, coarse: bool) -> None:
        """Nudge what is at a point: a control, or which part is chosen."""
        if panel == "parts":
            self.doer.action_part(-direction)
        elif panel == "sliders":
            place = place_at(x, y, width)
            if place is not None:
                self.doer.hand.choose(place - self.doer.hand.chosen)
                self.doer.action_nudge(direction, coarse)
