"""What was measured of a model, as tables of text: for the card, the terminal and the page alike."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from musicrnn.models.generator import Choice
from musicrnn.trainer.compare import FigureRow, ShapeRow, Spread
from musicrnn.trainer.copies import LONG_BARS, Copied
from musicrnn.trainer.evidence import Evidence
from musicrnn.trainer.likelihood import Likelihood

PLACES = "place of onsets in the bar"
LEAST_SHARE = 0.0005
_SIXTEENTHS = ("", "e", "and", "a")


@dataclass(frozen=True, slots=True)
class Table:
    """A table of text: what it shows, the head of each column, and the rows; the first column names the rows."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def number(value: float) -> str:
    """Return a figure with three digits that matter, and a dash for none."""
    if not math.isfinite(value):
        return "-"
    return f"{value:.1f}" if abs(value) >= 20 else f"{value:.2f}" if abs(value) >= 1 else f"{value:.3f}"


def spread_text(spread: Spread) -> str:
    """Return mean ± standard deviation."""
    return f"{number(spread.mean)} ± {number(spread.sd)}"


def choice_text(choice: Choice) -> str:
    """Return how tokens were chosen, without the seed: mu, sigma, and what is not as usual."""
    span = f", a draw a {choice.span}" if choice.span != "tick" else ""
    density = f", density {choice.density:g}" if choice.density else ""
    memory = f", memory {choice.memory:g}" if choice.memory else ""
    return f"mu {choice.mu:g}, sigma {choice.sigma:g}{span}{density}{memory}"


def tables_of(evidence: Evidence, found: Likelihood | None) -> list[Table]:
    """Return the tables that `musicrnn evaluate` shows, those without rows left out."""
    tables = [
        *([likelihood_table(found)] if found else []),
        ten_table(evidence),
        metre_table(evidence.shapes),
        repetition_table(evidence),
        *([copies_table(evidence)] if evidence.copies else []),
    ]
    return [table for table in tables if table.rows]


def likelihood_table(found: Likelihood) -> Table:
    """Return nats a tick, a note and a token, of all and of each part."""
    head = ("validation share", "nats a tick", "nats a note", "nats a token", "of all nats")
    whole = found.rows[0].nats
    rows = [
        (row.name, *(_nats(value) for value in (row.a_tick, row.a_note, row.a_token)),
         f"{row.nats / whole:.0%}" if whole else "-")
        for row in found.rows
    ]  # fmt: skip
    return Table("How well it predicts", head, tuple(rows))


def _nats(value: float) -> str:
    return f"{value:.4f}" if math.isfinite(value) else "-"


def ten_table(evidence: Evidence) -> Table:
    """Return the ten figures; music without pitches has fewer."""
    return compared_table("The ten figures", evidence.ten)


def repetition_table(evidence: Evidence) -> Table:
    """Return what comes again within a piece."""
    return compared_table("Repetition within a piece", evidence.repetition)


def compared_table(title: str, rows: Sequence[FigureRow]) -> Table:
    """Return generated beside held-out music, and held-out beside real music of the training share."""
    head = ("a piece", "generated", "held out", "learnt from", "within one sd",
            "overlap", "real", "KL", "real")  # fmt: skip
    return Table(
        title,
        head,
        tuple(
            (row.name, spread_text(row.generated), spread_text(row.held_out), spread_text(row.learnt),
             "yes" if row.within else "no", number(row.overlap), number(row.ceiling), number(row.divergence),
             number(row.real_divergence))
            for row in rows
        ),
    )  # fmt: skip


def metre_table(shapes: Sequence[ShapeRow]) -> Table:
    """Return the share of onsets on each sixteenth of the bar, those where next to nothing begins left out."""
    head = ("onsets on", "generated", "held out")
    found = next((row for row in shapes if row.name == PLACES), None)
    if found is None:
        return Table("Metre", head, ())
    rows = [
        (place_name(at), f"{made:.1%}", f"{real:.1%}")
        for at, (made, real) in enumerate(zip(found.generated, found.held_out, strict=True))
        if max(made, real) >= LEAST_SHARE
    ]
    return Table(f"Metre (overlap {number(found.overlap)}, real {number(found.ceiling)})", head, tuple(rows))


def place_name(sixteenth: int) -> str:
    """Return how a sixteenth of a bar is counted: 1, 1 e, 1 and, 1 a, 2, and so on."""
    return f"{sixteenth // 4 + 1} {_SIXTEENTHS[sixteenth % 4]}".strip()


def copies_table(evidence: Evidence) -> Table:
    """Return the longest runs in common with the training share, of generated and of held-out pieces."""
    head = ("longest run in common with a piece learnt from", "generated: notes, median (most)", "bars, median (most)",
            f"of {LONG_BARS:g} bars", "held out: notes", "bars", f"of {LONG_BARS:g} bars")  # fmt: skip
    rows = [
        (mine.sense, *_copied(mine), *_copied(theirs))
        for mine, theirs in zip(evidence.copies, evidence.real_copies, strict=True)
    ]
    return Table("Copies", head, tuple(rows))


def _copied(copies: Copied) -> tuple[str, str, str]:
    notes, bars = [run.notes for run in copies.by_notes], [run.bars for run in copies.by_bars]
    of = f"{copies.long} of {len(copies.by_bars)}"
    return f"{_median(notes):g} ({max(notes)})", f"{_median(bars):.1f} ({max(bars):.1f})", of


def _median(values: Sequence[float]) -> float:
    return sorted(values)[len(values) // 2]
