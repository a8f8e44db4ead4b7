"""A widget that shows lines and draws again only those that have changed."""

from __future__ import annotations

from collections.abc import Callable

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from musicrnn.tui.paint import Line, fit, palette

PALETTES = {dark: palette(dark) for dark in (True, False)}


class Panel(Widget):
    """Shows what ``draw`` returns for so many columns and rows; `look` asks for it again."""

    DEFAULT_CSS = "Panel { width: 1fr; height: 1; }"

    def __init__(self, id: str, draw: Callable[[int, int], list[Line]]) -> None:
        super().__init__(id=id)
        self._draw = draw
        self._shown: list[Line] = []
        self._strips: list[Strip] = []
        self._styles: dict[str, Style] = PALETTES[True]

    def seen(self) -> tuple[Line, ...]:
        """Return the lines that are shown."""
        return tuple(self._shown)

    def on_resize(self) -> None:
        """Fill the new size."""
        self.look()

    def recolour(self, dark: bool) -> None:
        """Take the colours of a theme."""
        self._styles = PALETTES[dark]
        self._shown = []
        self.look()

    def look(self) -> None:
        """Draw the lines that have changed."""
        width, height = self.size
        if not width or not height:
            return
        lines = [fit(line, width) for line in self._draw(width, height)[:height]]
        lines += [((" " * width, ""),)] * (height - len(lines))
        if len(lines) != len(self._shown):
            self._shown, self._strips = lines, [self._strip(line, width) for line in lines]
            self.refresh()
            return
        changed = [row for row in range(height) if lines[row] != self._shown[row]]
        for row in changed:
            self._strips[row] = self._strip(lines[row], width)
        self._shown = lines
        if changed:
            self.refresh(*(Region(0, row, width, 1) for row in changed))

    def _strip(self, line: Line, width: int) -> Strip:
        return Strip([Segment(text, self._styles.get(role, self._styles[""])) for text, role in line], width)

    def render_line(self, y: int) -> Strip:
        """Return one line as Textual draws it."""
        return self._strips[y] if y < len(self._strips) else Strip.blank(self.size.width, self._styles[""])
