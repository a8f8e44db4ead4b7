"""`musicrnn convert`: MIDI files to score text and back, one file or folders of them."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from musicrnn.models.corpus import Readings
    from musicrnn.models.corpus_files import CorpusFile
    from musicrnn.models.grid_piece import GridPiece
    from musicrnn.models.midi_piece import MidiPiece
    from musicrnn.models.parts import Assigned
    from musicrnn.models.score import Score

MIDI, TEXT = ".mid", ".txt"
ENDINGS = {".mid": MIDI, ".midi": MIDI, ".txt": TEXT}
STANDARD_OUTPUT = "-"
SOMETHING_DIFFERS = 1
BINS = (0, *range(2, 33))
MOST_VOICES = 64
MOST_TOLD = 10


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of `musicrnn convert`."""
    parser.epilog = (
        "The exit status is 1 if a file could not be read or, with --round-trip, did not come back the same "
        "or had to be mended; nothing is written over without --overwrite (78)."
    )
    add = parser.add_argument
    add("source", metavar="IN", type=_path, help="a MIDI file, a score text, an old text of 89 characters, or a folder")
    add(
        "target",
        metavar="OUT",
        nargs="?",
        help="file to write, or folder to write into, which is made where it ends in /; not needed with --round-trip",
    )
    add("--to", choices=("mid", "txt"), help="what to write; else OUT's ending says it, or it is the other kind")
    add("--grid", type=int, choices=(4, 12, 24), help="ticks in a quarter note (default a text's own, else 12)")
    add("--pedal", choices=("ignore", "extend"), default="ignore", help="sustain pedal (default ignore)")
    add(
        "--velocity-bins",
        type=int,
        default=0,
        metavar="N",
        help="write loudness in N bins, not exactly (2 to 32; 0, the default, for none)",
    )
    add("--round-trip", action="store_true", help="convert there and back and tell each difference")
    add("--overwrite", action="store_true", help="replace files that are there")


def _path(text: str) -> Path:
    """Return a path; ConfigError for an empty one, which would be the folder of whoever calls."""
    from musicrnn.errors import ConfigError
    from musicrnn.files import named_path

    if not text:
        raise ConfigError("IN and OUT must be paths, got ''")
    return named_path(text)


@dataclass(frozen=True, slots=True)
class Plan:
    """One file to convert: what is read, and where what comes of it goes (None: nowhere).

    A file that holds several pieces has as many targets once it was read.
    """

    file: CorpusFile
    kind: str
    targets: tuple[Path | None, ...]


def run(args: argparse.Namespace) -> int:
    """Convert; return 0 if all went well.

    Raises ConfigError, before anything is written, where a file is there, may not be written, or would be
    written twice, and FileNotWrittenError where one cannot be written at the end all the same.
    """
    from musicrnn.errors import ConfigError

    _take_target(args)
    _check_target(args)
    if args.velocity_bins not in BINS:
        raise ConfigError(f"--velocity-bins must be 0 or in 2..32, got {args.velocity_bins}")
    plans = _plans(args)
    _check_bins(plans, args)
    _check_targets(plans, args.overwrite)
    return _convert(plans, args)


def _take_target(args: argparse.Namespace) -> None:
    """Make OUT a path, and know whether files go into it: of a folder that is still to be made only its slash tells."""
    from musicrnn.files import FOLDER, what_is_at

    args.into_folder = what_is_at(args.source) == FOLDER
    if args.target is not None:
        named_as_one = args.target.endswith(("/", os.sep))
        args.target = _path(args.target)
        args.into_folder |= named_as_one or what_is_at(args.target) == FOLDER


def _check_target(args: argparse.Namespace) -> None:
    from musicrnn.errors import ConfigError
    from musicrnn.files import FOLDER, what_is_at

    if args.target is None and not args.round_trip:
        raise ConfigError("OUT must be given (without --round-trip), got nothing")
    if str(args.target) == STANDARD_OUTPUT:
        raise ConfigError(f"OUT must be a file or a folder, got {STANDARD_OUTPUT}: nothing goes to standard output")
    if args.target is None or what_is_at(args.source) != FOLDER or what_is_at(args.target) == FOLDER:
        return
    if args.target.suffix.lower() in ENDINGS:
        raise ConfigError(f"OUT must be a folder where IN is one, got {args.target}, which has the ending of a file")


def _check_bins(plans: Sequence[Plan], args: argparse.Namespace) -> None:
    """Raise ConfigError for bins where no text is written, not even on the way there and back."""
    from musicrnn.errors import ConfigError

    if args.velocity_bins and not args.round_trip and all(plan.kind == MIDI for plan in plans):
        raise ConfigError(
            f"--velocity-bins must not be given while only MIDI files are written, got {args.velocity_bins}"
        )


