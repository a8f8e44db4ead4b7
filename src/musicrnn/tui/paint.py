"""Lines to be drawn, before they have colours: each is a row of spans, and a span is a text and its role."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.cells import cell_len, chop_cells, set_cell_size
from rich.style import Style

Span = tuple[str, str]
Line = tuple[Span, ...]
PART_COLOURS = 8
BLOCKS = " ▁▂▃▄▅▆▇█"

_DARK = ("#5fd7ff", "#ffaf5f", "#87d787", "#ff87af", "#d7af87", "#af87ff", "#ffff87", "#87afaf")
_LIGHT = ("#005f87", "#9e4a00", "#00703c", "#a3004f", "#6b4a00", "#5a2ca0", "#6b6b00", "#30585f")


def fit(line: Sequence[Span], width: int) -> Line:
    """Return the line cut or filled to so many columns."""
    fitted: list[Span] = []
    left = width
    for text, role in line:
        size = cell_len(text)
        if size > left:
            text, size = set_cell_size(text, left), left
        if text:
            fitted.append((text, role))
        left -= size
        if left <= 0:
            return tuple(fitted)
    return (*fitted, (" " * left, ""))


def shortened(items: Mapping[str, Sequence[Line]], steps: Sequence[str], width: int) -> Line:
    """Return items side by side, each in its first wording; the next one of those in ``steps``, in turn, until all fit.

    An item may be among the steps as often as it has further wordings.
    """
    place = dict.fromkeys(items, 0)
    for step in steps:
        if sum(cell_size(wordings[place[name]]) for name, wordings in items.items()) <= width:
            break
        place[step] += 1
    return tuple(span for name, wordings in items.items() for span in wordings[place[name]])


def clipped(text: str, width: int) -> str:
    """Return a text that takes so many columns at most, with a mark where some is left out at its end."""
    return text if cell_len(text) <= width else set_cell_size(text, width - 1).rstrip() + "…"


def wrapped(text: str, width: int) -> list[str]:
    """Return a text in rows of at most so many columns, one at least: broken at spaces, and in words that are wider."""
    rows: list[str] = []
    for word in text.split(" "):
        longer = f"{rows[-1]} {word}" if rows else word
        if rows and cell_len(longer) <= width:
            rows[-1] = longer
        else:
            rows += chop_cells(word, width) or [""]
    return rows


def cell_size(cell: Sequence[Span]) -> int:
    """Return how many columns the spans of a cell take."""
    return sum(cell_len(text) for text, _ in cell)


def cell_at(cells: Sequence[Sequence[Span]], x: int) -> int | None:
    """Return which of the cells that stand side by side from column 0 on is at a column, None for none."""
    end = 0
    for place, cell in enumerate(cells):
        end += cell_size(cell)
        if 0 <= x < end:
            return place
    return None


def words(line: Sequence[Span]) -> str:
    """Return the text of a line."""
    return "".join(text for text, _ in line)


def column(share: float, height: int) -> list[str]:
    """Return a bar of so many rows, from the top, filled from below to a share in 0..1."""
    eighths = round(min(max(share, 0.0), 1.0) * height * 8)
    return [BLOCKS[min(max(eighths - 8 * row, 0), 8)] for row in reversed(range(height))]


def palette(dark: bool) -> dict[str, Style]:
    """Return the style of each role."""
    ground, text, dim, grid, accent, warn = (
        ("#12161c", "#d8dee9", "#8b95a5", "#2c3440", "#f0c674", "#ff6b6b")
        if dark
        else ("#fbfaf6", "#22262c", "#666c75", "#d5d2c8", "#8a5a00", "#b3001b")
    )
    base = Style(color=text, bgcolor=ground)
    styles = {
        "": base,
        "dim": base + Style(color=dim),
        "grid": base + Style(color=grid),
        "bar": base + Style(color=dim),
        "bold": base + Style(bold=True),
        "accent": base + Style(color=accent, bold=True),
        "warn": base + Style(color=warn, bold=True),
        "bad": Style(color=ground, bgcolor=warn, bold=True),
        "chosen": Style(color=ground, bgcolor=accent, bold=True),
        "title": Style(color=text, bgcolor=grid),
        "title-dim": Style(color=dim if dark else text, bgcolor=grid),
        "title-bold": Style(color=accent, bgcolor=grid, bold=True),
    }
    for number, colour in enumerate(_DARK if dark else _LIGHT):
        styles[f"part{number}"] = base + Style(color=colour, bold=True)
        styles[f"begin{number}"] = Style(color=ground, bgcolor=colour, bold=True)
        styles[f"soon{number}"] = base + Style(color=colour, dim=dark)
    return styles
