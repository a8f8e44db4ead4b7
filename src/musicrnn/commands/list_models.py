"""`--list-models`: the models known by name, with their figures."""

from __future__ import annotations

import sys

from rich.console import Console
from rich.table import Table

from musicrnn.commands.listing import listing
from musicrnn.models.metadata import ModelInfo
from musicrnn.models.untrained import untrained
from musicrnn.printable import printable

COLUMNS = ("name", "parts", "grid", "network", "size", "nats a tick")


def list_models() -> int:
    """Print a table of the models that ship, the user's own and the untrained one, and then where each comes from.

    A file that cannot be used is told on standard error, with the reason.
    """
    console = Console(width=None if sys.stdout.isatty() else 200)
    table = Table(*COLUMNS, box=None, header_style="bold", pad_edge=False, padding=(0, 1, 0, 0))
    origins = Table.grid(padding=(0, 2))
    found = listing()
    for name, (info, size) in found.models.items():
        table.add_row(name, *row(info, size))
        origins.add_row(name, origin(info))
    last = untrained().info
    table.add_row(last.name, *row(last, 0))
    console.print(table, "\nmade from", origins, sep="\n", highlight=False, markup=False)
    for reason in found.left_out:
        print(printable(f"musicrnn: not listed: {reason}"), file=sys.stderr)
    return 0


def row(info: ModelInfo, size: int) -> tuple[str, ...]:
    """Return a model's cells, in the order of COLUMNS after the name."""
    vocabulary = info.vocabulary
    return (
        ", ".join(part.name for part in vocabulary.parts),
        f"{vocabulary.ticks_per_beat} a beat",
        f"{info.layers}x{info.units} {info.precision}",
        f"{size / 1e6:.1f} MB" if size else "-",
        _nats(info),
    )


def _nats(info: ModelInfo) -> str:
    """Return how well a model predicts what was held back for the test or, where it does not know, for validation."""
    for share, mark in (("test", ""), ("valid", " (validation)")):
        if (nats := info.figures.get(f"{share}_nats_a_tick")) is not None:
            return f"{nats:.2f}{mark}"
    return "-"


def origin(info: ModelInfo) -> str:
    """Return what a model was made from, and the licence of that."""
    source = str(info.corpus.get("source") or info.corpus.get("title") or "not said")
    return f"{source} ({info.licence})" if info.licence else source
