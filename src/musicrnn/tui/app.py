"""The terminal UI: a picture of the music, and every control of it, in a process of its own."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable
from typing import ClassVar

from textual import events
from textual.app import App, ComposeResult, SystemCommand
from textual.await_complete import AwaitComplete
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.geometry import Size
from textual.screen import Screen

from musicrnn.config.controls import plain
from musicrnn.config.tui import TuiSettings
from musicrnn.control import CONTROLS, Control, fresh_seed
from musicrnn.errors import ConfigError, ControlError
from musicrnn.tui.hand import NAMES, Hand
from musicrnn.tui.link import Link
from musicrnn.tui.mouse import Mouse
from musicrnn.tui.packets import Message, Value
from musicrnn.tui.pads import PADS, PadFile
from musicrnn.tui.panel import Panel
from musicrnn.tui.panels import last_lines, panels
from musicrnn.tui.roll import View
from musicrnn.tui.screens import Chooser, Help, Main
from musicrnn.tui.sliders import rows_for
from musicrnn.tui.state import PREFIX, State

LEAST_WIDTH, LEAST_HEIGHT = 60, 18
LOW_HEIGHT = 34
LOG_ROWS = 4  # 1 where the terminal is low
KEEP_SECONDS = 0.25
WORDS_SECONDS = 10.0  # so long a word stands in the place of the keys
LEAVE = 10  # exit status: the UI goes, the music stays
DARK, LIGHT = "textual-dark", "textual-light"
KEYPAD = {"decimal": ".", "separator": ".", "subtract": "-"}  # keys that some terminals send without their characters


class MusicApp(App[int]):
    """Shows what a daemon plays, and steers it.

    ``owner`` is true where the daemon was started with this UI (`musicrnn-daemon --tui`): quitting asks about it.
    ``now`` is the time in seconds, of which only the difference counts.
    """

    TITLE = "MusicRNN"
    ENABLE_COMMAND_PALETTE = True
    CSS_PATH = "app.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "choose(-1)"),
        Binding("down", "choose(1)"),
        Binding("left", "nudge(-1, False)"),
        Binding("right", "nudge(1, False)"),
        Binding("shift+left", "nudge(-1, True)"),
        Binding("shift+right", "nudge(1, True)"),
        Binding("pageup", "nudge(1, True)"),
        Binding("pagedown", "nudge(-1, True)"),
        Binding("left_square_bracket", "part(-1)"),
        Binding("right_square_bracket", "part(1)"),
        Binding("p", "panic", "Panic"),
        Binding("f12", "panic", "Panic", priority=True),
        Binding("space,s", "start_stop", "Start, stop"),
        Binding("c", "tell('continue')"),
        Binding("R", "tell('reset')"),
        Binding("t", "tell('tap')"),
        Binding("n", "reseed"),
        Binding("e", "tell('keep')"),
        Binding("T", "take"),
        Binding("m", "switch('mute')"),
        Binding("S", "switch('solo')"),
        Binding("d", "default"),
        Binding("u", "undo"),
        Binding("w", "pad('store')"),
        Binding("r", "pad('recall')"),
        Binding("k", "scale"),
        Binding("o", "model"),
        Binding("l", "light"),
        Binding("question_mark", "help"),
        Binding("q", "leave"),
        Binding("ctrl+c", "leave", priority=True),
        *(Binding(f"f{pad}", f"recall('{pad}')") for pad in range(1, 10)),
    ]

    def __init__(
        self,
        link: Callable[[Callable[[Message], None]], Link],
        settings: TuiSettings,
        pad_file: PadFile,
        *,
        owner: bool = False,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__()
        self.state = State()
        self.link = link(self._take)
        self.hand = Hand(self.state, self._give, now)
        self.mouse = Mouse(self)
        self.words = ""
        self.wrong = False
        self._now = now
        self._said_at = 0.0
        self._pad_file = pad_file
        self._settings = settings
        self._owner = owner
        self._leaving = False
        self._pad = ""
        self._given = ""
        self._unkept: dict[str, int] = {}
        self._drawn = (-1, False, "")
        self._panels = panels(self, View())

    @property
    def connected(self) -> bool:
        """Whether the daemon tells its state."""
        return self.state.connected(self._now())

    def get_default_screen(self) -> Screen[object]:
        """Return the screen of the panels."""
        return Main(id="_default")

    def compose(self) -> ComposeResult:
        """Lay the panels out: the picture above, the controls below."""
        top, music, beliefs, *bottom = self._panels
        yield top
        with Horizontal(id="picture"):
            yield music
            yield beliefs
        yield from bottom

    async def on_mount(self) -> None:
        """Open the way to the daemon and begin to draw."""
        self.theme = LIGHT if self._settings.theme == "light" else DARK
        self.theme_changed_signal.subscribe(self, lambda _: self._recolour())
        self._recolour()
        self._load_pads()
        await self.link.open()
        self.set_interval(KEEP_SECONDS, lambda: self.link.keep(time.monotonic()))
        self.set_interval(1.0 / self._settings.rate, self.look)

    def on_unmount(self) -> None:
        """Tell the daemon that nobody looks on any more."""
        self.link.close()

    def _take(self, message: Message) -> None:
        self.hand.hear(message)
        self._tell(message)

    def _tell(self, message: Message) -> None:
        """Show where the player looks what the daemon refused or did; a value that was refused is asked for again."""
        name, text = message.address.removeprefix(PREFIX), str(*message.values[:1])
        if name == "error":
            self.say(text, wrong=True)
            self.link.send("get")
        elif name == "subscribed" and not self.state.models:
            self.link.send("models")  # so that the list is whole when it is opened
        elif name == "event/kept":
            self.say(f"kept: {text}")
        elif name == "event/model":
            self.say(f"{text} plays")

    def _load_pads(self) -> None:
        """Take the pads as the file has them by now, which other UIs write to as well; of a wrong one what is whole."""
        try:
            self._take_pads()
        except ConfigError as error:
            self.state.log.append(str(error))
            self.say(str(error), wrong=True)
            with contextlib.suppress(ConfigError):
                self._take_pads()

    def _take_pads(self) -> None:
        self.hand.pads = {**self._pad_file.load(), **self._unkept}

    def _recolour(self) -> None:
        dark = self.current_theme.dark
        for panel in self._panels:
            panel.recolour(dark)

    def look(self) -> None:
        """Draw what has changed since the last time."""
        self._forget_words()
        self.hand.settle()
        drawn = (self.state.revision, self.connected, self.link.refusal)
        if drawn != self._drawn:
            self._drawn = drawn
            self.redraw()

    def redraw(self) -> None:
        """Let every panel look at the state."""
        for panel in self._panels:
            panel.look()

    def on_resize(self, event: events.Resize) -> None:
        """Give the sliders the rows they need; too small a terminal shows what it wants to be instead."""
        width, height = event.size
        small = width < LEAST_WIDTH or height < LEAST_HEIGHT
        self.set_class(small, "small")
        self.set_class(width < 110, "narrow")
        self.query_one("#sliders", Panel).styles.height = rows_for(width)
        self._make_room(event.size)

    def say(self, text: str, *, wrong: bool = False) -> None:
        """Show a word in the last line until the next key, or for some seconds."""
        self.words, self.wrong = text, wrong
        self._said_at = self._now()
        self._make_room(self.size)
        self.redraw()

    def _make_room(self, size: Size) -> None:
        """Give the last line the rows that its words take: of the log, then of the picture."""
        panels = {panel.id: panel for panel in self._panels}
        more = len(last_lines(self.words, self.wrong, size.width)) - 1
        log = LOG_ROWS if size.height >= LOW_HEIGHT else 1
        panels["keys"].styles.height = 1 + more
        panels["log"].styles.height = max(log - more, 0)

    def _forget_words(self) -> None:
        """Show the keys again, unless an answer is waited for."""
        waiting = self._pad or self.hand.typed
        if self.words and not waiting and self._now() - self._said_at > WORDS_SECONDS:
            self.say("")

    def _try(self, work: Callable[[], object], words: str = "") -> None:
        """Do it, and show the result or the rule that was broken; or that nobody may have heard of it."""
        self._given = ""
        try:
            work()
        except ControlError as error:
            self.say(str(error), wrong=True)
            return
        if self._given:
            self._say_done(words, self._given)
        else:
            self.say(words)

    def _give(self, name: str, *values: Value) -> None:
        """Send a control's value."""
        self._given = name
        self.link.send(name, *values)

    def on_key(self, event: events.Key) -> None:
        """Take the digits: for a pad that was asked for, or for a value that is typed."""
        if len(self.screen_stack) > 1:
            return
        key = event.character or ""
        if self._pad:
            pad, self._pad = self._pad, ""
            if key in PADS:
                event.stop()
                event.prevent_default()
                self.use_pad(pad, key)
                return
            self.say("")
        digit = _digit(event)
        self.hand.typing &= bool(digit) or event.key == "backspace"
        if event.key == "escape":
            self.hand.typed = ""
            self.say("")
        elif event.key == "enter":
            if self.hand.typed:
                self._try(self.hand.enter)
        elif event.key == "backspace":
            self._try(self.hand.erase, self.words if self.hand.typed or self.hand.typing else "")
        elif digit:
            self.hand.type(digit)
            self.say(f"{self.hand.control.name}: {self._rule()}; enter gives it, escape does not")

    def _rule(self) -> str:
        control = self.hand.control
        return f"{plain(control.low)} to {plain(control.high)} {control.unit}".strip()

    def action_choose(self, steps: int) -> None:
        """Choose another control."""
        self.hand.choose(steps)
        control = self.hand.control
        names = f": {', '.join(control.choices)}" if control.choices else ""
        self.say(f"{control.name}: {control.meaning} ({self._rule()}{names})")

    def action_part(self, steps: int) -> None:
        """Choose another part."""
        self.hand.choose_part(steps)
        self.say(f"part {self.hand.part}")

    def change(self, control: Control, number: float, *, same: bool = False) -> bool:
        """Give a control a number; False where that changes nothing. ``same`` goes on with the last change."""
        changed: list[bool] = []
        self._try(lambda: changed.append(self.hand.place(control, number, same=same)))
        return changed == [True]

    def press(self, action: str) -> None:
        """Do what a key does."""
        self.call_later(self.run_action, action)

    def choose(self, place: int) -> None:
        """Choose a control, and show what it means."""
        self.action_choose(place - self.hand.chosen)

    def action_nudge(self, direction: int, coarse: bool) -> None:
        """Move the chosen control."""
        self._try(lambda: self.hand.nudge(direction, coarse))

    def action_default(self) -> None:
        """Give the chosen control its default."""
        self._try(self.hand.default)

    def action_undo(self) -> None:
        """Take the last change back."""
        undone = self.hand.undo()
        if undone:
            self._say_done(f"taken back: {undone}", undone)
        else:
            self.say("there is nothing to take back")

    def action_panic(self) -> None:
        """Silence everything at once."""
        self.link.send("panic")
        self._say_done("panic: everything is silenced")

    def _say_done(self, words: str, what: str = "") -> None:
        """Say what the daemon was told to do; where none answers, that it may not have heard it, or ``what``."""
        if self.connected:
            self.say(words)
        else:
            what = what or words.partition(":")[0]
            why = "nothing is known of the daemon" if self.link.refusal else "no daemon answers"
            self.say(f"{why}: it may not have heard {what!r}", wrong=True)

    def action_start_stop(self) -> None:
        """Start; or stop, also what does not play yet because its host does not; start nothing that may play."""
        calls_off = self.state.waiting
        name = "stop" if self.state.playing or calls_off else "start"
        if name == "start" and not self.connected:
            self.say("it may play already, so space does not start it; ^p has Start and Stop", wrong=True)
            return
        self._send(name)
        if self.state.waiting:
            self._say_done(f"{name}: waiting for the host; space calls it off")
        elif calls_off:
            self._say_done(f"{name}: no longer waiting for the host")
        else:
            self._say_done("", name)

    def action_tell(self, name: str) -> None:
        """Press one of the daemon's buttons."""
        self._send(name)
        self._say_done(name)

    def _send(self, name: str) -> None:
        self.link.send(name)
        self.state.told(name)

    def action_reseed(self) -> None:
        """Take a new seed from the system: a change like any other, so that the one before it can come back."""
        seed = fresh_seed()
        self.hand.change("seed", seed)
        self._say_done(f"new seed: {seed}")

    def action_take(self) -> None:
        """Begin a take, or end it."""
        self.link.send("record", int(not self.state.taking))
        self._say_done("the take is written" if self.state.taking else "a take begins with this bar; T ends it")

    def action_switch(self, name: str) -> None:
        """Mute or solo the chosen part."""
        part = self.hand.part
        if part:
            self._try(lambda: self.hand.switch(name, part))

    def action_pad(self, what: str) -> None:
        """Ask for a pad."""
        self._pad = what
        self._load_pads()
        self.say(f"{what} the seed: which pad, 1 to 9?")

    def action_recall(self, pad: str) -> None:
        """Take the seed of a pad."""
        self.use_pad("recall", pad)

    def use_pad(self, what: str, pad: str) -> None:
        """Store the seed on a pad, or recall it."""
        if what == "store":
            self._store(pad)
            return
        self._load_pads()
        if self.hand.recall(pad):
            self._say_done(f"seed {self.hand.pads[pad]} of pad {pad}")
        else:
            self.say(f"pad {pad} keeps no seed yet: w {pad} or a right click writes this one to it")

    def _store(self, pad: str) -> None:
        seed = self._unkept[pad] = self.hand.store(pad)
        try:
            pads = self._pad_file.keep(pad, seed)
            del self._unkept[pad]
            self.hand.pads = {**pads, **self._unkept}
            self.say(f"pad {pad} keeps seed {seed}")
        except ConfigError as error:
            self.say(f"pad {pad} keeps seed {seed} until the UI ends: {error}", wrong=True)

    def action_scale(self) -> None:
        """Let a scale or a root be chosen."""
        self.say("")
        lists = [(name, CONTROLS[name].choices, str(self.state.value(name))) for name in ("scale", "root")]
        self.push_screen(Chooser(lists), self._chosen)

    def action_model(self) -> None:
        """Let a model be chosen."""
        self.say("")
        names = self.state.models or ((self.state.model,) if self.state.model else ())
        self.link.send("models")
        self.push_screen(Chooser([("model", names, self.state.model)]), self._chosen)

    def _chosen(self, answer: tuple[str, str] | None) -> None:
        if answer is None:
            return
        name, value = answer
        if name == "model":
            self.link.send("model", value)
            self._say_done("", "model")
        else:
            self._try(lambda: self.hand.change(name, value))

    def action_light(self) -> None:
        """Change between light and dark."""
        self.say("")
        self.theme = LIGHT if self.current_theme.dark else DARK

    def action_help(self) -> None:
        """Show the keys."""
        self.say("")
        self.push_screen(Help())

    def action_leave(self) -> None:
        """Quit; ask what becomes of the music that was started with this UI, and end it where this comes twice."""
        if self._leaving or not self._owner:
            self.exit(0)
            return
        self._leaving = True
        words = ("end the music", "leave it playing")
        self.push_screen(Chooser([("quit", words, words[0])]), self._left)

    def _left(self, answer: tuple[str, str] | None) -> None:
        self._leaving = False
        if answer is not None:
            self.exit(LEAVE if answer[1].startswith("leave") else 0)

    def pop_screen(self) -> AwaitComplete:
        """Close what is laid over the picture; nothing where a key or click that came right before has done so."""
        return super().pop_screen() if len(self.screen_stack) > 1 else AwaitComplete()

    async def action_quit(self) -> None:
        """Quit, as Textual's own key and palette have it."""
        self.action_leave()

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Take hold of a slider."""
        panel, x, y = self._pointed_at(event)
        if panel is not None and panel.id == "sliders" and self.mouse.down(x, y, panel.size.width):
            panel.capture_mouse()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Drag the slider that is held."""
        panel, x, _ = self._pointed_at(event)
        if panel is not None:
            self.mouse.drag(x, panel.size.width)

    def on_mouse_up(self, _: events.MouseUp) -> None:
        """Let go of the slider."""
        self.mouse.up()
        self.capture_mouse(None)

    def on_click(self, event: events.Click) -> None:
        """Press a part, a pad, or a key of the last line."""
        panel, x, _ = self._pointed_at(event)
        if panel is not None:
            other = event.button != 1 or event.shift or event.ctrl
            self.mouse.click(panel.id or "", x, panel.size.width, other=other)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Nudge up what is pointed at."""
        self._wheel(event, 1)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Nudge down what is pointed at."""
        self._wheel(event, -1)

    def _wheel(self, event: events.MouseEvent, direction: int) -> None:
        panel, x, y = self._pointed_at(event)
        if panel is not None:
            self.mouse.wheel(panel.id or "", x, y, panel.size.width, direction, coarse=event.shift or event.ctrl)

    def _pointed_at(self, event: events.MouseEvent) -> tuple[Panel | None, int, int]:
        """Return the panel that the mouse is on, or drags on, and where on it; none under a list or the help."""
        x, y = event.screen_x, event.screen_y
        held = self.mouse_captured
        found = [panel for panel in self._panels if panel.display and panel.region.contains(x, y)]
        panel = held if isinstance(held, Panel) else next(iter(found), None)
        if panel is None or len(self.screen_stack) > 1:
            return None, 0, 0
        return panel, x - panel.region.x, y - panel.region.y

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:  # noqa: ARG002 - Textual's
        """Offer every control and button in the command palette."""
        yield SystemCommand("Quit", "leave the UI", self.action_leave)
        yield SystemCommand("Help", "the keys", self.action_help)
        yield SystemCommand("Light or dark", "change the theme", self.action_light)
        yield SystemCommand("Panic", "silence everything at once", self.action_panic)
        yield SystemCommand("Take", "begin a take, or end it and write it as a MIDI file", self.action_take)
        yield SystemCommand("Scale and root", "choose what all but the drums keep to", self.action_scale)
        yield SystemCommand("Model", "choose another model", self.action_model)
        yield SystemCommand("Reseed", "take a new seed from the system", self.action_reseed)
        yield SystemCommand("Undo", "take the last change back", self.action_undo)
        for name in ("start", "stop", "continue", "reset", "tap", "keep"):
            yield SystemCommand(name.capitalize(), f"send /musicrnn/{name}", lambda name=name: self.action_tell(name))
        for place, name in enumerate(NAMES):
            yield SystemCommand(f"Choose {name}", CONTROLS[name].meaning, lambda place=place: self.choose(place))


def _digit(event: events.Key) -> str:
    """Return what a key adds to a number that is typed, empty for nothing; a comma is its point."""
    key = KEYPAD.get(event.key, event.character or "").replace(",", ".")
    return key if len(key) == 1 and key in "0123456789.-" else ""
