"""The terminal UI, driven by keys and the mouse, against a stand-in for the daemon."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from textual import events
from textual.binding import Binding
from textual.pilot import Pilot

from musicrnn.control import CONTROLS
from musicrnn.tui.app import LEAVE, MusicApp
from musicrnn.tui.link import Link
from musicrnn.tui.packets import Value
from musicrnn.tui.pads import PadFile
from musicrnn.tui.paint import words
from musicrnn.tui.panel import Panel
from musicrnn.tui.pending import ECHO_SECONDS
from musicrnn.tui.screens import KEYS, Chooser, Help
from tests.tui.stand_in import Scene, StandIn, app_for, chorale, on_screen, screen_text, until


def sends(keys: list[str], name: str, *values: Value) -> None:
    """Press keys and see that the last message of a name has these values."""

    async def act(daemon: StandIn, app: MusicApp, pilot: Pilot[int]) -> None:
        await pilot.press(*keys)
        await until(pilot, lambda: bool(daemon.asked(name)), f"a message {name}")
        assert daemon.asked(name)[-1] == pytest.approx(values)

    on_screen(act)


@pytest.mark.parametrize("key", ["p", "f12"])
def test_panic_is_one_key(key: str) -> None:
    """On the main screen by p, everywhere by F12."""
    sends([key], "panic")


@pytest.mark.parametrize("screen", ["question_mark", "k", "ctrl+p"])
def test_panic_works_over_every_screen(screen: str) -> None:
    """Help, a list to choose from, the command palette where p is a letter."""
    sends([screen, "f12"], "panic")


@pytest.mark.parametrize(
    ("keys", "name", "values"),
    [
        (["right"], "mu", (1.05,)),
        (["shift+right"], "mu", (1.25,)),
        (["left"], "mu", (0.95,)),
        (["1", ".", "5", "enter"], "mu", (1.5,)),
        (["1", "comma", "5", "enter"], "mu", (1.5,)),
        (["1", "decimal", "5", "enter"], "mu", (1.5,)),
        (["1", "separator", "5", "enter"], "mu", (1.5,)),
        ([*["down"] * 9, "subtract", "5", "enter"], "transpose", (-5,)),
        (["down", "backspace"], "sigma", (0.0,)),
        (["down", "down", "right"], "span", ("run",)),
        (["space"], "stop", ()),
        (["c"], "continue", ()),
        (["R"], "reset", ()),
        (["t"], "tap", ()),
        (["e"], "keep", ()),
        (["T"], "record", (1,)),
        (["m"], "mute", ("soprano", 1)),
        (["right_square_bracket", "S"], "solo", ("alto", 1)),
        (["left_square_bracket", "m"], "mute", ("bass", 0)),
        (["tab", "m"], "mute", ("alto", 1)),
        (["shift+tab", "m"], "mute", ("bass", 0)),
    ],
)
def test_keys_steer_the_daemon(keys: list[str], name: str, values: tuple[Value, ...]) -> None:
    """Each key does what the help says; floats come as 32 bits."""
    sends(keys, name, *values)


@pytest.mark.parametrize(
    ("keys", "rule"),
    [
        (["down"] * 4, "(0 to 2147483647)"),
        (["down"] * 4 + ["7"], "seed: 0 to 2147483647; enter gives it"),
        (["down"] * 2, "(0 to 3: tick, run, bar, token)"),
        (["down"] * 5, "(20 to 999 bpm)"),
    ],
)
def test_what_a_control_takes_is_told(keys: list[str], rule: str) -> None:
    """With all digits, and with the names that the numbers stand for."""

    async def act(daemon: StandIn, app: MusicApp, pilot: Pilot[int]) -> None:
        await pilot.press(*keys)
        assert rule in screen_text(app)

    on_screen(act, (160, 48))


def test_the_last_change_is_taken_back() -> None:
    """Once for each change, and then there is nothing left."""

    async def act(daemon: StandIn, app: MusicApp, pilot: Pilot[int]) -> None:
        await pilot.press("right", "right", "u", "u", "u")
        await until(pilot, lambda: len(daemon.asked("mu")) == 4, "four messages")
        assert [values[0] for values in daemon.asked("mu")] == pytest.approx([1.05, 1.1, 1.05, 1.0])
        assert "nothing to take back" in screen_text(app)

    on_screen(act)


def test_what_is_told_late_holds_once_its_time_is_over() -> None:
    """Until then it costs a held key no step."""
    clock = [100.0]

    async def act(daemon: StandIn, app: MusicApp, pilot: Pilot[int]) -> None:
        await pilot.press("right")
        daemon.tell("mu", 5.0)
        daemon.tell("sigma", 0.5)
        await until(pilot, lambda: app.state.value("sigma") == 0.5, "what was told after it")
        await pilot.press("right")
        await until(pilot, lambda: len(daemon.asked("mu")) == 2, "two steps")
        assert [values[0] for values in daemon.asked("mu")] == pytest.approx([1.05, 1.1])
        clock[0] += ECHO_SECONDS
        await until(pilot, lambda: app.state.value("mu") == 5.0, "what the other surface gave")

    on_screen(act, now=lambda: clock[0])


def test_a_new_seed_is_taken_back() -> None:
    """The one before it comes back, and then what was changed before that."""

    async def act(daemon: StandIn, app: MusicApp, pilot: Pilot[int]) -> None:
        await pilot.press("right", "n")
        await until(pilot, lambda: len(daemon.asked("seed")) == 1, "a new seed")
        ((new,),) = daemon.asked("seed")
        assert f"new seed: {new}" in screen_text(app)
        daemon.tell("seed", new)
        await pilot.press("u")
        assert "taken back: seed" in screen_text(app)
        await until(pilot, lambda: daemon.asked("seed") == [(new,), (187093702,)], "the old seed")
        await pilot.press("u")
        assert "taken back: mu" in screen_text(app)

    on_screen(act)


def test_a_change_that_the_daemon_refused_is_not_taken_back() -> None:
    """What was changed before it is, and what was changed beside it; also where the host's tempo goes on meanwhile."""

    async def act(daemon: StandIn, app: MusicApp, pilot: Pilot[int]) -> None:
        await pilot.press("right", *["down"] * 5, "right", "right")
        await until(pilot, lambda: len(daemon.asked("tempo")) == 2, "the tempo")
        daemon.tell("mu", 1.05)
        for _ in range(2):
            daemon.tell("error", "tempo must be set in the host while play.clock is not internal, got 121")
        await until(pilot, lambda: bool(daemon.asked("get")), "a question for the values")
        daemon.tell("mu", 1.05)
        daemon.tell("tempo", 120.3)
        await until(pilot, lambda: app.state.value("tempo") == pytest.approx(120.3), "the host's tempo")
        await pilot.press("u")
        assert "taken back: mu" in screen_text(app)
        await pilot.press("u")
        assert "nothing to take back" in screen_text(app)
        await until(pilot, lambda: len(daemon.asked("mu")) == 2, "mu")
        assert daemon.asked("mu")[-1] == (1.0,)
        assert len(daemon.asked("tempo")) == 2

    on_screen(act)


