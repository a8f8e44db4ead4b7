"""A screen of the terminal UI as an SVG picture: what each panel hands to the terminal, run by run.

Each run of one style is put at its own column and given its width, so that the picture is the same in every font.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from itertools import groupby
from typing import NamedTuple

from rich.cells import cell_len
from rich.color import Color, blend_rgb
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region

from musicrnn.tui.app import MusicApp
from musicrnn.tui.panel import Panel

WIDTH, HEIGHT = 10, 19  # of a character
BASELINE = 15
FONT_SIZE = 16.6  # at which a character is as wide as that in the first of the fonts
WORDS = re.compile(r"\S+(?: \S+)*")
DIM = 0.35
FONTS = "'DejaVu Sans Mono','Fira Code',Menlo,Consolas,monospace"


class Run(NamedTuple):
    """A text of one look at a place, in characters."""

    x: int
    y: int
    text: str
    colour: str
    ground: str
    bold: bool

    @property
    def width(self) -> int:
        """How many columns it takes."""
        return cell_len(self.text)


def svg(app: MusicApp, title: str) -> str:
    """Return the picture of what the program shows."""
    columns, rows = app.size
    runs = [run for panel in app.query(Panel) if panel.display for run in _runs(panel)]
    ground = max(
        {run.ground for run in runs}, key=lambda colour: sum(run.width for run in runs if run.ground == colour)
    )
    looks = sorted({(run.colour, run.bold) for run in runs if run.text.strip()})
    classes = {look: f"c{number}" for number, look in enumerate(looks)}
    rules = "".join(
        f".{name}{{fill:{colour}{';font-weight:bold' if bold else ''}}}" for (colour, bold), name in classes.items()
    )
    width, height = columns * WIDTH, rows * HEIGHT
    body = [*_grounds(runs, ground), *_texts(runs, classes)]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-8 -8 {width + 16} {height + 16}">',
            f"<title>{escape(title)}</title>",
            f"<style>text{{font:{FONT_SIZE}px {FONTS}}}{rules}</style>",
            f'<rect x="-8" y="-8" width="{width + 16}" height="{height + 16}" rx="8" fill="{ground}"/>',
            *body,
            "</svg>\n",
        ]
    )


def _runs(panel: Panel) -> Iterator[Run]:
    region = panel.region
    for row, strip in enumerate(panel.render_lines(Region(0, 0, region.width, region.height))):
        x = region.x
        for segment in strip:
            yield _run(segment, x, region.y + row)
            x += segment.cell_length


def _run(segment: Segment, x: int, y: int) -> Run:
    style = segment.style or Style()
    colour = (style.color or Color.default()).get_truecolor()
    ground = (style.bgcolor or Color.default()).get_truecolor(foreground=False)
    colour = blend_rgb(colour, ground, DIM) if style.dim else colour
    return Run(x, y, segment.text, colour.hex, ground.hex, bool(style.bold))


def _grounds(runs: list[Run], ground: str) -> Iterator[str]:
    """Yield what differs from the ground of the picture, neighbours joined."""
    for (y, colour), row in groupby(sorted(runs, key=lambda run: (run.y, run.x)), key=lambda run: (run.y, run.ground)):
        cells = list(row)
        if colour != ground:
            x, width = cells[0].x, sum(cell.width for cell in cells)
            yield (
                f'<rect x="{x * WIDTH}" y="{y * HEIGHT}" width="{width * WIDTH}" height="{HEIGHT}" fill="{colour}"/>'
            )


def _texts(runs: list[Run], classes: dict[tuple[str, bool], str]) -> Iterator[str]:
    """Yield a line of text for each row, without what is blank: not every viewer keeps two blanks apart."""
    for y, row in groupby(sorted(runs, key=lambda run: (run.y, run.x)), key=lambda run: run.y):
        spans = [span for run in row if run.text.strip() for span in _spans(run, classes[run.colour, run.bold])]
        if spans:
            yield f'<text y="{y * HEIGHT + BASELINE}">{"".join(spans)}</text>'


def _spans(run: Run, name: str) -> Iterator[str]:
    for found in WORDS.finditer(run.text):
        x = run.x + cell_len(run.text[: found.start()])
        length = f' textLength="{cell_len(found[0]) * WIDTH}"' if len(found[0]) > 1 else ""
        yield f'<tspan x="{x * WIDTH}" class="{name}"{length}>{escape(found[0], quote=False)}</tspan>'
