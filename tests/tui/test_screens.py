"""The whole screen as text, beside the one that is kept: `python -m tests.tui.test_screens` writes them anew."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.tui.stand_in import StandIn, app_for, chorale, screen_text, until

SCREENS = Path(__file__).parent / "screens"
SIZES = ((80, 24), (160, 48))


async def screen_of(size: tuple[int, int], theme: str = "dark") -> str:
    """Return the screen that shows the scene; the port in it is written as PORT."""
    daemon = StandIn(scene=chorale())
    await daemon.open()
    app = app_for(daemon, theme=theme)
    try:
        async with app.run_test(size=size) as pilot:
            await until(pilot, lambda: "the port is gone" in screen_text(app), "the scene")
            await until(pilot, lambda: "▶ soprano:E5" in screen_text(app), "the scene")
            lines = screen_text(app).replace(str(daemon.port), "PORT").splitlines()
            return "\n".join(line.rstrip() for line in lines) + "\n"
    finally:
        daemon.close()


@pytest.mark.parametrize("size", SIZES)
def test_the_screen_is_the_one_that_is_kept(size: tuple[int, int]) -> None:
    """Every letter of it, so it can be read without colour."""
    kept = (SCREENS / f"{size[0]}x{size[1]}.txt").read_text(encoding="utf-8")
    assert asyncio.run(screen_of(size)) == kept


def test_light_and_dark_show_the_same_letters() -> None:
    """Only colours differ."""
    assert asyncio.run(screen_of((80, 24), "light")) == asyncio.run(screen_of((80, 24)))


if __name__ == "__main__":
    for width, height in SIZES:
        (SCREENS / f"{width}x{height}.txt").write_text(asyncio.run(screen_of((width, height))), encoding="utf-8")
