"""How cost grows: ``python benchmarks/cost.py [--rounds 5] [--plot cost.png]``.

Step time, and the memory of a process that has the model loaded, against units and layers; the time of the fullest
tick (one that begins as many notes as its language allows) against notes at once and parts; and the share of a
core at 120 bpm against ticks a beat, between a tick that changes nothing and the fullest. Models have random weights in
files like those of the export (`musicrnn.models.step_file`), and are run as the daemon runs them.

Prints tables in Markdown, with the machine. A cell is the median of the rounds' medians, with the lowest and
highest; all rows of a table are measured in turn, round by round. The plot needs matplotlib (the train extra).
"""

from __future__ import annotations

import argparse
import functools
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from musicrnn.bench.figures import rank
from musicrnn.bench.machine import machine
from musicrnn.bench.sizes import SURE, busiest
from musicrnn.bench.steps import hot_steps, paced_steps
from musicrnn.daemon.clock import MonotonicClock
from musicrnn.daemon.priority import punctual
from musicrnn.daemon.trial import model_of
from musicrnn.models.generator import Choice, Generator
from musicrnn.models.metadata import ModelInfo
from musicrnn.models.score import Part
from musicrnn.models.step import StepModel
from musicrnn.models.step_file import step_file
from musicrnn.models.timing import Position
from musicrnn.models.untrained import EMBEDDING, random_weights
from musicrnn.models.vocabulary import SUSTAIN, Vocabulary

PRECISIONS = ("float32", "int8")
UNITS = (64, 128, 256, 512, 1024, 2048)
LAYERS = (1, 2, 3, 4, 6, 8)
POLYPHONY = (1, 2, 4, 8, 16, 32)
PARTS = (1, 2, 4, 8, 16)
TICKS_A_BEAT = (4, 8, 12, 24, 48, 96)
USUAL_LAYERS, USUAL_UNITS, USUAL_TICKS = 2, 256, 12
BPM = 120
PACED_SECONDS = 1.0
TICKS, REST_SECONDS = 30, 0.02
BLUE, RED, GREY = "#2a6fb0", "#c8502d", "#777777"
MEMORY = """
import json, sys
from musicrnn.models.onnx_step import load_model
from musicrnn.models.timing import Position
from pathlib import Path
if len(sys.argv) > 1:
    model = load_model(sys.argv[1])
    model.step(0, Position(0, 0, 4), model.initial_state())
else:
    import onnxruntime
lines = Path("/proc/self/smaps_rollup").read_text().splitlines()[1:]
print(json.dumps({line.partition(":")[0]: int(line.split()[1]) * 1024 for line in lines}))
"""

Measure = Callable[[], float]


@dataclass
class Line:
    """One line of a plot: what it is, at which x, and for each x the medians of the rounds."""

    name: str
    xs: Sequence[int]
    measures: Sequence[Measure]
    rounds: list[list[float]] = field(default_factory=list)

    def take(self) -> None:
        """Measure each point once more."""
        self.rounds.append([measure() for measure in self.measures])

    @property
    def medians(self) -> list[float]:
        """The median of each point."""
        return [statistics.median(values) for values in zip(*self.rounds, strict=True)]

    def cells(self, factor: float) -> list[str]:
        """Return a cell a point, in units of which there are ``factor`` to the measured one."""
        columns = [[factor * value for value in values] for values in zip(*self.rounds, strict=True)]
        return [f"{figure(statistics.median(c))} ({figure(min(c))} to {figure(max(c))})" for c in columns]


