"""A widget that shows lines and draws again only those that have changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from musicrnn.tui.paint import Line, fit, palette


class Panel(Widget):
    """Shows what ``draw`` returns for so many columns and rows; `look` asks for it again.

    Its strips are ready before Textual asks for them: it has no border, padding or opacity that Textual would lay
    around them, and what changes colours (NO_COLOR) is in its styles.
    """

    ALLOW_SELECT = False
    DEFAULT_CSS = "Panel { width: 1fr; height: 1; }"

    def __init__(self, id: str, draw: Callable[[int, int], list[Line]]) -> None:
        super().__init__(id=id)
        self._draw = draw
        self._drawn: list[Line] = []
        self._shown: list[Line] = []
        self._strips: list[Strip] = []
        self._width = 0
        self._styles = palette(True)

    def seen(self) -> tuple[Line, ...]:
        """Return the lines that are shown."""
        return tuple(self._shown)

    def on_resize(self) -> None:
        """Fill the new size."""
        self.look()

    def recolour(self, dark: bool) -> None:
        """Take the colours of a theme."""
        self._styles = filtered(palette(dark), self.app.get_line_filters())
        self._drawn = []
        self.look()

    def look(self) -> None:
        """Draw the lines that have changed."""
        width, height = self.size
        if not width or not height:
            return
        lines = self._draw(width, height)[:height]
        lines += [()] * (height - len(lines))
        if len(lines) != len(self._drawn) or width != self._width:
            self._width, self._drawn = width, lines
            self._shown = [fit(line, width) for line in lines]
            self._strips = [self._strip(line) for line in self._shown]
            self.refresh()
            return
        changed = [row for row in range(height) if lines[row] != self._drawn[row]]
        self._drawn = lines
        for row in changed:
            self._shown[row] = fit(lines[row], width)
            self._strips[row] = self._strip(self._shown[row])
        if changed:
            self.refresh(*(Region(0, row, width, 1) for row in changed))

    def _strip(self, line: Line) -> Strip:
        plain = self._styles[""]
        return Strip([Segment(text, self._styles.get(role, plain)) for text, role in line], self._width)

    def render_line(self, y: int) -> Strip:
        """Return one line as Textual draws it."""
        return self._strips[y] if y < len(self._strips) else Strip.blank(self.size.width, self._styles[""])

    def render_lines(self, crop: Region) -> list[Strip]:
        """Return the lines of a region as Textual draws them."""
        first, last = crop.column_span
        return [self.render_line(y).crop(first, last) for y in crop.line_range]


def filtered(styles: dict[str, Style], filters: Sequence[LineFilter]) -> dict[str, Style]:
    """Return the styles as they are once the program's filters have changed them."""
    return {role: _through(style, filters) for role, style in styles.items()}


def _through(style: Style, filters: Sequence[LineFilter]) -> Style:
    segments = [Segment(" ", style)]
    ground = Color.from_rich_color(style.bgcolor)
    for line_filter in filters:
        segments = line_filter.apply(segments, ground)
    return segments[0].style or style
