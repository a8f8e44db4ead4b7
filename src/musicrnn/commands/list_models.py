"""`--list-models`: the models known by name, with their figures."""

from __future__ import annotations

import sys

from rich.console import Console
from rich.table import Table

from musicrnn.models.catalogue import bundled, own
from musicrnn.models.metadata import ModelInfo
from musicrnn.models.model_file import load_checked
from musicrnn.models.untrained import untrained

COLUMNS = ("name", "parts", "grid", "network", "size", "nats a tick", "licence", "made from")


def list_models() -> int:
    """Print a table of the models that ship, the user's own and the untrained one.

    Raises ModelError where a file is damaged.
    """
    table = Table(*COLUMNS, box=None, header_style="bold", pad_edge=False)
    for name, path in {**bundled(), **own()}.items():
        file = load_checked(path)
        table.add_row(name, *row(file.info, len(file.content))[1:])
    table.add_row(*row(untrained().info, 0))
    Console(width=None if sys.stdout.isatty() else 200).print(table, highlight=False, markup=False)
    return 0


def row(info: ModelInfo, size: int) -> tuple[str, ...]:
    """Return a model's cells, in the order of COLUMNS."""
    vocabulary = info.vocabulary
    nats = info.figures.get("test_nats_a_tick", info.figures.get("valid_nats_a_tick"))
    return (
        info.name,
        ", ".join(part.name for part in vocabulary.parts),
        f"{vocabulary.ticks_per_beat} a beat",
        f"{info.layers} x {info.units} {info.precision}",
        f"{size / 1e6:.1f} MB" if size else "made on the fly",
        "-" if nats is None else f"{nats:.2f}",
        info.licence or "-",
        str(info.corpus.get("source") or info.corpus.get("title") or "-"),
    )