@pytest.mark.parametrize(
    "keys", [["space"], ["s"], ["l"], ["question_mark", "escape"], ["k", "escape"], ["o", "escape"]]
)
def test_what_a_key_did_is_not_said_beyond_the_next_key(keys: list[str]) -> None:
    """Also where that has nothing to say of its own: the keys are shown again."""

    async def act(daemon: StandIn, app: MusicApp, pilot: Pilot[int]) -> None:
        await pilot.press("u")
        assert "nothing to take back" in screen_text(app)
        await pilot.press(*keys)
        assert "nothing to take back" not in screen_text(app)
        assert "PANIC" in screen_text(app)

    on_screen(act)


HOST_STANDS: Scene = [
    *chorale(),
    ("stream/source", ("MIDI clock, waiting for the host", "MusicRNN:out", "")),
    ("stream/place", (0, 7, 1, 120, 120.0, 0.0)),
]


@pytest.mark.parametrize("told", [False, True])
def test_the_start_key_calls_off_a_start_that_waits_for_the_host(told: bool) -> None:
    """One of this UI, or one that the daemon tells of; and it starts again."""

    async def act(daemon: StandIn, app: MusicApp, pilot: Pilot[int]) -> None:
        await until(pilot, lambda: "■ stopped" in screen_text(app), "the scene")
        if told:
            daemon.tell("event/warning", "waiting for the host to start")
        else:
            await pilot.press("space")
            assert "waiting for the host; space calls it off" in screen_text(app)
        await until(pilot, lambda: "◌ waiting" in screen_text(app), "the start that waits")
        await pilot.press("space")
        assert "no longer waiting for the host" in screen_text(app)
        assert "■ stopped" in screen_text(app)
        await pilot.press("space")
        starts = 1 if told else 2
        await until(pilot, lambda: len(daemon.asked("start")) == starts, "another start")
        assert len(daemon.asked("stop")) == 1

    on_screen(act, (120, 40), scene=HOST_STANDS)