def main() -> None:
    """Measure, print and plot."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--plot", type=Path, help="PNG to write")
    words = parser.parse_args()
    head = f"{time.strftime('%Y-%m-%d')}: {machine().words()}"
    print(f"{head}\n{words.rounds} rounds\n")
    tables = [by_units(), by_layers(), by_polyphony(), by_parts(), by_ticks()]
    for table in tables:
        table.measure(words.rounds)
        table.print()
    memory = memory_table()
    if words.plot:
        plot(tables, memory, head, words.plot)


@dataclass
class Table:
    """Lines over the same x, in a unit of which there are ``factor`` to the measured one."""

    title: str
    x_label: str
    unit: str
    factor: float
    build: Callable[[], list[Line]]
    lines: list[Line] = field(default_factory=list)

    def measure(self, rounds: int) -> None:
        """Take all lines in turn; models are made now and let go of after, so that one table has no part in another."""
        self.lines = self.build()
        with punctual():
            for _ in range(rounds):
                for line in self.lines:
                    line.take()
        for line in self.lines:
            line.measures = ()

    def print(self) -> None:
        """Print it in Markdown."""
        print(f"{self.title}; {self.unit}\n")
        print(f"| {self.x_label} | " + " | ".join(line.name for line in self.lines) + " |")
        print("|---" * (len(self.lines) + 1) + "|")
        columns = [line.cells(self.factor) for line in self.lines]
        for x, *cells in zip(self.lines[0].xs, *columns, strict=True):
            print(f"| {x} | " + " | ".join(cells) + " |")
        print(flush=True)


def by_units() -> Table:
    """Return step time against units."""
    title = f"one step, {USUAL_LAYERS} layers"
    return Table(title, "units", "µs", 1e6, lambda: step_lines(UNITS, lambda units: (USUAL_LAYERS, units)))


def by_layers() -> Table:
    """Return step time against layers."""
    title = f"one step, {USUAL_UNITS} units"
    return Table(title, "layers", "µs", 1e6, lambda: step_lines(LAYERS, lambda layers: (layers, USUAL_UNITS)))


def step_lines(xs: Sequence[int], size: Callable[[int], tuple[int, int]]) -> list[Line]:
    """Return a line for each precision, hot and paced."""
    lines: list[Line] = []
    for precision in PRECISIONS:
        models = [random_model(four_voices(), *size(x), precision) for x in xs]
        lines += [
            Line(f"{precision}, hot", xs, [functools.partial(hot, model) for model in models]),
            Line(f"{precision}, every 20 ms", xs, [functools.partial(paced, model) for model in models]),
        ]
    return lines


def by_polyphony() -> Table:
    """Return the fullest tick against how many notes may sound at once."""

    def lines() -> list[Line]:
        return tick_lines(POLYPHONY, lambda notes: Vocabulary(USUAL_TICKS, (piano(notes),), max_polyphony=notes))

    return Table(f"the fullest tick, {USUAL_LAYERS} x {USUAL_UNITS}", "notes at once", "ms", 1e3, lines)


def by_parts() -> Table:
    """Return the fullest tick of four notes against how many parts there are, each of two octaves."""

    def lines() -> list[Line]:
        return tick_lines(PARTS, lambda parts: Vocabulary(USUAL_TICKS, voices(parts), max_polyphony=4))

    return Table(f"the fullest tick of at most 4 notes, {USUAL_LAYERS} x {USUAL_UNITS}", "parts", "ms", 1e3, lines)


def tick_lines(xs: Sequence[int], vocabulary: Callable[[int], Vocabulary]) -> list[Line]:
    """Return a line for each precision."""
    return [
        Line(precision, xs, [functools.partial(tick_time, busy_model(vocabulary(x), precision)) for x in xs])
        for precision in PRECISIONS
    ]


def by_ticks() -> Table:
    """Return the share of a core against ticks a beat: every tick the fullest, and none that changes anything."""

    def lines() -> list[Line]:
        busy = [busy_model(four_voices(ticks), "int8") for ticks in TICKS_A_BEAT]
        rates = [BPM / 60 * ticks for ticks in TICKS_A_BEAT]
        full = [functools.partial(share, tick_time, *pair) for pair in zip(busy, rates, strict=True)]
        calm = [still_model(four_voices(ticks)) for ticks in TICKS_A_BEAT]
        rest = [functools.partial(share, tick_time, *pair) for pair in zip(calm, rates, strict=True)]
        return [Line("every tick the fullest", TICKS_A_BEAT, full), Line("none changes anything", TICKS_A_BEAT, rest)]

    title = f"share of a core at {BPM} bpm, {USUAL_LAYERS} x {USUAL_UNITS} int8, 4 voices"
    return Table(title, "ticks a beat", "%", 100.0, lines)


def hot(model: StepModel) -> float:
    """Return the median of steps one after the other."""
    return hot_steps(model).p50


def paced(model: StepModel) -> float:
    """Return the median of steps every 20 ms."""
    return paced_steps(model, PACED_SECONDS).p50


def share(measure: Callable[[StepModel], float], model: StepModel, rate: float) -> float:
    """Return the share of a core that ``rate`` a second take."""
    return measure(model) * rate


def tick_time(model: StepModel) -> float:
    """Return the median of ticks with a rest before each."""
    generator, clock = Generator(model), MonotonicClock()
    point = generator.begin()
    taken: list[float] = []
    for tick in range(TICKS):
        clock.wait_until(clock.now() + REST_SECONDS)
        start = time.perf_counter()
        point = generator.tick(tick, 0, Position(0, tick % 4, 4), Choice(), point).after
        taken.append(time.perf_counter() - start)
    clock.close()
    return rank(sorted(taken), 50)


def piano(notes: int) -> Part:
    """Return a part of the piano's range."""
    return Part("piano", 21, 108, polyphony=notes)


