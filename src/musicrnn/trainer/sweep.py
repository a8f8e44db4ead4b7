"""What mu and sigma do: pieces at each pair of them, measured, as a picture of four panels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from musicrnn.config.evaluate import EvaluateSettings
from musicrnn.config.outputs import named_file, writing
from musicrnn.config.settings import Settings
from musicrnn.files import write_text_whole, write_whole
from musicrnn.models.generator import Choice
from musicrnn.models.score import Score
from musicrnn.models.step import StepModel
from musicrnn.printable import json_text, printable
from musicrnn.trainer.card_pieces import Real, evenly_by_length, generate
from musicrnn.trainer.copies import copied
from musicrnn.trainer.evaluate_page import png
from musicrnn.trainer.evaluation import plain_values
from musicrnn.trainer.figures import figures_of
from musicrnn.trainer.measuring import choice_of, progress, read_real
from musicrnn.trainer.tables import number

DENSITY, ENTROPY, SCALE = "notes a beat", "pitch entropy in bits", "scale consistency"
DRUM_ENTROPY = "drum entropy in bits"
COPIED = "longest copied run in bars"


@dataclass(frozen=True, slots=True)
class Cell:
    """What was measured at one mu and sigma: the mean of each figure over the pieces, by name."""

    mu: float
    sigma: float
    figures: dict[str, float]


@dataclass(frozen=True, slots=True)
class Sweep:
    """The cells, and the same figures of the held-out pieces whose bars the generated ones have."""

    model: str
    pieces: int
    cells: tuple[Cell, ...]
    held_out: dict[str, float]

    @property
    def names(self) -> list[str]:
        """The figures that the music has, those that are measured of it."""
        return list(self.held_out)


def files_of(evaluate: EvaluateSettings) -> tuple[Path, Path]:
    """Return picture and JSON of a sweep; ConfigError where the picture is named as another kind of file."""
    picture = named_file("evaluate.sweep", evaluate.sweep, ".png")
    return picture, picture.with_suffix(".json")


def make_sweep(model: StepModel, settings: Settings, console: Console) -> None:
    """Measure a model at each mu and sigma of the settings, and write picture and JSON.

    Raises CorpusError where the corpus is not the model's, FileNotWrittenError.
    """
    path, numbers = files_of(settings.evaluate)
    found = sweep(model, settings, read_real(settings, model.info, console), console)
    picture = draw_sweep(found)
    with writing("evaluate.sweep"):
        write_whole(path, picture)
        write_text_whole(numbers, json_text(plain_values(asdict(found))) + "\n")
    told = printable(f"{path}: {len(found.cells)} pairs of mu and sigma; the numbers beside it")
    console.print(told, highlight=False, markup=False, soft_wrap=True)


def sweep(model: StepModel, settings: Settings, real: Real, console: Console) -> Sweep:
    """Return what pieces are like at each mu and sigma; every pair gets the same bars and seeds."""
    evaluate, choice = settings.evaluate, choice_of(settings.play)
    unseen = evenly_by_length(real.held_out, evaluate.pieces)
    rows = [score.bars for score in unseen]
    pairs = [(mu, sigma) for sigma in sorted(set(evaluate.sweep_sigma)) for mu in sorted(set(evaluate.sweep_mu))]
    pieces: list[Score] = []
    with progress(console, "generating", len(pairs) * sum(row[-1].end for row in rows)) as done:
        for mu, sigma in pairs:
            at = replace(choice, mu=mu, sigma=sigma)
            pieces += [generate(model, row, _seeded(at, number), done) for number, row in enumerate(rows)]
    with progress(console, "measuring", None):
        measured = [figures_of(score) for score in [*pieces, *unseen]]
        bars = _copied_bars([*pieces, *unseen], real.train)
    names = [name for name in (DENSITY, ENTROPY, DRUM_ENTROPY, SCALE) if name in measured[-1]]
    every = [{**{name: row.get(name, np.nan) for name in names}, COPIED: run} for row, run in
             zip(measured, bars, strict=True)]  # fmt: skip
    count = len(rows)
    groups = [_means(every[i * count : (i + 1) * count]) for i in range(len(pairs) + 1)]
    cells = tuple(Cell(mu, sigma, group) for (mu, sigma), group in zip(pairs, groups, strict=False))
    return Sweep(model.info.name, count, cells, groups[-1])


def _seeded(choice: Choice, number: int) -> Choice:
    return replace(choice, seed=choice.seed + number)


def _copied_bars(pieces: Sequence[Score], train: Sequence[Score]) -> list[float]:
    """Return the bars of each piece's longest run of the training share, transposed or not where there are pitches."""
    found = copied(pieces, train)
    sense = next((row for row in found if row.sense == "the same notes, transposed or not"), found[0])
    return [run.bars for run in sense.by_bars]


def _means(rows: Sequence[dict[str, float]]) -> dict[str, float]:
    """Return the mean of each figure over the pieces that have it; nan where none has."""
    means = {}
    for name in rows[0]:
        values = [row[name] for row in rows if np.isfinite(row[name])]
        means[name] = float(np.mean(values)) if values else float("nan")
    return means


def draw_sweep(found: Sweep) -> bytes:
    """Return a PNG with a panel for each figure: mu to the right, sigma up, and the value in each field."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 7), layout="constrained")
    for axes, name in zip(figure.subplots(2, 2).flatten().tolist(), found.names, strict=False):
        _panel(axes, found, name)
    return png(figure, 90)


def _panel(axes: Any, found: Sweep, name: str) -> None:
    mus = sorted({cell.mu for cell in found.cells})
    sigmas = sorted({cell.sigma for cell in found.cells})
    values = np.full((len(sigmas), len(mus)), np.nan)
    for cell in found.cells:
        values[sigmas.index(cell.sigma), mus.index(cell.mu)] = cell.figures[name]
    axes.imshow(values, origin="lower", aspect="auto", cmap="viridis")
    known = values[np.isfinite(values)]
    middle = (known.min() + known.max()) / 2 if len(known) else 0.0
    for (row, column), value in np.ndenumerate(values):
        colour = "white" if value <= middle else "black"
        axes.text(column, row, number(float(value)), ha="center", va="center", fontsize=8, color=colour)
    axes.set_xticks(range(len(mus)), [f"{mu:g}" for mu in mus])
    axes.set_yticks(range(len(sigmas)), [f"{sigma:g}" for sigma in sigmas])
    axes.set_xlabel("mu")
    axes.set_ylabel("sigma")
    axes.set_title(f"{name} (held-out music: {number(found.held_out[name])})", loc="left", fontsize=10)