def test_what_has_waited_for_the_host_and_plays_is_stopped() -> None:
    """As if it had never waited; so it is by the palette's Stop, which calls it off, too."""

    async def act(daemon: StandIn, app: MusicApp, pilot: Pilot[int]) -> None:
        await until(pilot, lambda: "■ stopped" in screen_text(app), "the scene")
        app.action_tell("continue")
        await until(pilot, lambda: "◌ waiting" in screen_text(app), "the start that waits")
        app.action_tell("stop")
        await until(pilot, lambda: "■ stopped" in screen_text(app), "the end of it")
        app.action_tell("start")
        daemon.tell("stream/place", 1, 7, 1, 121, 120.0, 0.1)
        await until(pilot, lambda: "▶ playing" in screen_text(app), "the host")
        daemon.tell("stream/place", 0, 7, 1, 122, 120.0, 0.0)
        await until(pilot, lambda: "■ stopped" in screen_text(app), "the end")

    on_screen(act, (120, 40), scene=HOST_STANDS)


def test_a_seed_is_stored_on_a_pad_and_recalled(tmp_path: Path) -> None:
    """Another seed in between; the next start knows the pad, too."""
    pads = tmp_path / "seed-pads.json"

    async def act(daemon: StandIn, app: MusicApp, pilot: Pilot[int]) -> None:
        await pilot.press("w", "3", "down", "down", "down", "down", "7", "enter", "r", "3")
        await until(pilot, lambda: len(daemon.asked("seed")) == 2, "two messages")
        assert daemon.asked("seed") == [(7,), (187093702,)]
        await pilot.press("r", "4")
        assert "keeps no seed" in screen_text(app)

    async def again(daemon: StandIn, app: MusicApp, pilot: Pilot[int]) -> None:
        assert "3▸187093702" in screen_text(app)
        await pilot.press("down", "down", "down", "down", "7", "enter", "f3")
        await until(pilot, lambda: len(daemon.asked("seed")) == 2, "two messages")
        assert daemon.asked("seed") == [(7,), (187093702,)]

    on_screen(act, pads=pads)
    on_screen(again, pads=pads)


def test_a_pad_that_another_ui_wrote_is_recalled(tmp_path: Path) -> None:
    """As soon as it is asked for; it is shown from the question on."""
    pads = tmp_path / "seed-pads.json"

    async def act(daemon: StandIn, app: MusicApp, pilot: Pilot[int]) -> None:
        PadFile(pads).keep("5", 4711)
        await pilot.press("f5")
        await until(pilot, lambda: daemon.asked("seed") == [(4711,)], "the seed of pad 5")
        PadFile(pads).keep("6", 815)
        await pilot.press("r")
        assert "6 815" in screen_text(app)

    on_screen(act, pads=pads)