def voices(count: int) -> tuple[Part, ...]:
    """Return parts of two octaves and a note."""
    return tuple(Part(f"voice-{number}", 48, 72, polyphony=4) for number in range(count))


def four_voices(ticks: int = USUAL_TICKS) -> Vocabulary:
    """Return the language of four voices with a note each."""
    lows = (57, 50, 43, 33)
    parts = tuple(Part(f"voice-{low}", low, low + 28, polyphony=1) for low in lows)
    return Vocabulary(ticks, parts, max_polyphony=4)


def random_model(vocabulary: Vocabulary, layers: int, units: int, precision: str) -> StepModel:
    """Return a model of random weights, read and run as the daemon does."""
    return model_of("random", random_file(vocabulary, layers, units, precision))


def busy_model(vocabulary: Vocabulary, precision: str) -> StepModel:
    """Return a model of the usual size that begins as many notes as it may."""
    weights = busiest(random_weights(vocabulary, USUAL_LAYERS, USUAL_UNITS, EMBEDDING), vocabulary)
    return model_of("busy", step_file(weights, ModelInfo("busy", vocabulary, USUAL_LAYERS, USUAL_UNITS), precision))


def still_model(vocabulary: Vocabulary) -> StepModel:
    """Return an int8 model of the usual size that lets everything be as it is: a step a tick."""
    weights = random_weights(vocabulary, USUAL_LAYERS, USUAL_UNITS, EMBEDDING)
    bias = np.where(np.arange(vocabulary.size) == SUSTAIN, SURE, 0.0).astype(np.float32)
    info = ModelInfo("still", vocabulary, USUAL_LAYERS, USUAL_UNITS)
    return model_of("still", step_file(replace(weights, output_bias=bias), info, "int8"))


def random_file(vocabulary: Vocabulary, layers: int, units: int, precision: str) -> bytes:
    """Return the file of a model of random weights."""
    weights = random_weights(vocabulary, layers, units, EMBEDDING)
    return step_file(weights, ModelInfo("random", vocabulary, layers, units), precision)


def memory_table() -> list[tuple[str, float, float]]:
    """Print what a process needs that has a model loaded; return precision, file and memory above none, in MB."""
    bare = resident()
    found: list[tuple[str, float, float]] = []
    print(f"memory of a process with NumPy, ONNX Runtime and one model; without a model {bare / 1e6:.0f} MB; MB\n")
    print("| layers x units | weights | file | resident | above none |\n|---|---|---:|---:|---:|")
    sizes = [(USUAL_LAYERS, units) for units in UNITS] + [(layers, USUAL_UNITS) for layers in LAYERS]
    for layers, units in sorted(set(sizes), key=lambda size: size[0] * size[1] ** 2):
        for precision in PRECISIONS:
            content = random_file(four_voices(), layers, units, precision)
            size, whole = len(content) / 1e6, resident(content) / 1e6
            found.append((precision, size, whole - bare / 1e6))
            row = f"{layers} x {units} | {precision} | {size:.1f} | {whole:.0f} | {whole - bare / 1e6:.0f}"
            print(f"| {row} |", flush=True)
    return found