def _plans(args: argparse.Namespace) -> list[Plan]:
    from musicrnn.errors import CorpusError
    from musicrnn.files import FOLDER, what_is_at
    from musicrnn.models.corpus_files import find_files

    files = find_files([args.source], "IN")
    if not files:
        raise CorpusError(f"{args.source}: a folder to convert must hold MIDI files or score texts, got none")
    folder = args.source if what_is_at(args.source) == FOLDER else args.source.parent
    plans = []
    for file in files:
        kind = _kind(file.path, args.to, None if args.into_folder else args.target)
        target: Path | None = args.target
        if file.trouble:
            target = None
        elif target is not None and args.into_folder:
            target = target / file.path.relative_to(folder).with_suffix(kind)
        elif target is not None and not target.suffix:
            target = target.with_suffix(kind)
        plans.append(Plan(file, kind, (target,)))
    return plans


def _check_targets(plans: Sequence[Plan], overwrite: bool) -> None:
    """Raise ConfigError for a file that may not or could not be written, with both sources where it has two."""
    from musicrnn.config.outputs import check_folder
    from musicrnn.errors import ConfigError

    sources: dict[Path, str] = {}
    for plan in plans:
        for target in filter(None, plan.targets):
            first = sources.setdefault(target, plan.file.name)
            if first != plan.file.name:
                both = f"{first} and {plan.file.name}"
                raise ConfigError(f"{target}: each file must get a name of its own, got one name for {both}")
    for target in sources:
        check_folder("OUT", target.parent, [target.name], overwrite=overwrite, parents=True)


def _kind(path: Path, to: str | None, target: Path | None) -> str:
    """Return the suffix of what is written from a file; ``target`` is the file that was named for it, if one was."""
    from musicrnn.errors import ConfigError

    ending = target.suffix.lower() if target is not None else ""
    if ending and ending not in ENDINGS:
        raise ConfigError(f"OUT must end in .mid, .midi or .txt, got {target}")
    if to and ending and ENDINGS[ending] != f".{to}":
        allowed = " or ".join(suffix for suffix, kind in ENDINGS.items() if kind == f".{to}")
        raise ConfigError(f"OUT must end in {allowed} with --to {to}, got {target}")
    if to:
        return f".{to}"
    if ending:
        return ENDINGS[ending]
    return MIDI if path.suffix.lower() == TEXT else TEXT


def _convert(plans: Sequence[Plan], args: argparse.Namespace) -> int:
    from dataclasses import replace

    readings = _read(plans, args)
    files = {file.name: file for file in readings.files}
    for name, first in readings.duplicates:
        if first in files:
            files[name] = replace(files[first], name=name)
    status = 0
    for left in readings.left_out:
        _say(left.reason)
        status = SOMETHING_DIFFERS
    found = [_with_numbers(plan, len(files[plan.file.name].pieces)) for plan in plans if plan.file.name in files]
    _check_targets(found, args.overwrite)
    for plan in found:
        for piece, target in zip(files[plan.file.name].pieces, plan.targets, strict=True):
            if not _one(plan, piece, target, args):
                status = SOMETHING_DIFFERS
    return status


def _read(plans: Sequence[Plan], args: argparse.Namespace) -> Readings:
    """Read the files, with a bar on a terminal."""
    from rich.console import Console
    from rich.progress import Progress

    from musicrnn.models.corpus import read_files
    from musicrnn.models.quantise import GridSettings

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("reading", total=len(plans))
        return read_files(
            [plan.file for plan in plans],
            GridSettings(args.grid or 12, args.pedal, own_grid=args.grid is None),
            progress=lambda done, _total, _name: bar.update(task, completed=done),
        )


def _with_numbers(plan: Plan, pieces: int) -> Plan:
    """Return the plan of a file that holds so many pieces."""
    from dataclasses import replace

    return replace(plan, targets=tuple(_numbered(plan.targets[0], number, pieces) for number in range(1, pieces + 1)))


def _numbered(target: Path | None, number: int, of: int) -> Path | None:
    """Return a name of its own for each piece of a file that holds several."""
    return target if target is None or of == 1 else target.with_stem(f"{target.stem}-{number}")


def _one(plan: Plan, piece: GridPiece, target: Path | None, args: argparse.Namespace) -> bool:
    """Convert one piece, and say what was lost; tell whether it came back the same, where that was asked."""
    from musicrnn.models.corpus_rows import left_out
    from musicrnn.models.midi_write import tempos_lost
    from musicrnn.printable import counted

    score, assigned = _score(piece)
    if target is not None:
        _write(score, target, plan.kind, args)
        size = f"{counted(len(score.notes), 'note')}, {counted(len(score.bars), 'bar')}"
        _say(f"{plan.file.name}: {target}, {size}; {_moved(piece)}")
    lost = tempos_lost(score) if target is not None and plan.kind == MIDI else []
    _tell(piece.name, [*left_out((piece.moved, assigned)), *piece.warnings, *lost])
    return not args.round_trip or _came_back(plan, piece, score, args)