def test_a_pad_that_cannot_be_kept_is_recalled_all_the_same(tmp_path: Path) -> None:
    """It outlasts what the file has, until one can be written."""
    pads = tmp_path / "seed-pads.json"

    async def act(daemon: StandIn, app: MusicApp, pilot: Pilot[int]) -> None:
        pads.mkdir()
        await pilot.press("w", "3")
        assert "until the UI ends" in screen_text(app)
        pads.rmdir()
        PadFile(pads).keep("3", 4711)
        await pilot.press("r", "3")
        assert "seed 187093702 of pad 3" in screen_text(app)

    on_screen(act, pads=pads)


def test_a_pad_that_cannot_be_kept_says_why() -> None:
    """It works until the end all the same."""

    async def act(daemon: StandIn, app: MusicApp, pilot: Pilot[int]) -> None:
        await pilot.press("w", "3")
        assert "pad 3 keeps seed 187093702 until the UI ends" in screen_text(app)
        assert "3▸187093702" in screen_text(app)

    on_screen(act)


def test_a_broken_file_of_pads_is_told_of(tmp_path: Path) -> None:
    """In the log and where the eye is."""
    pads = tmp_path / "seed-pads.json"
    pads.write_text("{", encoding="utf-8")

    async def act(daemon: StandIn, app: MusicApp, pilot: Pilot[int]) -> None:
        assert "must be JSON; it is now seed-pads.json.broken" in screen_text(app)

    on_screen(act, (300, 40), pads=pads)


def test_pads_that_are_whole_are_there_though_another_is_not(tmp_path: Path) -> None:
    """From the start on."""
    pads = tmp_path / "seed-pads.json"
    pads.write_text('{"format": 1, "pads": {"0": 815, "5": 4711}}', encoding="utf-8")

    async def act(daemon: StandIn, app: MusicApp, pilot: Pilot[int]) -> None:
        assert "it is now seed-pads.json.broken, and pad 5 is kept" in screen_text(app)
        await pilot.press("f5")
        await until(pilot, lambda: daemon.asked("seed") == [(4711,)], "the seed of pad 5")

    on_screen(act, (300, 40), pads=pads)


@pytest.mark.parametrize("key", ["0", "²", "a"])
def test_what_is_no_pad_keeps_no_seed(tmp_path: Path, key: str) -> None:
    """Also where Unicode has it for a digit; the pads that are there stay."""
    pads = tmp_path / "seed-pads.json"

    async def act(daemon: StandIn, app: MusicApp, pilot: Pilot[int]) -> None:
        await pilot.press("w", "3", "w", key, "escape", "r", "3")
        assert "seed 187093702 of pad 3" in screen_text(app)

    on_screen(act, pads=pads)
    assert PadFile(pads).load() == {"3": 187093702}


def test_a_value_out_of_range_is_refused_with_the_rule() -> None:
    """Nothing is sent."""

    async def act(daemon: StandIn, app: MusicApp, pilot: Pilot[int]) -> None:
        await pilot.press("9", "9", "enter")
        await until(pilot, lambda: "mu must be in 0..16, got 99" in screen_text(app), "the rule")
        assert daemon.asked("mu") == []

    on_screen(act)


@pytest.mark.parametrize("second", [".", "comma"])
def test_a_number_with_two_points_is_refused(second: str) -> None:
    """A comma is one."""

    async def act(daemon: StandIn, app: MusicApp, pilot: Pilot[int]) -> None:
        await pilot.press("1", "comma", "5", second, "5", "enter")
        assert "mu must be a number, got '1.5.5'" in screen_text(app)
        assert daemon.asked("mu") == []

    on_screen(act)


@pytest.mark.parametrize("between", [[], ["right"]])
def test_one_backspace_too_many_does_not_reset_the_control(between: list[str]) -> None:
    """A value that was typed is gone, and no more, however long the key is held."""

    async def act(daemon: StandIn, app: MusicApp, pilot: Pilot[int]) -> None:
        await pilot.press("right", "1", "5", *between, *["backspace"] * 4)
        assert app.hand.typed == ""
        assert app.state.value("mu") == pytest.approx(1.05 + 0.05 * len(between))

    on_screen(act)


