"""`musicrnn check`: what is in MIDI files and score texts, and what a training would leave out."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.table import Table

    from musicrnn.config.corpus import CorpusSettings
    from musicrnn.models.corpus import Corpus
    from musicrnn.models.corpus_rows import Row

UNUSABLE = 1
MOST_EXPLAINED = 20
WIDE = 120  # columns from which on no heading takes two rows


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of `musicrnn check`."""
    from musicrnn.config.flags import COMMANDS, add_settings

    parser.epilog = "No file is ever changed. The exit status is 1 if anything is unusable."
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")
    add_settings(parser, COMMANDS["check"])


def run(args: argparse.Namespace) -> int:
    """Print a row a file; return 0 if all are usable, 1 if one is not."""
    from musicrnn.config.flags import COMMANDS, settings_from, shown
    from musicrnn.errors import ConfigError
    from musicrnn.models.corpus_rows import rows_of
    from musicrnn.printable import print_json

    settings = settings_from(args, "check")
    if shown(args, settings, COMMANDS["check"]):
        return 0
    if not settings.corpus.folders:
        raise ConfigError("corpus.folders must name at least one folder or file of MIDI or score text, got none")
    corpus = _read(settings.corpus)
    rows = rows_of(corpus)
    if args.json:
        print_json(as_json(corpus, rows))
    else:
        _print(corpus, rows)
    return 0 if all(row.usable for row in rows) else UNUSABLE


def _read(settings: CorpusSettings) -> Corpus:
    from rich.console import Console
    from rich.progress import Progress

    from musicrnn.errors import CorpusError
    from musicrnn.models.corpus import corpus_of, grid_settings, read_files, user_cache
    from musicrnn.models.corpus_files import find_files

    files = find_files(settings.folders)
    if not files:
        named = ", ".join(settings.folders)
        raise CorpusError(f"{named}: there must be a MIDI file or a score text to check, got none")
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("reading", total=len(files))
        readings = read_files(
            files,
            grid_settings(settings),
            user_cache() if settings.cache else None,
            lambda done, _total, _name: bar.update(task, completed=done),
        )
    return corpus_of(readings, settings)


def as_json(corpus: Corpus, rows: list[Row]) -> dict[str, object]:
    """Return what `--json` prints: the rows, the parts of the whole corpus, and how they were found."""
    from dataclasses import asdict

    return {
        "files": [asdict(row) for row in rows],
        "parts": [asdict(part) for part in corpus.parts],
        "parts_from": corpus.plan.kind,
        "usable": sum(row.usable for row in rows),
        "unusable": sum(not row.usable for row in rows),
    }


def _print(corpus: Corpus, rows: list[Row]) -> None:
    from rich.console import Console

    from musicrnn.models.corpus_rows import left_out
    from musicrnn.printable import printable

    console = Console(width=None if sys.stdout.isatty() else 200)
    console.print(_table(rows, console.width))
    for row in rows:
        if not row.usable or len(rows) <= MOST_EXPLAINED:
            for words in row.left_out + row.warnings:
                console.print(printable(f"{row.file}: {words}"), markup=False, highlight=False, soft_wrap=True)
    usable = sum(row.usable for row in rows)
    if len(rows) > MOST_EXPLAINED:
        for words in left_out(*((piece.grid_piece.moved, piece.assigned) for piece in corpus.pieces)):
            console.print(printable(f"in all files: {words}"), markup=False, highlight=False, soft_wrap=True)
        console.print(f"Each file's share is told by --json, and for up to {MOST_EXPLAINED} files.", highlight=False)
    console.print(f"{usable} of {len(rows)} files usable.", highlight=False)
    for part in corpus.parts:
        notes = [row.parts[part.name] for row in rows if row.parts.get(part.name)]
        kind = "hits" if part.percussive else f"at most {part.polyphony} at once"
        where = f"channel {part.channel}, program {part.program}"
        told = f"{_pitches(part.low, part.high)}, {kind}, {where}, {_counted(sum(notes), 'note')}"
        console.print(f"part {part.name}: {told} in {_counted(len(notes), 'file')}", highlight=False)


def _table(rows: list[Row], width: int) -> Table:
    from rich.table import Table
    from rich.text import Text

    from musicrnn.printable import printable

    gap = " " if width >= WIDE else "\n"
    table = Table(header_style="bold", box=None, pad_edge=False, padding=(0, 1, 0, 0))
    for heading in ("file", "parts"):
        table.add_column(heading, overflow="fold")  # a name that is cut is no name
    for heading in ("notes", "bars", "bpm", "metre", "range", f"at{gap}once", f"off{gap}grid", f"left{gap}out"):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(*(Text(printable(cell)) for cell in _cells(row)), style="" if row.usable else "red")
    return table


def _cells(row: Row) -> list[str]:
    if not row.notes:
        return [row.file, *[""] * 8, "unusable" if not row.usable else "duplicate"]
    low, high = row.tempo
    more = f" +{len(row.metres) - 2}" if len(row.metres) > 2 else ""
    return [
        row.file,
        ", ".join(f"{name} {count}" for name, count in row.parts.items()),
        str(row.notes),
        str(row.bars),
        f"{low:.0f}" if round(low) == round(high) else f"{low:.0f}-{high:.0f}",
        " ".join(row.metres[:2]) + more,
        _pitches(*row.range) if any(row.range) else "",
        str(row.polyphony),
        f"{row.off_grid:.0%}",
        str(row.notes_left_out or ""),
    ]


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"


def _pitches(low: int, high: int) -> str:
    from musicrnn.models.vocabulary import pitch_name

    return f"{pitch_name(low)}..{pitch_name(high)}"
