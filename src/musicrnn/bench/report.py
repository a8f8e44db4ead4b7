"""What was measured, as tables for people and as values for programs."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from musicrnn.bench.figures import Spread
from musicrnn.bench.playing import Played
from musicrnn.bench.results import Results
from musicrnn.bench.sizes import PRECISIONS, Sized, largest

if TYPE_CHECKING:
    from rich.table import Table

FORMAT = 1
NARROWEST = 100


def as_values(results: Results) -> dict[str, Any]:
    """Return what ``--json`` prints: all times in milliseconds."""
    info = results.model
    return {
        "format": FORMAT,
        "machine": asdict(results.machine),
        "model": {
            "name": info.name,
            "layers": info.layers,
            "units": info.units,
            "precision": info.precision,
            "ticks_per_beat": info.vocabulary.ticks_per_beat,
        },
        "tempo": results.tempo,
        "tick_ms": _milliseconds(results.tick_seconds),
        "step_ms": {"hot": results.hot.milliseconds(), "paced": results.paced.milliseconds()},
        "output": _output_values(results.played),
        "sizes": [_size_values(sized) for sized in results.sizes],
        "largest": {precision: _name(largest(results.sizes, precision)) for precision in PRECISIONS},
    }


def _output_values(played: Played) -> dict[str, Any]:
    player = played.player
    return {
        "system": played.system or None,
        "reason": played.reason,
        "latency_ms": _milliseconds(played.latency),
        "exact": played.exact,
        "lateness_ms": played.lateness.milliseconds() if played.lateness else None,
        "messages": played.messages,
        "lost": played.lost,
        "skipped_ticks": played.skipped_ticks,
        "engine": {"real_time": played.real_time},
        "player": None
        if player is None
        else {
            "start_ms": _milliseconds(player.start_seconds),
            "real_time": player.real_time,
            "locked": player.locked,
        },
    }


def _size_values(sized: Sized) -> dict[str, Any]:
    values = {name: getattr(sized, name) for name in ("layers", "units", "precision", "file_bytes", "tokens", "fits")}
    return {**values, "tick_ms": sized.tick.milliseconds()}


def _name(sized: Sized | None) -> str | None:
    return f"{sized.layers} x {sized.units}" if sized is not None else None


def _milliseconds(seconds: float) -> float:
    return round(1000 * seconds, 4)


def show(results: Results) -> None:
    """Print the tables."""
    from rich.console import Console

    console = Console(width=None if sys.stdout.isatty() else NARROWEST, highlight=False)
    console.print(results.machine.words(), markup=False, soft_wrap=True)
    console.print()
    console.print(_times(results))
    console.print()
    for line in _facts(results):
        console.print(line, markup=False, soft_wrap=True)
    if results.sizes:
        console.print()
        console.print(_sizes(results))
        console.print()
        for line in _conclusions(results):
            console.print(line, markup=False)


def _times(results: Results) -> Table:
    from rich.table import Table

    table = Table("ms", header_style="bold", box=None, pad_edge=False)
    for heading in ("p50", "p99", "p99.9", "max", "of"):
        table.add_column(heading, justify="right")
    table.add_row("one step, hot", *_cells(results.hot))
    table.add_row("one step, every 20 ms", *_cells(results.paced))
    played = results.played
    through = f"a note late, through {played.system}" if played.system else "a note late, as it leaves the engine"
    table.add_row(through, *(_cells(played.lateness) if played.lateness else ["-"] * 5))
    return table


def _cells(times: Spread) -> list[str]:
    return [*(f"{1000 * value:.3f}" for value in (times.p50, times.p99, times.p999, times.most)), str(times.count)]


def _facts(results: Results) -> Iterator[str]:
    info, played = results.model, results.played
    yield f"Model     {info.name}: {info.layers} x {info.units} {info.precision}, at {results.tempo:g} bpm"
    if played.system:
        steady = "the same for each note" if played.exact else "sent when its moment comes"
        yield f"Output    {played.system}: {1000 * played.latency:.1f} ms after the beat, {steady}; {_lost(played)}"
    else:
        yield f"Output    {played.reason}"
    if played.skipped_ticks:
        yield f"          {played.skipped_ticks} ticks came too late and were skipped"
    if played.player is not None:
        yield f"Player    started in {played.player.start_seconds:.2f} s; {_granted(played)}"
    yield f"Priority  {'real time' if played.real_time else 'normal: this user may not have real time'}"


def _lost(played: Played) -> str:
    return f"{played.lost or 'none'} of {played.messages} messages lost"


def _granted(played: Played) -> str:
    if played.player is None:
        return ""
    priority = "real-time priority" if played.player.real_time else "no real-time priority"
    return f"{priority}, {'memory locked' if played.player.locked else 'memory not locked'}"


def _sizes(results: Results) -> Table:
    from rich.table import Table

    table = Table("layers x units", "weights", header_style="bold", box=None, pad_edge=False)
    for heading in ("file", "steps", "p50 ms", "p99 ms", "of a tick", "fits"):
        table.add_column(heading, justify="right")
    for sized in results.sizes:
        table.add_row(
            f"{sized.layers} x {sized.units}",
            sized.precision,
            f"{sized.file_bytes / 1e6:.1f} MB",
            str(sized.tokens),
            f"{1000 * sized.tick.p50:.2f}",
            f"{1000 * sized.tick.p99:.2f}",
            f"{sized.tick.p99 / results.tick_seconds:.0%}",
            "yes" if sized.fits else "no",
        )
    return table


def _conclusions(results: Results) -> Iterator[str]:
    grid = results.model.vocabulary.ticks_per_beat
    tick = f"{1000 * results.tick_seconds:.1f} ms at {results.tempo:g} bpm and {grid} ticks a beat"
    fullest = "99 of 100 ticks that begin as many notes as its language allows"
    yield f"A tick is {tick}. A model fits where {fullest} are made within it."
    for precision in PRECISIONS:
        name = _name(largest(results.sizes, precision))
        beyond = "" if _failed(results, precision) else ", the largest that was tried"
        yield f"Largest that fits, {precision}: {name + beyond if name else 'none'}"


def _failed(results: Results, precision: str) -> bool:
    return any(not sized.fits for sized in results.sizes if sized.precision == precision)
