"""The model card as Markdown."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from musicrnn import __version__
from musicrnn.config.declare import rules
from musicrnn.config.settings import SECTIONS, Settings
from musicrnn.config.write import value_text
from musicrnn.models.metadata import ModelInfo
from musicrnn.models.score import Part
from musicrnn.models.vocabulary import pitch_name
from musicrnn.trainer.card_pieces import Real
from musicrnn.trainer.commit import commit_of
from musicrnn.trainer.compare import FigureRow
from musicrnn.trainer.copies import LONG_BARS, Copied, Run
from musicrnn.trainer.evidence import Evidence
from musicrnn.trainer.likelihood import Likelihood
from musicrnn.trainer.tables import (
    Table,
    choice_text,
    copies_table,
    likelihood_table,
    metre_table,
    number,
    repetition_table,
    spread_text,
    ten_table,
)

_SHORT = ("notes a beat", "onsets on a beat", "groove similarity", "bars like an earlier bar", "scale consistency")
MOST_NAMED = 4
_TYPED = (
    *("play.mu", "play.sigma", "play.exponent_span", "play.density", "play.memory", "play.seed"),
    *("evaluate.pieces", "evaluate.most_bars", "evaluate.tokens"),
)
BY_THE_CLOCK = (
    "The training ended by the clock (`minutes`), so the same command gives a model of the same kind and not the same "
    "numbers."
)
_NO_PLACE = ("corpus.folders", "corpus.cache", "training.run_folder", "training.resume", "training.init_from",
             "training.overwrite", "training.licence", "training.source", "training.name")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Source:
    """Where a card comes from: the model and the recipe as they were named, the model's seal, the corpus' folders."""

    model: str
    config: str
    digest: str
    folders: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Card:
    """All that a card tells."""

    info: ModelInfo
    source: Source
    settings: Settings
    real: Real
    evidence: Evidence
    others: tuple[Evidence, ...]
    likelihood: Likelihood | None
    picture: str


def card_text(card: Card) -> str:
    """Return the card as Markdown."""
    blocks = [
        f"# {card.info.name}: model card",
        _summary(card),
        "## What it is", _facts(card),
        "## What it learnt from", _corpus(card),
        "## How well it predicts", _predicts(card.info), _likelihood(card.likelihood),
        "## What it plays, beside music it has not seen", _explained(card), f"![piano rolls]({card.picture})",
        *_compared(card.evidence),
        "### All figures",
        _figures("a piece", card.evidence.figures),
        *(_figures(f"{name}, a piece", rows) for name, rows in card.evidence.parts.items()),
        "### Histograms", _shapes(card.evidence),
        "## What it copies", _copies(card),
        *(["## Surer and less sure", _surer(card)] if card.others else []),
        "## Made again", _again(card),
    ]  # fmt: skip
    return "\n\n".join(block for block in blocks if block) + "\n"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table; all columns but the first are aligned to the right."""
    lines = [" | ".join(head), " | ".join(["---", *["---:"] * (len(head) - 1)]), *(" | ".join(row) for row in rows)]
    return "\n".join(f"| {line} |" for line in lines)


def _summary(card: Card) -> str:
    e = card.evidence
    figures, ceiling = e.figure_overlap
    shapes, shape_ceiling = e.shape_overlap
    return (
        f"**{e.within} of {len(e.every)}** figures of what it plays lie within one standard deviation of held-out "
        f"music (as many real pieces of the training share: {e.real_within:.1f}). Distributions overlap by "
        f"{figures:.0%} (two real sets of this size: {ceiling:.0%}), histograms by {shapes:.0%} (two real sets: "
        f"{shape_ceiling:.0%}). {_verdict(e.copies[:1])}"
    )


def _verdict(copies: Sequence[Copied]) -> str:
    if not copies:
        return ""
    longest = max(copies[0].by_bars, key=lambda run: run.bars)
    said = f"{copies[0].long} of its pieces copy" if copies[0].long else "None of its pieces copies"
    return (
        f"{said} a stretch of {LONG_BARS:g} bars from its corpus; the longest copied stretch has {longest.bars:.1f} "
        f"bars ({longest.notes} notes)."
    )


