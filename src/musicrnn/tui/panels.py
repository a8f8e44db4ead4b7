"""The panels of the screen: each turns the state into lines with one of the drawing functions."""

from __future__ import annotations

from typing import Protocol

from musicrnn.tui.belief import belief
from musicrnn.tui.hand import Hand
from musicrnn.tui.heads import figures, header, pads, parts
from musicrnn.tui.link import Link
from musicrnn.tui.paint import Line, Span
from musicrnn.tui.panel import Panel
from musicrnn.tui.roll import View, roll
from musicrnn.tui.sliders import sliders
from musicrnn.tui.state import State

KEYS_SHOWN = (
    ("↑↓", "choose"),
    ("←→", "nudge"),
    ("0-9", "type"),
    ("d", "default"),
    ("u", "undo"),
    ("space", "start/stop"),
    ("p", "PANIC"),
    ("m/S", "mute/solo"),
    ("k", "scale"),
    ("o", "model"),
    ("w/r", "seed pads"),
    ("[ ]", "part"),
    ("n", "new seed"),
    ("e", "keep bars"),
    ("l", "light"),
    ("^p", "commands"),
)
TAIL = ((" ? ", "title-bold"), ("help ", "title"), (" q ", "title-bold"), ("quit ", "title"))
TOO_SMALL: tuple[Line, ...] = ((("MusicRNN needs 60 by 18", "warn"),), (("characters; p is panic.", ""),))


class Source(Protocol):
    """What the panels show: the application."""

    state: State
    hand: Hand
    link: Link
    words: str

    @property
    def connected(self) -> bool:
        """Whether the daemon answers."""


def panels(source: Source, view: View) -> list[Panel]:
    """Return the panels from the top to the bottom; the second and third stand side by side."""
    state, hand = source.state, source.hand
    return [
        Panel("top", lambda width, _: [header(state, source.link.address, source.connected, width)]),
        Panel("roll", lambda width, height: roll(state, view, width, height)),
        Panel("belief", lambda width, height: belief(state, width, height)),
        Panel("parts", lambda _, __: [parts(state, hand.part)]),
        Panel("sliders", lambda width, height: sliders(hand, width, height)),
        Panel("pads", lambda _, __: [pads(hand.pads, state.value("seed"))]),
        Panel("figures", lambda _, __: [figures(state)]),
        Panel("log", lambda _, height: log(state, height)),
        Panel("keys", lambda width, _: [last_line(source.words, width)]),
        Panel("too-small", lambda _, __: list(TOO_SMALL)),
    ]


def log(state: State, height: int) -> list[Line]:
    """Return the latest warnings, the newest last."""
    latest = list(state.log)[-height:]
    return [((f" {text}", "warn" if place == len(latest) - 1 else "dim"),) for place, text in enumerate(latest)]


def last_line(words: str, width: int) -> Line:
    """Return what was just done, or the keys that there is room for."""
    if words:
        return ((f" {words}".ljust(width), "title-bold"),)
    room = width - sum(len(text) for text, _ in TAIL)
    spans: list[Span] = []
    for key, what in KEYS_SHOWN:
        pair = [(f" {key}", "title-bold"), (f" {what} ", "title")]
        size = sum(len(text) for text, _ in pair)
        if size > room:
            break
        spans += pair
        room -= size
    return (*spans, (" " * room, "title"), *TAIL)
