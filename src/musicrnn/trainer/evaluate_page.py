"""What was found of a model as a page: tables, plots and piano rolls in one folder."""

from __future__ import annotations

import io
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from musicrnn.files import write_text_whole, write_whole
from musicrnn.models.score import Score
from musicrnn.printable import json_text
from musicrnn.trainer.compare import FigureRow, ShapeRow
from musicrnn.trainer.evaluation import Compared, Evaluation
from musicrnn.trainer.measuring import typical
from musicrnn.trainer.roll import draw_rolls
from musicrnn.trainer.shapes import densities
from musicrnn.trainer.tables import LEAST_SHARE, PLACES, Table, place_name

MADE, REAL = "#c0392b", "#2471a3"
COLUMNS = 5
ROLLS = 3
PAGE, REPORT, ROLLS_DRAWN = "index.html", "report.json", "rolls.png"
FIGURES_DRAWN, METRE_DRAWN = "figures.png", "metre.png"
_TITLES = {FIGURES_DRAWN: "Figures", METRE_DRAWN: "Metre", ROLLS_DRAWN: "Piano rolls"}
_STYLE = (
    "body{font:15px/1.5 sans-serif;max-width:70em;margin:2em auto;padding:0 1em;color:#222}"
    "table{border-collapse:collapse;margin:.5em 0 1.5em}td,th{padding:.15em .7em;text-align:right}"
    "td:first-child,th:first-child{text-align:left}tr:nth-child(even){background:#f4f4f4}"
    "th{font-weight:normal;color:#666;border-bottom:1px solid #aaa}.no{color:#c0392b;font-weight:bold}"
    "img{max-width:100%}"
)


def names_of(compared: bool) -> tuple[str, ...]:
    """Return the names of the files of a page; ``compared`` tells whether there is music to compare with."""
    return (PAGE, REPORT, ROLLS_DRAWN, *((FIGURES_DRAWN, METRE_DRAWN) if compared else ()))


def write_page(folder: Path, found: Evaluation) -> None:
    """Write index.html, its pictures and report.json into a folder, all made before any is written.

    Raises OSError where they cannot be written.
    """
    pictures = _pictures(found)
    texts = {
        REPORT: json_text(found.values()) + "\n",
        PAGE: page_text(found, [(_TITLES[name], name) for name in pictures]),
    }
    folder.mkdir(exist_ok=True)
    for name, picture in pictures.items():
        write_whole(folder / name, picture)
    for name, text in texts.items():
        write_text_whole(folder / name, text)


def _pictures(found: Evaluation) -> dict[str, bytes]:
    """Return the pictures of a page by the names of their files, in the order in which they are shown."""
    rolls = {ROLLS_DRAWN: draw_rolls(_rolls(found))}
    if not isinstance(found, Compared):
        return rolls
    rows = [*found.evidence.ten, *found.evidence.repetition]
    places = next(row for row in found.evidence.shapes if row.name == PLACES)
    return {FIGURES_DRAWN: draw_figures(rows), METRE_DRAWN: draw_metre(places), **rolls}


def page_text(found: Evaluation, pictures: Sequence[tuple[str, str]]) -> str:
    """Return the page as HTML; ``pictures`` are titles and file names."""
    title = escape(f"{found.info.name}: evaluation")
    blocks = [f"<h1>{title}</h1><p>{escape(found.summary())}</p>"]
    blocks += [_table(table) for table in found.tables()]
    blocks += [
        f'<h2>{escape(name)}</h2>\n<img src="{escape(file)}" alt="{escape(name.lower())}">' for name, file in pictures
    ]
    head = f'<meta charset="utf-8"><title>{title}</title><style>{_STYLE}</style>'
    body = "\n".join(blocks)
    return f'<!DOCTYPE html>\n<html lang="en"><head>{head}</head><body>\n{body}\n</body></html>\n'


def _table(table: Table) -> str:
    head = "".join(f"<th>{escape(cell)}</th>" for cell in table.head)
    rows = "\n".join("<tr>" + "".join(map(_cell, row)) + "</tr>" for row in table.rows)
    return f"<h2>{escape(table.title)}</h2>\n<table><tr>{head}</tr>\n{rows}</table>"


def _cell(text: str) -> str:
    return f'<td class="no">{text}</td>' if text == "no" else f"<td>{escape(text)}</td>"


def _rolls(found: Evaluation) -> list[tuple[str, Score]]:
    """Return the first generated pieces, as they came, and a held-out one of middle length."""
    rolls = [
        (f"made by {found.info.name}: piece {number}", score) for number, score in enumerate(found.pieces[:ROLLS], 1)
    ]
    if isinstance(found, Compared):
        shown = typical(found.real.held_out)
        rolls.append((f"held out: {Path(found.real.held_out_names[shown]).name}", found.real.held_out[shown]))
    return rolls


def draw_figures(rows: Sequence[FigureRow]) -> bytes:
    """Return a PNG with a panel for each figure: the densities over generated and over held-out pieces."""
    lines = -(-len(rows) // COLUMNS)
    figure = _figure(3.0 * COLUMNS, 2.2 * lines)
    panels = figure.subplots(lines, COLUMNS, squeeze=False).flatten().tolist()
    for axes, row in zip(panels, rows, strict=False):
        _density_panel(axes, row)
    for axes in panels[len(rows) :]:
        axes.set_axis_off()
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper right", ncols=2, frameon=False)
    return png(figure)


def _density_panel(axes: Any, row: FigureRow) -> None:
    made, real = (np.array(values)[np.isfinite(values)] for values in row.values)
    axes.set_title(row.name, fontsize=9, loc="left")
    axes.set_yticks([])
    axes.tick_params(labelsize=8)
    if min(len(made), len(real)) < 2 or max(np.std(made), np.std(real)) < 1e-9:
        axes.text(0.5, 0.5, "all alike", transform=axes.transAxes, ha="center", color="#666666")
        return
    first, second, at = densities(made, real)
    for density, colour, name in ((first, MADE, "generated"), (second, REAL, "held out")):
        axes.fill_between(at, density, color=colour, alpha=0.35, linewidth=0, label=name)
    axes.set_ylim(bottom=0)


def draw_metre(row: ShapeRow) -> bytes:
    """Return a PNG of the share of onsets on each sixteenth of the bar, generated beside held out."""
    pairs = list(zip(row.generated, row.held_out, strict=True))
    last = max((at for at, pair in enumerate(pairs) if max(pair) >= LEAST_SHARE), default=0) + 1
    figure = _figure(12, 3)
    axes = figure.subplots()
    at = np.arange(last)
    axes.bar(at - 0.2, row.generated[:last], 0.4, color=MADE, label="generated")
    axes.bar(at + 0.2, row.held_out[:last], 0.4, color=REAL, label="held out")
    axes.set_xticks(at, [place_name(place) for place in range(last)], fontsize=8)
    axes.set_ylabel("share of onsets")
    axes.legend(frameon=False)
    return png(figure)


def _figure(width: float, height: float) -> Any:
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def png(figure: Any, dpi: int = 100) -> bytes:
    """Return a figure as PNG."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    figure.set_dpi(dpi)
    picture = io.BytesIO()
    FigureCanvasAgg(figure).print_png(picture)
    return picture.getvalue()