@pytest.mark.parametrize("after", [["down", "up"], ["escape"], ["2", "enter"], ["["]])
def test_backspace_is_the_default_again_after_another_key(after: list[str]) -> None:
    """It is not for ever that of what was typed."""

    async def act(daemon: StandIn, app: MusicApp, pilot: Pilot[int]) -> None:
        await pilot.press("right", "1", "5", *["backspace"] * 3, *after)
        assert app.state.value("mu") == pytest.approx(2.0 if "2" in after else 1.05)
        await pilot.press("backspace")
        assert app.state.value("mu") == 1.0

    on_screen(act)


def test_escape_gives_a_typed_value_up() -> None:
    """What is shown is the value that holds."""

    async def act(daemon: StandIn, app: MusicApp, pilot: Pilot[int]) -> None:
        await pilot.press("9", "escape", "enter", "p")
        await until(pilot, lambda: bool(daemon.asked("panic")), "a message that came later")
        assert daemon.asked("mu") == []

    on_screen(act)


def test_a_scale_and_a_root_are_chosen_from_lists() -> None:
    """The list begins at what holds."""

    async def act(daemon: StandIn, app: MusicApp, pilot: Pilot[int]) -> None:
        await pilot.press("k", "down", "enter", "k", "tab", "down", "down", "enter")
        await until(pilot, lambda: bool(daemon.asked("root")), "a root")
        assert daemon.asked("scale") == [("major",)]
        assert daemon.asked("root") == [("D",)]

    on_screen(act)


@pytest.mark.parametrize(("key", "second"), [("k", "enter"), ("k", "escape"), ("o", "enter")])
def test_what_closes_a_list_may_come_twice_at_once(key: str, second: str) -> None:
    """As of a key that is held, or of a terminal that stood still: what came first counts, and the UI goes on."""

    async def act(daemon: StandIn, app: MusicApp, pilot: Pilot[int]) -> None:
        await pilot.press(key)
        await until(pilot, lambda: len(app.screen_stack) == 2, "a list")
        for name in ("enter", second, second):
            app.post_message(events.Key(name, None))
        await until(pilot, lambda: len(app.screen_stack) == 1, "the end of the list")
        await pilot.press("p")
        await until(pilot, lambda: bool(daemon.asked("panic")), "a key of the picture")

    on_screen(act)


def test_the_palette_may_be_clicked_away_twice_at_once() -> None:
    """The second click comes to what is closed already."""

    async def act(daemon: StandIn, app: MusicApp, pilot: Pilot[int]) -> None:
        await pilot.press("ctrl+p")
        await until(pilot, lambda: app.screen.has_class("-ready"), "the palette")
        for kind in (events.MouseDown, events.MouseUp) * 2:
            app.post_message(kind(None, 0, 20, 0, 0, 1, False, False, False, 0, 20))
        await until(pilot, lambda: len(app.screen_stack) == 1, "the end of the palette")
        await pilot.press("p")
        await until(pilot, lambda: bool(daemon.asked("panic")), "a key of the picture")

    on_screen(act)


def test_the_help_and_the_manual_have_every_key() -> None:
    """Each that is bound to a letter."""
    letters = {
        key for one in MusicApp.BINDINGS if isinstance(one, Binding) for key in one.key.split(",") if len(key) == 1
    }
    words = {word.strip(",") for keys, _ in KEYS for word in keys.split()}
    manual = (Path(__file__).parents[2] / "docs" / "tui.md").read_text(encoding="utf-8")
    assert {"T", "p", "u"} <= letters
    assert letters <= words
    assert not [letter for letter in letters if f"`{letter}`" not in manual]


def test_the_help_opens_and_closes() -> None:
    """Over the picture, which goes on."""

    async def act(daemon: StandIn, app: MusicApp, pilot: Pilot[int]) -> None:
        await pilot.press("question_mark")
        assert isinstance(app.screen, Help)
        await pilot.press("escape")
        assert not isinstance(app.screen, Help)

    on_screen(act)


