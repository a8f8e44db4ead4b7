"""The controls as sliders, in columns."""

from __future__ import annotations

import math

from musicrnn.control import CONTROLS, Control, ControlValue
from musicrnn.tui.hand import NAMES, Hand, as_number
from musicrnn.tui.paint import Line, Span

NAME_WIDTH = 10
VALUE_WIDTH = 10
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


def place_at(x: int, y: int, width: int) -> tuple[int, float] | None:
    """Return which control is at a point, and how far along its track in 0..1 (outside of it: below 0 or above 1)."""
    cell, rows = width // columns_for(width), rows_for(width)
    place = (x // cell) * rows + y
    track = track_width(cell)
    if place >= len(NAMES) or y >= rows:
        return None
    return place, (x % cell - NAME_WIDTH - 1) / max(track - 1, 1)


def track_width(cell: int) -> int:
    """Return how long a slider's track is."""
    return max(cell - NAME_WIDTH - VALUE_WIDTH - 2, 3)


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
    track = track_width(cell)
    changed = value != control.default
    name = (f"{'▸' if chosen else ' '}{control.name:{NAME_WIDTH}}"[: NAME_WIDTH + 1], "chosen" if chosen else "dim")
    text = f"{hand.typed}▏" if chosen and hand.typed else shown(control, value)
    return [
        name,
        *_track(share_of(control, value), share_of(control, control.default), track, chosen),
        (
            f" {text:{VALUE_WIDTH}}"[: VALUE_WIDTH + 1].ljust(cell - NAME_WIDTH - 1 - track),
            "accent" if chosen else "bold" if changed else "",
        ),
    ]


def _track(share: float, default: float, width: int, chosen: bool) -> list[Span]:
    knob, home = round(share * (width - 1)), round(default * (width - 1))
    marks = ["─"] * width
    marks[home] = "┼"
    left, right = "".join(marks[:knob]), "".join(marks[knob + 1 :])
    return [(left, "bar"), ("●", "accent" if chosen else "bold"), (right, "grid")]


def shown(control: Control, value: ControlValue) -> str:
    """Return a value as it is shown, with a short unit."""
    if isinstance(value, str):
        return value[:VALUE_WIDTH]
    if control.per_part and control.high == 1:
        return "on" if value else "off"
    unit = {"bpm": " bpm", "ms": " ms", "semitones": " st"}.get(control.unit, "")
    return f"{value:g}{unit}" if not control.whole else f"{int(value)}{unit}"
