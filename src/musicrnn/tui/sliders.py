"""The controls as sliders, in columns."""

from __future__ import annotations

import math

from musicrnn.control import CONTROLS, Control, ControlValue
from musicrnn.tui.hand import NAMES, Hand, as_number
from musicrnn.tui.paint import Line, Span

NAME_WIDTH = 10
VALUE_WIDTH = 10
LEAST_TRACK = 6
ROOTED = ("mu", "sigma", "velocity", "tempo")  # drawn finer at the low end, where they are used


def columns_for(width: int) -> int:
    """Return how many columns of sliders there is room for."""
    return max(min(width // 26, 4), 1)


def rows_for(width: int) -> int:
    """Return how many rows the sliders take."""
    return -(-len(NAMES) // columns_for(width))


def sliders(hand: Hand, width: int, height: int) -> list[Line]:
    """Return the controls, falling column by column; the chosen one is marked."""
    columns = columns_for(width)
    cell = width // columns
    rows = rows_for(width)
    lines: list[Line] = []
    for row in range(min(rows, height)):
        places = [row + column * rows for column in range(columns)]
        lines.append(tuple(span for place in places if place < len(NAMES) for span in _slider(hand, place, cell)))
    return lines


def place_at(x: int, y: int, width: int) -> int | None:
    """Return which control is at a point, None for none."""
    cell, rows = width // columns_for(width), rows_for(width)
    place = (x // cell) * rows + y
    return place if 0 <= y < rows and 0 <= place < len(NAMES) and x < cell * columns_for(width) else None


def share_at(x: int, place: int, width: int) -> float:
    """Return how far along a control's track a column is; before and behind it below 0 and above 1."""
    cell = width // columns_for(width)
    first = (place // rows_for(width)) * cell + NAME_WIDTH + 1
    return (x - first) / max(track_width(CONTROLS[NAMES[place]], cell) - 1, 1)


def two_valued(control: Control) -> bool:
    """Tell whether a control is a switch between two values."""
    return (control.whole or bool(control.choices)) and control.high - control.low == 1


def value_width(control: Control, cell: int) -> int:
    """Return how many columns a control's value has; words have more where there is room."""
    longest = max((len(choice) for choice in control.choices), default=0)
    return max(VALUE_WIDTH, min(longest, cell - NAME_WIDTH - LEAST_TRACK - 2))


def track_width(control: Control, cell: int) -> int:
    """Return how long a control's track is."""
    return max(cell - NAME_WIDTH - value_width(control, cell) - 2, 3)


def share_of(control: Control, value: ControlValue) -> float:
    """Return how far along its track a value is, in 0..1."""
    share = (as_number(control, value) - control.low) / (control.high - control.low)
    return math.sqrt(share) if control.name in ROOTED else share


def number_at(control: Control, share: float) -> float:
    """Return the number so far along a control's track."""
    share = min(max(share, 0.0), 1.0)
    number = control.low + (share**2 if control.name in ROOTED else share) * (control.high - control.low)
    return round(number, 2)


def _slider(hand: Hand, place: int, cell: int) -> list[Span]:
    control = CONTROLS[NAMES[place]]
    chosen = place == hand.chosen
    value = hand.state.value(control.name, hand.of(control))
    track = track_width(control, cell)
    name = (f"{'▸' if chosen else ' '}{control.name:{NAME_WIDTH}}"[: NAME_WIDTH + 1], "chosen" if chosen else "dim")
    text = f"{hand.typed}▏" if chosen and hand.typed else shown(control, value, value_width(control, cell))
    role = "accent" if chosen else "bold" if value != control.default else ""
    drawn = (
        _switch(as_number(control, value) > control.low, track, chosen)
        if two_valued(control)
        else _track(share_of(control, value), share_of(control, control.default), track, chosen)
    )
    return [name, *drawn, (f" {text}".ljust(cell - NAME_WIDTH - 1 - track), role)]


def _switch(on: bool, width: int, chosen: bool) -> list[Span]:
    mark = ("[■]" if on else "[ ]", "accent" if chosen else "bold" if on else "dim")
    return [mark, (" " * (width - 3), "")]


def _track(share: float, default: float, width: int, chosen: bool) -> list[Span]:
    knob, home = round(share * (width - 1)), round(default * (width - 1))
    marks = ["─"] * width
    marks[home] = "┼"
    left, right = "".join(marks[:knob]), "".join(marks[knob + 1 :])
    return [(left, "bar"), ("●", "accent" if chosen else "bold"), (right, "grid")]


def shown(control: Control, value: ControlValue, width: int = VALUE_WIDTH) -> str:
    """Return a value as it is shown in so many columns, with a short unit."""
    if isinstance(value, str):
        return value if len(value) <= width else f"{value[: width - 1]}…"
    if two_valued(control):
        return "on" if value else "off"
    unit = {"bpm": " bpm", "ms": " ms", "semitones": " st"}.get(control.unit, "")
    return f"{value:g}{unit}" if not control.whole else f"{int(value)}{unit}"