def test_the_command_palette_has_every_control_and_button() -> None:
    """By their names."""

    async def act(daemon: StandIn, app: MusicApp, pilot: Pilot[int]) -> None:
        titles = {command.title for command in app.get_system_commands(app.screen)}
        assert {"Panic", "Start", "Keep", "Choose density", "Choose solo"} <= titles

    on_screen(act)


@pytest.mark.parametrize("keys", [["q"], ["ctrl+c"], ["question_mark", "ctrl+c"], ["ctrl+p", "ctrl+c"]])
def test_quitting_leaves_a_daemon_of_its_own_alone(keys: list[str]) -> None:
    """It is unsubscribed from and told nothing else; ctrl+c quits from every screen."""
    seen: list[StandIn] = []

    async def act(daemon: StandIn, app: MusicApp, pilot: Pilot[int]) -> None:
        seen.append(daemon)
        await pilot.press(*keys)
        await until(pilot, lambda: not app.is_running, "the end")

    assert on_screen(act) == 0
    told = {message.address.removeprefix("/musicrnn/") for message in seen[0].heard}
    assert told == {"subscribe", "models", "unsubscribe"}


@pytest.mark.parametrize("ask", ["q", "ctrl+c"])
@pytest.mark.parametrize(
    ("keys", "status"),
    [(["enter"], 0), (["down", "enter"], LEAVE), (["ctrl+c"], 0), (["escape", "ctrl+c", "enter"], 0)],
)
def test_quitting_asks_about_music_that_was_started_with_it(ask: str, keys: list[str], status: int) -> None:
    """To end it comes first, and is what a second ctrl+c does."""

    async def act(daemon: StandIn, app: MusicApp, pilot: Pilot[int]) -> None:
        await pilot.press(ask)
        assert isinstance(app.screen, Chooser)
        await pilot.press(*keys)
        await until(pilot, lambda: not app.is_running, "the end")

    assert on_screen(act, owner=True) == status


def test_the_answer_that_ends_the_music_may_come_twice_at_once() -> None:
    """It ends: a UI that ends with a status of its own would leave it playing."""

    async def act(daemon: StandIn, app: MusicApp, pilot: Pilot[int]) -> None:
        await pilot.press("q")
        for name in ("enter", "enter"):
            app.post_message(events.Key(name, None))
        await until(pilot, lambda: not app.is_running, "the end")
        assert app.return_code == 0

    assert on_screen(act, owner=True) == 0


@pytest.mark.parametrize("owner", [False, True])
def test_a_subscription_that_has_ended_is_asked_for_again(owner: bool) -> None:
    """The terminal stood still for longer than the lease: the music goes on, and so does the UI that it began with."""

    async def act(daemon: StandIn, app: MusicApp, pilot: Pilot[int]) -> None:
        before = len(daemon.asked("subscribe"))
        daemon.tell("unsubscribed")
        await until(pilot, lambda: len(daemon.asked("subscribe")) > before, "another subscription")
        daemon.tell("stream/model", "drums", "", 4, 16, 4, 4)
        await until(pilot, lambda: "drums" in screen_text(app), "what the daemon tells then")

    assert on_screen(act, owner=owner) == 0


def test_it_says_where_it_looks_and_connects_once_a_daemon_is_there() -> None:
    """Before, after, and again after the daemon has gone and come back at the same port."""

    async def run() -> None:
        daemon = StandIn(scene=chorale())
        await daemon.open()
        daemon.close()
        app = app_for(daemon)
        async with app.run_test(size=(80, 24)) as pilot:
            missing = f"no daemon answers at 127.0.0.1:{daemon.port}"
            await until(pilot, lambda: missing in screen_text(app), "the address")
            assert "musicrnn-daemon in another terminal" in screen_text(app)
            assert "where it is" in screen_text(app)
            for _ in range(2):
                await daemon.open(daemon.port)
                await until(pilot, lambda: "chorales" in screen_text(app), "the model")
                daemon.close()
                await until(pilot, lambda: missing in screen_text(app), "the address again")
            told = {
                "p": "panic",
                "t": "tap",
                "T": "a take begins with this bar; T ends it",
                "m": "mute",
                "u": "mute soprano",
            }
            told |= {"right": "mu", "d": "mu", "space": "stop"}
            for key, what in told.items():
                await pilot.press(key)
                assert f" no daemon answers: it may not have heard {what!r}" in " ".join(screen_text(app).split())
            await pilot.press("5", "backspace", "backspace")
            assert "it may not have heard" not in screen_text(app)
            for value in (1.5, 1.0):
                app.change(CONTROLS["mu"], value)
            restarted: Scene = [*chorale(), ("stream/place", (1, 0, 1, 2, 120.0, 0.1))]
            daemon.scene = restarted
            await daemon.open(daemon.port)
            await until(pilot, lambda: "bar 1.2" in screen_text(app), "another daemon")
            await pilot.press("u")
            assert "nothing to take back" in screen_text(app)
            daemon.close()

    asyncio.run(run())