def _facts(card: Card) -> str:
    info, v = card.info, card.info.vocabulary
    commit = commit_of(Path(__file__).parent)
    levels = f"{v.velocity_bins} levels of loudness" if v.velocity_bins else "no loudness (all notes alike)"
    rows = [
        ("network", f"{info.cell.upper()}, {info.layers} layers of {info.units} units, {info.precision} weights"),
        ("grid", f"{v.ticks_per_beat} ticks a beat (quarter note), {levels}, at most {v.max_polyphony} notes at once"),
        *((f"part *{part.name}*", _part(part)) for part in v.parts),
        ("tokens", f"{v.size}"),
        ("usual tempo and metre", f"{info.tempo:g} bpm, {info.metre[0]}/{info.metre[1]}"),
        ("made with", f"MusicRNN {info.version or __version__}{f', commit `{commit}`' if commit else ''}"),
    ]
    if card.source.digest:
        rows.append(("seal", f"`{card.source.digest}`, the last 64 characters of its file"))
    return "\n".join(f"- {name}: {text}" for name, text in rows)


def _part(part: Part) -> str:
    sound = "drums" if part.percussive else f"program {part.program}"
    return f"{pitch_name(part.low)} to {pitch_name(part.high)}, channel {part.channel}, {sound}"


def _corpus(card: Card) -> str:
    info, real = card.info, card.real
    source = info.corpus.get("source") or card.settings.training.source or ", ".join(card.source.folders)
    licence = info.corpus.get("licence") or info.licence or "none stated"
    validation = int(info.corpus.get("pieces") or 0) - len(real.train) - len(real.held_out)
    rest = f", {validation} for validation" if validation > 0 else ""
    return (
        f"- source: {source}\n- licence of the corpus: {licence}\n- licence of the model: {info.licence or licence}; "
        f"whoever passes it on names the source\n- {len(real.train)} pieces to learn from{rest}, {len(real.held_out)} "
        "held out to compare with: whole pieces, never parts of one"
    )


def _predicts(info: ModelInfo) -> str:
    if not info.figures:
        return "Nothing was measured yet."
    names = {"valid": "validation", "train": "training"}
    rows = []
    for name, value in info.figures.items():
        words = [names.get(word, word) for word in name.split("_")]
        rows.append((" ".join(words), f"{value:.4f}"))
    return table(("negative log-likelihood, natural logarithm", ""), rows)


def _likelihood(found: Likelihood | None) -> str:
    if found is None:
        return ""
    return (
        "By part, on the validation share, as `musicrnn evaluate` measures it: *a note* is one that begins, *time* the "
        f"tokens that end a tick or the piece. {found.pieces} of {found.of} pieces.\n\n"
        f"{_table(likelihood_table(found))}"
    )


def _compared(evidence: Evidence) -> list[str]:
    """Return the tables that `musicrnn evaluate` shows, each under its title."""
    tables = (ten_table(evidence), metre_table(evidence.shapes), repetition_table(evidence))
    return [text for shown in tables if shown.rows for text in (f"### {shown.title}", _table(shown))]


def _table(shown: Table) -> str:
    rows = [["**no**" if cell == "no" else cell for cell in row] for row in shown.rows]
    return table(shown.head, rows)


def _explained(card: Card) -> str:
    e, choice = card.evidence, card.evidence.choice
    made, unseen, learnt = e.counts
    return (
        f"{made} pieces ({e.bars} bars), each with the bars and metres of a held-out piece, from nothing, at "
        f"{choice_text(choice)}, seeds {choice.seed} to {choice.seed + made - 1}, none left out; "
        f"beside {unseen} held-out pieces of the corpus; all cut at {card.settings.evaluate.most_bars} bars. A "
        "figure is counted for each piece: mean ± standard deviation over the pieces. *Overlap* is the area that two "
        f"distributions share; its *ceiling*, or *real*, is that of the held-out pieces with {made} of {learnt} pieces "
        "of the training share. *KL* is the divergence of the generated pieces' distribution from the held-out one, in "
        "nats. *An onset* is a tick in which a note begins."
    )


def _figures(head: str, rows: Sequence[FigureRow]) -> str:
    if not rows:
        return ""
    columns = (head, "generated", "held out", "within one sd", "overlap", "ceiling")
    return table(
        columns,
        [
            (row.name, spread_text(row.generated), spread_text(row.held_out), "yes" if row.within else "**no**",
             number(row.overlap), number(row.ceiling))
            for row in rows
        ],
    )  # fmt: skip


