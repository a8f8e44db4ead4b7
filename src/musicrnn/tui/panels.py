"""The panels of the screen: each turns the state into lines with one of the drawing functions."""

from __future__ import annotations

from typing import Protocol

from rich.cells import set_cell_size

from musicrnn.tui.belief import belief
from musicrnn.tui.hand import Hand
from musicrnn.tui.heads import figures, header, pads, parts
from musicrnn.tui.link import Link
from musicrnn.tui.paint import Line, Span, cell_at, cell_size, clipped, wrapped
from musicrnn.tui.panel import Panel
from musicrnn.tui.roll import View, roll
from musicrnn.tui.sliders import sliders
from musicrnn.tui.state import State

KEYS_SHOWN = (
    ("↑↓", "choose", ""),
    ("←→", "nudge", ""),
    ("0-9", "type", ""),
    ("space", "start/stop", "start_stop"),
    ("p", "PANIC", "panic"),
    ("u", "undo", "undo"),
    ("d", "default", "default"),
    ("m/S", "mute/solo", "switch('mute')"),
    ("k", "scale", "scale"),
    ("o", "model", "model"),
    ("w/r", "seed pads", ""),
    ("[ ]", "part", "part(1)"),
    ("n", "new seed", "reseed"),
    ("e", "keep bars", "tell('keep')"),
    ("T", "take", "take"),
    ("l", "light", "light"),
    ("^p", "commands", "command_palette"),
)
MOST_ROWS = 4  # of words that are said: room at 60 columns for all that comes from the network, at 80 for every meaning
TAIL = (("?", "help", "help"), ("q", "quit", "leave"))
START_ONE: Line = ((" musicrnn-daemon in another terminal starts one; --osc-port, --host: where it is", "warn"),)
TOO_SMALL: tuple[Line, ...] = ((("MusicRNN needs 60 by 18", "warn"),), (("characters; p is panic.", ""),))


class Source(Protocol):
    """What the panels show: the application."""

    state: State
    hand: Hand
    link: Link
    words: str
    wrong: bool

    @property
    def connected(self) -> bool:
        """Whether the daemon tells its state."""


def panels(source: Source, view: View) -> list[Panel]:
    """Return the panels from the top to the bottom; the second and third stand side by side."""
    state, hand, link = source.state, source.hand, source.link
    return [
        Panel("top", lambda width, _: [header(state, link.address, source.connected, width, link.refusal)]),
        Panel("roll", lambda width, height: roll(state, view, width, height)),
        Panel("belief", lambda width, height: belief(state, width, height)),
        Panel("parts", lambda width, _: [parts(state, hand.part, width)]),
        Panel("sliders", lambda width, height: sliders(hand, width, height)),
        Panel("pads", lambda width, _: [pads(hand.pads, state.value("seed"), width)]),
        Panel("figures", lambda width, _: [figures(state, width)]),
        Panel("log", lambda _, height: log(state, height) if source.connected or link.refusal else [START_ONE]),
        Panel("keys", lambda width, _: last_lines(source.words, source.wrong, width)),
        Panel("too-small", lambda _, __: list(TOO_SMALL)),
    ]


def log(state: State, height: int) -> list[Line]:
    """Return the latest warnings, the newest last."""
    latest = list(state.log)[-height:]
    return [((f" {text}", "warn" if place == len(latest) - 1 else "dim"),) for place, text in enumerate(latest)]


def last_lines(words: str, wrong: bool, width: int) -> list[Line]:
    """Return what was just done, or the rule that was broken, in as many rows as it takes, or the keys in one."""
    if not words:
        return [tuple(span for cell, _ in key_cells(width) for span in cell)]
    room = max(width - 1, 1)
    rows = wrapped(words, room)
    if len(rows) > MOST_ROWS:
        rows[MOST_ROWS - 1 :] = [clipped(" ".join(rows[MOST_ROWS - 1 :]), room)]
    return [((set_cell_size(f" {row}", width), "bad" if wrong else "title-bold"),) for row in rows]


def key_cells(width: int) -> list[tuple[list[Span], str]]:
    """Return a cell for each key that there is room for, with the action that it calls; the last ones always."""
    tail = [(_key(key, what), action) for key, what, action in TAIL]
    room = width - sum(cell_size(cell) for cell, _ in tail)
    cells: list[tuple[list[Span], str]] = []
    for key, what, action in KEYS_SHOWN:
        cell = _key(key, what)
        if cell_size(cell) > room:
            break
        cells.append((cell, action))
        room -= cell_size(cell)
    return [*cells, ([(" " * max(room, 0), "title")], ""), *tail]


def key_at(x: int, width: int) -> str:
    """Return the action of the key at a column of the last line, empty for none."""
    cells = key_cells(width)
    place = cell_at([cell for cell, _ in cells], x)
    return "" if place is None else cells[place][1]


def _key(key: str, what: str) -> list[Span]:
    return [(f" {key}", "title-bold"), (f" {what} ", "title")]
