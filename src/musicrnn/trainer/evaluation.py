"""All that `musicrnn evaluate` found out of a model: as tables for people, as values for programs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from musicrnn.models.generator import Choice
from musicrnn.models.metadata import ModelInfo
from musicrnn.models.score import Score
from musicrnn.trainer.card_pieces import Real
from musicrnn.trainer.compare import FigureRow, Measured, ShapeRow, spread
from musicrnn.trainer.copies import Copied, Run
from musicrnn.trainer.evidence import REPETITION, TEN, Evidence
from musicrnn.trainer.likelihood import Likelihood, PartNats
from musicrnn.trainer.shapes import shares
from musicrnn.trainer.tables import LEAST_SHARE, PLACES, Table, choice_text, place_name, spread_text, tables_of


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """A model beside its corpus: the corpus, the generated pieces, what they are like, and how well it predicts."""

    info: ModelInfo
    real: Real
    pieces: Sequence[Score]
    evidence: Evidence
    likelihood: Likelihood | None

    def summary(self) -> str:
        """Return what it comes to, in a sentence or two."""
        e = self.evidence
        made, unseen, _ = e.counts
        return (
            f"{self.info.name}: {made} pieces ({e.bars} bars) at {_how(e.choice)}, beside {unseen} held-out pieces. "
            f"{e.within} of {len(e.every)} figures within one standard deviation of held-out music (as many real "
            f"pieces: {e.real_within:.1f})."
        )

    def tables(self) -> list[Table]:
        """Return what was measured."""
        return tables_of(self.evidence, self.likelihood)

    def values(self) -> dict[str, Any]:
        """Return what was measured as plain values, None for what is no number."""
        e = self.evidence
        found: dict[str, Any] = {
            "model": self.info.name,
            "choice": asdict(e.choice),
            "pieces": dict(zip(("generated", "held_out", "learnt_from"), e.counts, strict=True)),
            "bars": e.bars,
            "within": {"generated": e.within, "real": e.real_within, "of": len(e.every)},
            "likelihood": _likelihood(self.likelihood) if self.likelihood else None,
            "ten": [_figure(row) for row in e.ten],
            "repetition": [_figure(row) for row in e.repetition],
            "metre": [_shape(row) for row in e.shapes if row.name == PLACES],
            "figures": [_figure(row) for row in e.figures],
            "parts": {name: [_figure(row) for row in rows] for name, rows in e.parts.items()},
            "histograms": [_shape(row) for row in e.shapes],
            "copies": [
                {"sense": mine.sense, "generated": _copied(mine), "held_out": _copied(theirs)}
                for mine, theirs in zip(e.copies, e.real_copies, strict=True)
            ],
        }
        plain: dict[str, Any] = plain_values(found)
        return plain


@dataclass(frozen=True, slots=True, eq=False)
class Alone:
    """A model without a corpus: what its pieces are like, beside nothing."""

    info: ModelInfo
    pieces: Sequence[Score]
    choice: Choice
    measured: Measured

    def summary(self) -> str:
        """Return what was made, and what it takes to compare it."""
        return (
            f"{self.info.name}: {len(self.pieces)} pieces at {_how(self.choice)}, beside nothing: name the corpus that "
            "the model learnt from (--corpus) to compare them with music it has not seen, and to measure how well it "
            "predicts."
        )

    def tables(self) -> list[Table]:
        """Return what was measured."""
        figures = self.measured.figures
        rows = [(name, spread_text(spread(figures[name]))) for name in (*TEN, *REPETITION) if name in figures]
        places = enumerate(shares(self.measured.shapes[PLACES]).tolist())
        metre = [(place_name(at), f"{share:.1%}") for at, share in places if share >= LEAST_SHARE]
        tables = [Table("Figures", ("a piece", "generated"), tuple(rows)),
                  Table("Metre", ("onsets on", "generated"), tuple(metre))]  # fmt: skip
        if self.info.figures:
            told = [(name.replace("_", " "), f"{value:.4f}") for name, value in self.info.figures.items()]
            tables.insert(0, Table("What its file tells", ("negative log-likelihood", "nats"), tuple(told)))
        return tables

    def values(self) -> dict[str, Any]:
        """Return what was measured as plain values, None for what is no number."""
        figures = {name: asdict(spread(values)) for name, values in self.measured.figures.items()}
        metre = shares(self.measured.shapes[PLACES]).tolist()
        plain: dict[str, Any] = plain_values(
            {"model": self.info.name, "choice": asdict(self.choice), "pieces": {"generated": len(self.pieces)},
             "figures": figures, "metre": metre}
        )  # fmt: skip
        return plain


Evaluation = Compared | Alone


def _how(choice: Choice) -> str:
    return f"{choice_text(choice)}, seed {choice.seed} and on"


def _likelihood(found: Likelihood) -> dict[str, Any]:
    return {"pieces": found.pieces, "of": found.of, "rows": [_nats(row) for row in found.rows]}


def _nats(row: PartNats) -> dict[str, Any]:
    return {**asdict(row), "a_tick": row.a_tick, "a_note": row.a_note, "a_token": row.a_token}


def _figure(row: FigureRow) -> dict[str, Any]:
    values = asdict(row)
    del values["values"]
    return {**values, "within": row.within}


def _shape(row: ShapeRow) -> dict[str, Any]:
    return asdict(row)


def _copied(copies: Copied) -> dict[str, Any]:
    return {"long": copies.long, "by_notes": [_run(run) for run in copies.by_notes],
            "by_bars": [_run(run) for run in copies.by_bars]}  # fmt: skip


def _run(run: Run) -> dict[str, Any]:
    return {"notes": run.notes, "bars": run.bars, "tick": run.tick, "source": run.source}


def plain_values(value: Any) -> Any:
    """Return values that JSON knows: numbers that are not finite as None."""
    if isinstance(value, dict):
        return {str(key): plain_values(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain_values(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