def _score(piece: GridPiece) -> tuple[Score, Assigned]:
    """Return the piece with a part for each instrument, or for each channel of one where that loses fewer notes."""
    from dataclasses import replace

    score, assigned = _assigned(piece)
    if _lost(assigned) and not piece.declared:
        tracks = tuple(replace(track, instrument=number) for number, track in enumerate(piece.tracks, 1))
        apart, assigned_apart = _assigned(replace(piece, tracks=tracks))
        if _lost(assigned_apart) < _lost(assigned):
            return apart, assigned_apart
    return score, assigned


def _assigned(piece: GridPiece) -> tuple[Score, Assigned]:
    """Return the piece as a score, and what became of its notes."""
    from musicrnn.models.part_plan import plan_parts
    from musicrnn.models.parts import assign, discover_parts

    plan = plan_parts([piece], most_voices=MOST_VOICES)
    return assign(piece, plan, discover_parts([piece], plan))


def _lost(assigned: Assigned) -> int:
    """Return how many notes were merged, shortened or left out."""
    return assigned.unisons + assigned.cut_short + assigned.notes_left_out


def _write(score: Score, target: Path, kind: str, args: argparse.Namespace) -> None:
    from musicrnn.config.outputs import writing
    from musicrnn.files import write_text_whole
    from musicrnn.models.midi_write import write_midi
    from musicrnn.models.text import text_of

    with writing("OUT"):
        target.parent.mkdir(parents=True, exist_ok=True)
        if kind == MIDI:
            write_midi(score, target, overwrite=args.overwrite)
        else:
            write_text_whole(target, text_of(score, args.velocity_bins))


def _moved(piece: GridPiece) -> str:
    moved = piece.moved
    if not moved.off_grid and not moved.worst_beats:
        return "all onsets on the grid"
    return (
        f"{moved.off_grid:.0%} of onsets off the grid, moved by {moved.mean_beats:.3g} beats "
        f"({moved.mean_ms:.1f} ms) on average, {moved.worst_beats:.3g} ({moved.worst_ms:.1f} ms) at worst"
    )


def _came_back(plan: Plan, piece: GridPiece, score: Score, args: argparse.Namespace) -> bool:
    """Convert the score to text and MIDI and back, and tell what differs from the file and from the score.

    A file that had to be mended did not come back the same, whatever became of what was read of it.
    """
    from musicrnn.models.differences import differences
    from musicrnn.models.midi_read import read_midi
    from musicrnn.models.midi_write import midi_bytes
    from musicrnn.models.quantise import GridSettings, quantise
    from musicrnn.models.text import score_of_text, text_of
    from musicrnn.printable import counted

    from_text = score_of_text(text_of(score, args.velocity_bins), name=piece.name)
    back = read_midi(midi_bytes(from_text), piece.name)[0]
    told = differences(_original(plan.file.path, piece), back, args.velocity_bins)
    if _score(quantise(back, GridSettings(piece.ticks_per_beat)))[0].parts != score.parts:
        told.append("the parts did not come back")
    for words in told[:MOST_TOLD]:
        _say(f"{piece.name}: {words}")
    count = counted(len(told), "difference")
    more = f", {len(told) - MOST_TOLD} of them not shown" if len(told) > MOST_TOLD else ""
    is_mended = bool(piece.warnings or piece.moved.other_program)
    same = "came back the same but for what was mended" if is_mended else "came back the same"
    _say(f"{piece.name}: {count + more if told else same}; {_moved(piece)}")
    return not told and not is_mended


def _original(path: Path, piece: GridPiece) -> MidiPiece:
    """Return what a piece was read from, as its file has it, before it was put on a grid."""
    from musicrnn.models.corpus_worker import TEXT_SUFFIXES
    from musicrnn.models.midi_read import read_midi
    from musicrnn.models.score_pieces import piece_of_score
    from musicrnn.models.text_pieces import score_of_file

    if path.suffix.lower() in TEXT_SUFFIXES:
        return piece_of_score(score_of_file(path.read_bytes(), piece.name, piece.ticks_per_beat), piece.name)
    pieces = [found for found in read_midi(path) if found.note_count]
    return pieces[int(piece.name.rpartition("#")[2]) - 1 if len(pieces) > 1 else 0]


def _tell(name: str, told: Sequence[str]) -> None:
    """Say what was lost or mended of a piece, the first of it in full."""
    for words in told[:MOST_TOLD]:
        _say(f"{name}: {words}")
    if len(told) > MOST_TOLD:
        _say(f"{name}: {len(told) - MOST_TOLD} more like these, which musicrnn check shows")


def _say(words: str) -> None:
    from musicrnn.printable import printable

    print(printable(words), file=sys.stdout)
