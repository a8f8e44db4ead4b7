"""What a panel draws again, and in which colours."""

from __future__ import annotations

import asyncio

import pytest
from rich.color import Color
from textual.app import App, ComposeResult
from textual.geometry import Region

from musicrnn.tui.paint import Line, words
from musicrnn.tui.panel import Panel


class Shows(App[None]):
    """Shows lines that a test may change, and notes which rows were drawn again."""

    def __init__(self, lines: list[Line]) -> None:
        super().__init__()
        self.lines = lines
        self.panel = Noting("noting", lambda _, __: list(self.lines))

    def compose(self) -> ComposeResult:
        """Show the panel alone."""
        self.panel.styles.height = 3
        yield self.panel


class Noting(Panel):
    """A panel that notes the rows of which it asks for a refresh."""

    noted: list[int]

    def refresh(self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False) -> Noting:
        """Note the rows."""
        self.noted = [region.y for region in regions]
        super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)
        return self


def test_only_rows_that_changed_are_drawn_again() -> None:
    """One of three, and then none."""

    async def run() -> None:
        app = Shows([(("one", ""),), (("two", ""),), (("three", ""),)])
        async with app.run_test(size=(10, 3)) as pilot:
            await pilot.pause()
            app.lines[1] = (("2", "accent"),)
            app.panel.look()
            assert app.panel.noted == [1]
            app.panel.noted = []
            app.panel.look()
            assert app.panel.noted == []
            assert [words(line) for line in app.panel.seen()] == ["one       ", "2         ", "three     "]
            assert [strip.text for strip in app.panel.render_lines(Region(1, 1, 3, 2))] == ["   ", "hre"]

    asyncio.run(run())


def test_without_colour_every_style_is_grey(monkeypatch: pytest.MonkeyPatch) -> None:
    """NO_COLOR holds for what the panel hands to Textual."""
    monkeypatch.setenv("NO_COLOR", "1")

    async def run() -> None:
        app = Shows([(("one", "accent"), ("two", "part3"), ("three", "warn"))])
        async with app.run_test(size=(20, 3)) as pilot:
            await pilot.pause()
            app.panel.recolour(dark=True)
            for segment in app.panel.render_line(0):
                assert segment.style is not None
                for colour in (segment.style.color, segment.style.bgcolor):
                    assert isinstance(colour, Color)
                    assert len(set(colour.get_truecolor())) == 1

    asyncio.run(run())