def _shapes(e: Evidence) -> str:
    return table(
        ("histogram", "overlap", "ceiling"), [(row.name, number(row.overlap), number(row.ceiling)) for row in e.shapes]
    )


def _copies(card: Card) -> str:
    said = (
        "A run is copied where the same notes begin in the same parts at the same distances in time; lengths of notes "
        "are not compared, and a rest or held note of more than a bar counts as one bar."
    )
    return "\n\n".join([said, _table(copies_table(card.evidence)), _where(card)])


def _where(card: Card) -> str:
    """Say where the longest copied run of the first sense stands."""
    if not card.evidence.copies or not card.evidence.copies[0].by_bars:
        return ""
    runs = card.evidence.copies[0].by_bars
    at = max(range(len(runs)), key=lambda i: runs[i].bars)
    run: Run = runs[at]
    if run.source < 0:
        return ""
    beats = card.info.vocabulary.ticks_per_beat
    return (
        f"The longest of the first row: piece {at + 1}, from beat {run.tick / beats + 1:g}, is beat "
        f"{run.source_tick / beats + 1:g} of `{_shown(card.real.train_names[run.source])}`."
    )


def _surer(card: Card) -> str:
    every = sorted([card.evidence, *card.others], key=lambda e: e.choice.mu)
    head = ("mu", "figures within one sd", "overlap of figures", "of histograms", *_SHORT, "longest copy in bars")
    rows = [
        (f"{e.choice.mu:g}", f"{e.within} of {len(e.every)}", number(e.figure_overlap[0]), number(e.shape_overlap[0]),
         *(number(e.value(name)) for name in _SHORT),
         number(max((run.bars for run in e.copies[0].by_bars), default=0.0) if e.copies else math.nan))
        for e in every
    ]  # fmt: skip
    main = card.evidence
    held = {row.name: row.held_out for row in main.figures}
    real = max((run.bars for run in main.real_copies[0].by_bars), default=0.0) if main.real_copies else math.nan
    last = (
        "held out", f"{main.real_within:.1f}", number(main.figure_overlap[1]), number(main.shape_overlap[1]),
        *(spread_text(held[name]) if name in held else "-" for name in _SHORT), number(real),
    )  # fmt: skip
    return "The first columns of the last row are those of as many real pieces of the training share.\n\n" + table(
        head, [*rows, last]
    )


def _again(card: Card) -> str:
    named = card.source.folders if len(card.source.folders) <= MOST_NAMED else ("FILES",)
    folders = " ".join(f"PATH-TO/{name}" for name in named)
    config = _shown(card.source.config)
    recipe = f" --config {config}" if config else ""
    typed = "".join(_flag(card.settings, name) for name in _TYPED if name in card.settings.origins)
    also = "".join(f" --also-mu {mu:g}" for mu in card.settings.card.also_mu)
    after = _shown(card.settings.card.after)
    first = f"musicrnn-train --config {after} {folders}\n" if after else ""
    onwards = " --init-from THAT-RUN" if after else ""
    text = (
        f"```sh\n{first}musicrnn-train{recipe}{onwards} {folders}\n"
        f"musicrnn card {_shown(card.source.model)} {folders}{recipe}{typed}{also}\n```"
    )
    if card.settings.training.minutes:
        text = f"{BY_THE_CLOCK}\n\n{text}"
    settings = _set(card.settings)
    return f"{text}\n\nSettings that are not the default:\n\n```toml\n{settings}\n```" if settings else text


def _flag(settings: Settings, name: str) -> str:
    value = settings.value(name)
    return f" --{name.split('.')[1].replace('_', '-')} {value if isinstance(value, str) else value_text(value)}"


def _shown(path: str) -> str:
    """Return a path as others can use it: relative as it was typed, else its last part."""
    return Path(path).name if Path(path).is_absolute() else path


def _set(settings: Settings) -> str:
    """Return the settings of corpus, network and training that are not the default, as TOML, without paths."""
    blocks = []
    for section in ("corpus", "network", "training"):
        lines = [
            f"{key} = {value_text(settings.value(f'{section}.{key}'))}"
            for key, rule in rules(SECTIONS[section])
            if f"{section}.{key}" not in _NO_PLACE and settings.value(f"{section}.{key}") != rule.default
        ]
        if lines:
            blocks.append("\n".join([f"[{section}]", *lines]))
    return "\n\n".join(blocks)