def test_where_the_subscription_is_refused_nothing_is_known_and_space_starts_nothing() -> None:
    """Though the daemon answers, and tells a control's value: it may play. The reason is whole, and stays."""
    full = "there must be at most 8 subscribers, got another"

    async def run() -> None:
        daemon = StandIn(scene=chorale(), refusal=full)
        await daemon.open()
        app = app_for(daemon)
        async with app.run_test(size=(80, 24)) as pilot:
            tells_nothing = f"127.0.0.1:{daemon.port} tells nothing: there must be at most 8"
            await until(pilot, lambda: tells_nothing in screen_text(app).splitlines()[0], "the refusal")
            daemon.tell("mu", 1.5)
            await until(pilot, lambda: app.state.value("mu") == 1.5, "a control")
            assert "stopped" not in screen_text(app)
            await pilot.press("space")
            assert "it may play already, so space does not start it" in screen_text(app)
            assert full in screen_text(app)
            await pilot.press("p")
            await until(pilot, lambda: bool(daemon.asked("panic")), "panic")
            assert "nothing is known of the daemon: it may not have heard 'panic'" in screen_text(app)
            assert daemon.asked("start") == []
            daemon.refusal = ""
            await until(pilot, lambda: "chorales" in screen_text(app), "the scene, once there is room")
            await pilot.press("space")
            await until(pilot, lambda: bool(daemon.asked("stop")), "the stop of what plays")
        daemon.close()

    asyncio.run(run())


@pytest.mark.parametrize(("host", "shown"), [("127.0.0.1", "127.0.0.1:9000"), ("::1", "[::1]:9000")])
def test_where_it_looks_is_said_with_the_port_apart(host: str, shown: str) -> None:
    """Also of an IPv6 address, which has colons of its own."""
    assert Link(host, 9000, 10.0, lambda _: None).address == shown


@pytest.mark.parametrize("size", [(1, 1), (20, 4), (59, 24), (80, 17), (60, 18), (80, 24), (160, 48), (300, 90)])
def test_every_size_is_drawn_without_a_crash(size: tuple[int, int]) -> None:
    """One that is too small says what it needs and still obeys panic."""

    async def act(daemon: StandIn, app: MusicApp, pilot: Pilot[int]) -> None:
        await pilot.press("p")
        await until(pilot, lambda: bool(daemon.asked("panic")), "panic")
        if size in {(59, 24), (80, 17)}:
            assert "MusicRNN needs 60 by 18" in screen_text(app)
        if size[0] >= 60 and size[1] >= 18:
            assert "soprano" in screen_text(app)

    on_screen(act, size)


