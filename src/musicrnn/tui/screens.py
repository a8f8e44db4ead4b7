"""The screen of the picture, and what is laid over it: help, and a list to choose from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.screen import ModalScreen, Screen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

KEYS = (
    ("arrows up, down", "choose a control"),
    ("arrows left, right", "nudge it; with shift coarsely"),
    ("digits . -", "type a value; enter gives it, escape does not"),
    ("backspace, d", "default of the control"),
    ("u", "take the last change back"),
    ("space, s", "start; stop, also a start that waits for the host"),
    ("c", "continue from where it stopped"),
    ("p, F12", "panic: silence everything at once (F12 even while you type)"),
    ("R", "reset: begin anew from the prime at the next bar"),
    ("t", "tap the tempo"),
    ("[ ] or tab", "choose a part"),
    ("m, S", "mute, solo the part"),
    ("n", "a new seed from the system"),
    ("w 1-9, r 1-9", "write the seed to a pad, recall it (F1 to F9 recall too)"),
    ("k", "scale and root"),
    ("o", "another model"),
    ("e", "keep the last bars as a MIDI file"),
    ("T", "begin a take (a MIDI file) with this bar; end it"),
    ("l", "light or dark"),
    ("ctrl+p", "command palette"),
    ("?", "this help"),
    ("q, ctrl+c", "quit (ctrl+c and ctrl+q even while you type)"),
)
GLYPHS = (
    "Piano roll: a column is a tick, the line is now. Left of it is what was played: a letter (of the part) begins a "
    "note, a line holds it. Right of it, in small letters, what is made and not yet played. Grey small letters are not "
    "heard (muted). The network's belief is what it was before A is applied. Figures a/b: median/99th percentile."
)


class Main(Screen[object]):
    """The picture and the controls; tab, by which Textual chooses a widget, chooses a part."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "app.part(1)", show=False),
        Binding("shift+tab", "app.part(-1)", show=False),
    ]


class Help(ModalScreen[None]):
    """The keys, and how to read the picture."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape,question_mark,q,enter", "dismiss", "close")]

    def compose(self) -> ComposeResult:
        """Show one line a key."""
        rows = "\n".join(f"{keys:20} {what}" for keys, what in KEYS)
        with VerticalScroll(classes="box"):
            yield Static(Text.assemble(("MusicRNN: keys\n\n", "bold"), rows, "\n\n", GLYPHS, "\n\nescape closes this"))


class Chooser(ModalScreen[tuple[str, str] | None]):
    """One or more lists; answers with the name of the list and what was chosen in it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape,q", "dismiss", "close"),
        ("left,right", "app.focus_next", "other list"),
    ]

    def __init__(self, lists: Sequence[tuple[str, Sequence[str], str]]) -> None:
        super().__init__()
        self._lists = lists

    def compose(self) -> ComposeResult:
        """Show each list, what holds now marked."""
        with Horizontal(classes="box"):
            for name, options, _ in self._lists:
                yield OptionList(*(Option(Text(option), id=None) for option in options), name=name)

    def on_mount(self) -> None:
        """Begin at what holds now."""
        for shown, (name, options, now) in zip(self.query(OptionList), self._lists, strict=True):
            shown.border_title = name
            shown.highlighted = options.index(now) if now in options else 0

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Answer."""
        self.dismiss((event.option_list.name or "", str(event.option.prompt)))
