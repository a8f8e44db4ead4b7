"""`musicrnn evaluate`: how well a model predicts, and what it plays beside music that it has not seen."""

from __future__ import annotations

import sys
from pathlib import Path

from rich.console import Console, JustifyMethod
from rich.table import Table as Grid
from rich.text import Text

from musicrnn.config.outputs import writing
from musicrnn.config.settings import Settings
from musicrnn.models.score import bar_length, regular_bars
from musicrnn.models.step import StepModel
from musicrnn.printable import print_json
from musicrnn.trainer.compare import measure
from musicrnn.trainer.evaluation import Alone, Compared, Evaluation
from musicrnn.trainer.measuring import choice_of, evidences, generated, named_model, predicts, read_real
from musicrnn.trainer.tables import Table

BARS_ALONE = 16
WIDTH = 160


def run(settings: Settings, model_name: str, as_json: bool = False) -> int:
    """Measure a model and show what was found; return the exit status.

    Raises ConfigError, ModelError, CorpusError, and FileNotWrittenError.
    """
    console = Console(stderr=True)
    model = named_model(model_name)
    if settings.evaluate.sweep:
        from musicrnn.trainer.sweep import make_sweep

        make_sweep(model, settings, console)
        return 0
    found = evaluate(model, settings, console)
    if settings.evaluate.page:
        from musicrnn.trainer.evaluate_page import write_page

        with writing("evaluate.page"):
            write_page(Path(settings.evaluate.page), found)
    if as_json:
        print_json(found.values())
    else:
        show(found)
    return 0


def evaluate(model: StepModel, settings: Settings, console: Console) -> Evaluation:
    """Measure a model, beside its corpus where one is named; CorpusError where that is not the model's."""
    if not settings.corpus.folders:
        return _alone(model, settings, console)
    real = read_real(settings, model.info, console)
    likelihood = predicts(model, real, settings.evaluate.tokens, console)
    pieces, evidence, _ = evidences(model, settings, real, console)
    return Compared(model.info, real, pieces, evidence, likelihood)


def _alone(model: StepModel, settings: Settings, console: Console) -> Alone:
    grid = model.info.vocabulary.ticks_per_beat
    count = min(BARS_ALONE, settings.evaluate.most_bars)
    bars = regular_bars(count * bar_length(*model.info.metre, grid), grid, *model.info.metre)
    choice = choice_of(settings.play)
    pieces = generated(model, choice, [bars] * settings.evaluate.pieces, console)
    return Alone(model.info, pieces, choice, measure(pieces))


def show(found: Evaluation, width: int | None = None) -> None:
    """Print what was found as tables; ``width`` is that of the terminal, else found out."""
    console = Console(width=width or (None if sys.stdout.isatty() else WIDTH))
    console.print(found.summary(), highlight=False, markup=False)
    for table in found.tables():
        console.print()
        console.print(Text(table.title, style="bold"))
        console.print(_grid(table))


def _grid(table: Table) -> Grid:
    """Return a table for the terminal; where it is narrow, cells are broken between words and no word is cut."""
    grid = Grid(box=None, pad_edge=False)
    for number, (head, *cells) in enumerate(zip(table.head, *table.rows, strict=True)):
        words = " ".join([head, *cells]).split()
        justify: JustifyMethod = "right" if number else "left"
        grid.add_column(Text(head), justify=justify, header_style="dim", min_width=max(map(len, words)))
    for row in table.rows:
        grid.add_row(*(Text(cell, style="red" if cell == "no" else "") for cell in row))
    return grid