def test_the_terminal_may_change_its_size_while_it_plays() -> None:
    """Down to nothing and back."""

    async def act(daemon: StandIn, app: MusicApp, pilot: Pilot[int]) -> None:
        for size in ((10, 3), (160, 48), (60, 18), (80, 24)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
        assert "soprano" in screen_text(app)

    on_screen(act)


def test_the_rows_are_those_of_the_new_size_before_any_key() -> None:
    """The log has four where there is room, and one where the terminal is low; the last line is always there."""

    async def act(daemon: StandIn, app: MusicApp, pilot: Pilot[int]) -> None:
        for size, rows in (((160, 48), 4), ((60, 18), 1), ((120, 40), 4), ((80, 24), 1)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
            assert app.query_one("#log").size.height == rows
            await until(pilot, lambda: "quit" in screen_text(app).splitlines()[-1], "the keys")

    on_screen(act)


def test_what_the_network_sends_cannot_command_the_terminal() -> None:
    """Escapes and line ends in a warning are drawn as marks; markup is text."""
    scene: Scene = [*chorale(), ("event/warning", ("\x1b[2Jgone\r\n[red]x",))]

    async def act(daemon: StandIn, app: MusicApp, pilot: Pilot[int]) -> None:
        await until(pilot, lambda: "[2Jgone" in screen_text(app), "the warning")
        assert "\x1b" not in screen_text(app)
        assert "\ufffd[2Jgone\ufffd\ufffd[red]x" in screen_text(app)

    on_screen(act, scene=scene)


def test_what_the_daemon_refuses_is_said_where_the_eye_is() -> None:
    """In the last line, and the values that hold are asked for; a key takes the words away."""

    async def act(daemon: StandIn, app: MusicApp, pilot: Pilot[int]) -> None:
        daemon.tell("error", "tempo must be left to the host")
        await until(pilot, lambda: "tempo must be left" in screen_text(app).splitlines()[-1], "the rule")
        await until(pilot, lambda: bool(daemon.asked("get")), "a question for the values")
        await pilot.press("escape")
        assert "quit" in screen_text(app).splitlines()[-1]

    on_screen(act)


LONG = (
    "scale must be one of chromatic, major, minor, harmonic-minor, melodic-minor, dorian, phrygian, lydian, "
    "mixolydian, locrian, major-pentatonic, minor-pentatonic, blues, whole-tone, di"
)


@pytest.mark.parametrize(("size", "picture"), [((60, 18), 1), ((80, 24), 11), ((120, 40), 25)])
@pytest.mark.parametrize("text", [LONG[:100], LONG])
def test_a_long_refusal_is_whole_and_costs_only_rows_of_the_log_and_the_picture(
    text: str, size: tuple[int, int], picture: int
) -> None:
    """As many as it takes; the next key gives them back."""

    async def act(daemon: StandIn, app: MusicApp, pilot: Pilot[int]) -> None:
        before = screen_text(app)
        daemon.tell("error", text)
        await until(pilot, lambda: text in " ".join(screen_text(app).split()), "all of the words")
        for panel in ("parts", "sliders", "pads", "figures"):
            lines = [words(line).rstrip() for line in app.query_one(f"#{panel}", Panel).seen()]
            assert all(line in screen_text(app) for line in lines)
        assert app.query_one("#picture").size.height >= picture
        await pilot.press("escape")
        await until(pilot, lambda: app.query_one("#keys").size.height == 1, "the keys")
        assert screen_text(app).splitlines()[:-6] == before.splitlines()[:-6]

    on_screen(act, size)


@pytest.mark.parametrize(
    ("name", "text", "shown"),
    [("event/kept", "kept-1.mid", "kept: kept-1.mid"), ("event/model", "drums", "drums plays")],
)
def test_what_was_done_is_said_where_the_eye_is(name: str, text: str, shown: str) -> None:
    """Bars that were kept, another model."""

    async def act(daemon: StandIn, app: MusicApp, pilot: Pilot[int]) -> None:
        daemon.tell(name, text)
        await until(pilot, lambda: shown in screen_text(app).splitlines()[-1], "the words")

    on_screen(act)


def test_the_list_of_models_is_whole_when_it_is_opened_first() -> None:
    """It is asked for once a daemon answers."""

    async def act(daemon: StandIn, app: MusicApp, pilot: Pilot[int]) -> None:
        await until(pilot, lambda: bool(daemon.asked("models")), "a question for the models")
        daemon.tell("models", "chorales", "drums")
        await until(pilot, lambda: app.state.models == ("chorales", "drums"), "the models")
        await pilot.press("o", "down", "enter")
        await until(pilot, lambda: daemon.asked("model") == [("drums",)], "the model")

    on_screen(act)
