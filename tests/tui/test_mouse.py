"""The mouse: sliders are dragged, parts, pads and keys are pressed, the wheel nudges."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual import events
from textual.pilot import Pilot

from musicrnn.tui.app import MusicApp
from musicrnn.tui.panel import Panel
from tests.tui.stand_in import StandIn, on_screen, screen_text, until


def place_of(app: MusicApp, panel: str, text: str) -> tuple[int, int]:
    """Return where on the screen a text begins in a panel."""
    region = app.query_one(f"#{panel}", Panel).region
    for row, line in enumerate(screen_text(app).splitlines()):
        if region.y <= row < region.bottom and text in line:
            return line.index(text), row
    raise AssertionError(f"{text!r} is not in {panel}: {screen_text(app)}")


async def turn(pilot: Pilot[int], kind: type[events.MouseEvent], at: tuple[int, int]) -> None:
    """Turn the wheel at a place of the screen."""
    await pilot.hover(offset=at)
    pilot.app.post_message(kind(None, *at, 0, 0, 0, False, False, False, *at))
    await pilot.pause()


def test_a_slider_is_dragged_and_the_whole_way_is_taken_back_at_once() -> None:
    """To the end of its track and beyond is the end of its range, though the mouse leaves the row."""

    async def act(daemon: StandIn, app: MusicApp, pilot: Pilot[int]) -> None:
        x, y = place_of(app, "sliders", "mu")
        await pilot.mouse_down(offset=(x + 11, y))
        for step in range(12, 30, 2):
            await pilot.hover(offset=(x + step, y - step % 3))
        await pilot.mouse_up(offset=(x + 30, y - 2))
        await until(pilot, lambda: (16.0,) in daemon.asked("mu"), "the end of the range")
        sent = [values[0] for values in daemon.asked("mu")]
        assert sent == sorted(sent)
        assert len(sent) > 2
        await pilot.hover(offset=(x + 12, y))
        assert app.state.value("mu") == 16.0
        await pilot.press("u")
        await until(pilot, lambda: daemon.asked("mu")[-1] == (1.0,), "the value before")

    on_screen(act)


def test_a_click_on_a_name_chooses_it_and_changes_nothing() -> None:
    """What it means is said."""

    async def act(daemon: StandIn, app: MusicApp, pilot: Pilot[int]) -> None:
        await pilot.click(offset=place_of(app, "sliders", "density"))
        assert app.hand.control.name == "density"
        assert "more or fewer notes" in screen_text(app)
        assert daemon.asked("density") == []

    on_screen(act)


def test_a_switch_is_turned_over_by_a_click() -> None:
    """On, and off again; it shows its state without colour."""

    async def act(daemon: StandIn, app: MusicApp, pilot: Pilot[int]) -> None:
        x, y = place_of(app, "sliders", "solo")
        assert "solo      [ ]" in screen_text(app)
        await pilot.click(offset=(x + 11, y))
        assert "solo      [■]" in screen_text(app)
        await pilot.click(offset=(x + 11, y))
        await until(pilot, lambda: daemon.asked("solo") == [("soprano", 1), ("soprano", 0)], "on and off")

    on_screen(act)


@pytest.mark.parametrize(
    ("kind", "value"), [(events.MouseScrollUp, 0.1), (events.MouseScrollDown, -0.1)], ids=["up", "down"]
)
def test_the_wheel_nudges_what_it_is_over(kind: type[events.MouseEvent], value: float) -> None:
    """Not what was chosen before; over the picture and the warnings it does nothing."""

    async def act(daemon: StandIn, app: MusicApp, pilot: Pilot[int]) -> None:
        for panel in ("roll", "log", "pads"):
            region = app.query_one(f"#{panel}", Panel).region
            await turn(pilot, kind, (region.x + 2, region.y))
        await turn(pilot, kind, place_of(app, "sliders", "density"))
        await until(pilot, lambda: bool(daemon.asked("density")), "a message")
        assert daemon.asked("density") == [pytest.approx((value,))]
        assert {message.address.split("/")[2] for message in daemon.heard} <= {"subscribe", "models", "density"}

    on_screen(act)


@pytest.mark.parametrize(("button", "shift", "name"), [(1, False, "mute"), (1, True, "solo"), (3, False, "solo")])
def test_a_part_is_muted_or_soloed_by_a_click(button: int, shift: bool, name: str) -> None:
    """And chosen."""

    async def act(daemon: StandIn, app: MusicApp, pilot: Pilot[int]) -> None:
        await pilot.click(offset=place_of(app, "parts", "alto"), button=button, shift=shift)
        await until(pilot, lambda: daemon.asked(name) == [("alto", 1)], "a message")
        assert app.hand.part == "alto"

    on_screen(act)


def test_a_pad_is_written_by_the_right_button_and_recalled_by_the_left(tmp_path: Path) -> None:
    """One that keeps nothing says so."""

    async def act(daemon: StandIn, app: MusicApp, pilot: Pilot[int]) -> None:
        second = place_of(app, "pads", "2 ")
        await pilot.click(offset=second)
        assert "pad 2 keeps no seed yet" in screen_text(app)
        await pilot.click(offset=second, button=3)
        assert "pad 2 keeps seed 187093702" in screen_text(app)
        daemon.tell("seed", 5)
        await until(pilot, lambda: app.state.value("seed") == 5, "another seed")
        await pilot.click(offset=second)
        await until(pilot, lambda: daemon.asked("seed") == [(187093702,)], "the seed of the pad")

    on_screen(act, pads=tmp_path / "seed-pads.json")


@pytest.mark.parametrize(("text", "name"), [("start/stop", "stop"), ("PANIC", "panic")])
def test_the_keys_of_the_last_line_are_buttons(text: str, name: str) -> None:
    """They do what the key does."""

    async def act(daemon: StandIn, app: MusicApp, pilot: Pilot[int]) -> None:
        await pilot.click(offset=place_of(app, "keys", text))
        await until(pilot, lambda: bool(daemon.asked(name)), "a message")

    on_screen(act)


def test_a_click_on_a_warning_does_nothing() -> None:
    """Nor on the picture, nor beside the sliders."""

    async def act(daemon: StandIn, app: MusicApp, pilot: Pilot[int]) -> None:
        for panel in ("log", "roll", "belief", "figures", "top"):
            await pilot.click(f"#{panel}")
        assert {message.address.split("/")[2] for message in daemon.heard} <= {"subscribe", "models"}

    on_screen(act)