def resident(content: bytes = b"") -> int:
    """Return the resident bytes of a fresh process that has a model file loaded and has taken a step."""
    with tempfile.TemporaryDirectory(prefix="musicrnn-") as folder:
        path = Path(folder) / "model.onnx"
        path.write_bytes(content)
        words = [sys.executable, "-c", MEMORY, *([str(path)] if content else [])]
        answer = subprocess.run(words, capture_output=True, text=True, check=True)
    found: dict[str, int] = json.loads(answer.stdout)
    return found["Rss"]


def figure(value: float) -> str:
    """Return a figure with three digits that count."""
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def plot(tables: Sequence[Table], memory: Sequence[tuple[str, float, float]], head: str, path: Path) -> None:
    """Draw a panel a table, and one of the memory, into a PNG; the shade goes from the lowest round to the highest."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    figures, axes = plt.subplots(2, 3, figsize=(12.5, 7.2), layout="constrained")
    for axis, table in zip(axes.flat, tables, strict=False):
        for number, line in enumerate(table.lines):
            colour = BLUE if number < len(table.lines) / 2 else RED
            style = "--" if "every 20 ms" in line.name else "-"
            columns = [[table.factor * value for value in values] for values in zip(*line.rounds, strict=True)]
            draw(axis, line.xs, [statistics.median(column) for column in columns], colour, style, line.name)
            axis.fill_between(
                line.xs, [*map(min, columns)], [*map(max, columns)], color=colour, alpha=0.15, linewidth=0
            )
        dress(axis, table.title, table.x_label, table.unit)
        axis.set_xticks(table.lines[0].xs, [str(x) for x in table.lines[0].xs])
    last = axes.flat[-1]
    for precision, colour in zip(PRECISIONS, (BLUE, RED), strict=True):
        points = sorted((size, whole) for kind, size, whole in memory if kind == precision)
        draw(last, [x for x, _ in points], [y for _, y in points], colour, "-", precision)
    dress(last, "memory of a loaded model, above none", "model file, MB", "MB")
    figures.suptitle(head, fontsize=7, color=GREY)
    figures.savefig(path, dpi=110)


def draw(axis: Any, xs: Sequence[float], ys: Sequence[float], colour: str, style: str, name: str) -> None:
    """Draw a line with its points."""
    axis.plot(xs, ys, style, color=colour, marker="o", markersize=3.5, linewidth=1.5, label=name)


def dress(axis: Any, title: str, x_label: str, y_label: str) -> None:
    """Give a panel its scales, grid and words; what spans less than a decade is drawn from zero."""
    from matplotlib.ticker import LogLocator, NullLocator

    low, high = axis.dataLim.y0, axis.dataLim.y1
    if high < 10 * low:
        axis.set_ylim(0, 1.15 * high)
    for name in ("x", "y") if high >= 10 * low else ("x",):
        axis.set(**{f"{name}scale": "log"})
        one = getattr(axis, f"{name}axis")
        one.set_major_locator(LogLocator(subs=(1, 2, 5)))
        one.set_major_formatter(lambda value, _: f"{value:g}")
        one.set_minor_locator(NullLocator())
    axis.set_title(title, fontsize=9)
    axis.set_xlabel(x_label, fontsize=8)
    axis.set_ylabel(y_label, fontsize=8)
    axis.tick_params(labelsize=8)
    axis.grid(color="#dddddd", linewidth=0.6)
    axis.spines[["top", "right"]].set_visible(False)
    axis.legend(fontsize=7, frameon=False, loc="upper left")


if __name__ == "__main__":
    main()
