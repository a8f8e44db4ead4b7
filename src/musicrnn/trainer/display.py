"""What a person sees of a run: a live table on a terminal, nothing elsewhere."""

from __future__ import annotations

import math
from dataclasses import dataclass
from types import TracebackType

from rich.console import Console
from rich.live import Live
from rich.table import Table

SHORTER = {"training": "train", "validation": "valid", "a tick": "tick", "time left": "left", "peak memory": "memory"}
MEASURED = {"valid": "validation", "trained": "trained"}  # of pieces held back, or of those to train on
SPARED = ("tick", "rate", "best", "step", "done", "memory", "epoch")  # first what is soonest done without


@dataclass(slots=True)
class Progress:
    """How far a run has come; rates in tokens a second, times in seconds, ``memory`` the peak in bytes (0: unknown).

    ``measured`` is what ``valid_token``, ``valid_tick`` and ``best`` are of, as :data:`MEASURED` names it.
    """

    epoch: int = 0
    epochs: int = 0
    step: int = 0
    share: float = 0.0
    train: float = float("nan")
    valid_token: float = float("nan")
    valid_tick: float = float("nan")
    best: float = float("nan")
    rate: float = 0.0
    tokens_a_second: float = 0.0
    left: float = 0.0
    memory: int = 0
    measured: str = "valid"


def clock(seconds: float) -> str:
    """Return a duration as people read it: 1:02:03."""
    whole = max(int(seconds), 0)
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"


def megabytes(size: int) -> str:
    """Return bytes as people read them, and a dash for none."""
    return f"{size / 1e6:,.0f} MB" if size else "–"


class Display:
    """Shows :class:`Progress` while a run goes on."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._live = Live(console=console, refresh_per_second=4, transient=False) if console.is_terminal else None

    def __enter__(self) -> Display:
        if self._live:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live:
            self._live.stop()

    def say(self, line: str) -> None:
        """Print a line that matters to a person, terminal or not."""
        self.console.print(line, highlight=False, markup=False, soft_wrap=True)

    def show(self, progress: Progress) -> None:
        """Redraw the table, on a terminal."""
        if self._live:
            self._live.update(_table(progress, self.console.width))


def _figure(value: float) -> str:
    return f"{value:.4f}" if math.isfinite(value) else "–"


def _columns(progress: Progress) -> dict[str, str]:
    """Return all that is shown, by its head."""
    return {
        "epoch": f"{progress.epoch}/{progress.epochs}" if progress.epochs else str(progress.epoch),
        "done": f"{progress.share:.0%}",
        "step": str(progress.step),
        "training": _figure(progress.train),
        MEASURED[progress.measured]: _figure(progress.valid_token),
        "a tick": _figure(progress.valid_tick),
        "best": _figure(progress.best),
        "rate": f"{progress.rate:.2e}",
        "tokens/s": f"{progress.tokens_a_second:,.0f}",
        "time left": clock(progress.left),
        "peak memory": megabytes(progress.memory),
    }


def _fitting(columns: dict[str, str], width: int) -> tuple[dict[str, str], int]:
    """Return what has room, and the gap between columns: where it is narrow, closer and with shorter heads.

    Where that does not suffice it is without what can best be spared.
    """
    if _width(columns, 2) <= width:
        return columns, 2
    columns = {SHORTER.get(head, head): text for head, text in columns.items()}
    for head in SPARED:
        if _width(columns, 1) > width:
            del columns[head]
    return columns, 1


def _width(columns: dict[str, str], gap: int) -> int:
    return sum(max(len(head), len(text)) + gap for head, text in columns.items()) - gap


def _table(progress: Progress, width: int) -> Table:
    columns, gap = _fitting(_columns(progress), width)
    table = Table(box=None, pad_edge=False, padding=(0, gap, 0, 0))
    for head in columns:
        table.add_column(head, justify="right", no_wrap=True)
    table.add_row(*columns.values())
    return table
