"""Folders of MIDI files and score texts to scores with common parts.

Files are read in processes of their own (:mod:`musicrnn.models.corpus_pool`), so a corrupt one is left out
and named, and never ends the run. What was read is cached under a key of content and settings.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from musicrnn.config.corpus import CorpusSettings
from musicrnn.config.folders import cache_folder
from musicrnn.errors import CorpusError
from musicrnn.models.corpus_cache import PieceCache, cache_key
from musicrnn.models.corpus_codec import decode_pieces
from musicrnn.models.corpus_files import CorpusFile, content_hash, find_files, same_content
from musicrnn.models.corpus_pool import Job, ReaderPool, workers_for
from musicrnn.models.grid_piece import GridPiece, Moved
from musicrnn.models.part_plan import PartPlan, plan_parts
from musicrnn.models.parts import Assigned, assign_rows, discover_parts
from musicrnn.models.quantise import GridSettings
from musicrnn.models.score import Part, Score
from musicrnn.models.score_rows import ScoreRows

LONGEST_SILENCE_BARS = 8
_KEPT_AT_ONCE = 256

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A file, or piece of one, that is not in the corpus, and why."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class FilePieces:
    """What one file holds on the grid; ``number`` pieces of format 2 files are several."""

    name: str
    sha256: str
    pieces: tuple[GridPiece, ...]


@dataclass(frozen=True, slots=True)
class Readings:
    """What was read from files, before parts are chosen; ``duplicates`` pairs a file with the one that equals it."""

    files: tuple[FilePieces, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    duplicates: tuple[tuple[str, str], ...] = ()

    @property
    def pieces(self) -> list[GridPiece]:
        """All pieces in the order of their files."""
        return [piece for file in self.files for piece in file.pieces]


@dataclass(frozen=True, slots=True, eq=False)
class CorpusPiece:
    """A piece of the corpus: its name, its file's SHA-256, the score as ``rows``, and what became of it on the way."""

    name: str
    sha256: str
    rows: ScoreRows
    moved: Moved
    assigned: Assigned
    warnings: tuple[str, ...] = ()

    @property
    def frame(self) -> Score:
        """The score without its notes."""
        return self.rows.frame

    @property
    def notes(self) -> npt.NDArray[np.int32]:
        """The notes, int32[n, 5]."""
        return self.rows.notes

    @property
    def score(self) -> Score:
        """The score, made anew at each call."""
        return self.rows.score


@dataclass(frozen=True, slots=True)
class Corpus:
    """Scores with common parts, and what was left out."""

    pieces: tuple[CorpusPiece, ...]
    parts: tuple[Part, ...]
    plan: PartPlan
    left_out: tuple[LeftOut, ...] = ()
    duplicates: tuple[tuple[str, str], ...] = ()


def grid_settings(settings: CorpusSettings) -> GridSettings:
    """Return how the files of a corpus are put on the grid."""
    return GridSettings(settings.ticks_per_beat, settings.pedal, LONGEST_SILENCE_BARS)


def user_cache() -> PieceCache:
    """Return the cache in the user's cache folder."""
    return PieceCache(cache_folder() / "pieces.sqlite3")


def read_corpus(
    folders: Sequence[str | Path], settings: CorpusSettings | None = None, progress: Progress | None = None
) -> Corpus:
    """Read all music in some folders to scores whose parts the settings, or the files themselves, choose.

    ``progress`` is called with (files done, files in all, name). Raises CorpusError for an unreadable folder
    and where nothing usable is found.
    """
    settings = settings or CorpusSettings()
    files = find_files(folders)
    cache = user_cache() if settings.cache else None
    corpus = corpus_of(read_files(files, grid_settings(settings), cache, progress), settings)
    if not corpus.pieces:
        named = ", ".join(map(str, folders)) or "no folder"
        first = f" ({corpus.left_out[0].reason})" if corpus.left_out else ""
        raise CorpusError(f"{named}: a corpus must hold a usable piece, got none of {len(files)} files{first}")
    return corpus


def corpus_of(readings: Readings, settings: CorpusSettings) -> Corpus:
    """Choose the parts of what was read and build the scores."""
    plan = plan_parts(readings.pieces, settings.parts)
    parts = discover_parts(readings.pieces, plan)
    found: list[CorpusPiece] = []
    left_out = list(readings.left_out)
    for file in readings.files:
        for piece in file.pieces:
            rows, assigned = assign_rows(piece, plan, parts)
            if len(rows.notes):
                found.append(CorpusPiece(piece.name, file.sha256, rows, piece.moved, assigned, piece.warnings))
            else:
                reason = f"{piece.name}: a piece must have a note in one of the parts {', '.join(plan.names)}, got none"
                left_out.append(LeftOut(piece.name, reason))
    return Corpus(tuple(found), parts, plan, tuple(left_out), readings.duplicates)


@dataclass(slots=True)
class _Reading:
    """The state of reading a corpus: what is known of each file so far."""

    files: Sequence[CorpusFile]
    settings: GridSettings
    cache: PieceCache | None
    progress: Progress
    done: int = 0
    hashes: dict[str, str] = field(default_factory=dict)
    pieces: dict[str, list[GridPiece]] = field(default_factory=dict)
    left_out: list[LeftOut] = field(default_factory=list)
    duplicates: list[tuple[str, str]] = field(default_factory=list)
    blocks: dict[str, bytes] = field(default_factory=dict)

    def finished(self, name: str) -> None:
        self.done += 1
        self.progress(self.done, len(self.files), name)

    def leave_out(self, name: str, reason: str) -> None:
        self.left_out.append(LeftOut(name, reason))
        self.finished(name)

    def keep(self, key: str, block: bytes) -> None:
        """Put a block into the cache, in batches; an empty one flushes what is waiting."""
        if block:
            self.blocks[key] = block
        if self.cache is not None and (len(self.blocks) >= _KEPT_AT_ONCE or not block):
            self.cache.keep(self.blocks)
            self.blocks = {}


def read_files(
    files: Sequence[CorpusFile],
    settings: GridSettings,
    cache: PieceCache | None = None,
    progress: Progress | None = None,
) -> Readings:
    """Read files to pieces on the grid, each content once, from the cache where it is there."""
    reading = _Reading(files, settings, cache, progress or (lambda _done, _total, _name: None))
    unique = _without_duplicates(reading)
    keys = {file.name: cache_key(reading.hashes[file.name], settings) for file in unique}
    cached = cache.find(list(keys.values())) if cache is not None else {}
    missing = []
    for file in unique:
        if keys[file.name] in cached:
            reading.pieces[file.name] = cached[keys[file.name]]
            reading.finished(file.name)
        else:
            missing.append(file)
    if missing:
        _read_missing(reading, missing, keys)
    order = [file for file in unique if file.name in reading.pieces]
    return Readings(
        tuple(FilePieces(f.name, reading.hashes[f.name], _named(f.name, reading.pieces[f.name])) for f in order),
        tuple(sorted(reading.left_out, key=lambda left: left.name)),
        tuple(reading.duplicates),
    )


def _without_duplicates(reading: _Reading) -> list[CorpusFile]:
    first: dict[str, str] = {}
    unique: list[CorpusFile] = []
    for file in reading.files:
        if file.trouble:
            reading.leave_out(file.name, f"{file.name}: {file.trouble}")
            continue
        try:
            digest = content_hash(file.path)
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            reading.leave_out(file.name, f"{file.name}: {reason}")
            continue
        if digest in first:
            reading.duplicates.append((file.name, first[digest]))
            reading.finished(file.name)
            continue
        first[digest] = file.name
        reading.hashes[file.name] = digest
        unique.append(file)
    return unique


def _read_missing(reading: _Reading, files: Sequence[CorpusFile], keys: dict[str, str]) -> None:
    pool = ReaderPool(reading.settings, workers_for(len(files)))
    jobs = [Job(file.name, partial(same_content, file.path, reading.hashes[file.name])) for file in files]
    with contextlib.closing(pool.read(jobs)) as answers:
        for answer in answers:
            name = files[answer.job].name
            if answer.reason:
                reading.leave_out(name, answer.reason)
                continue
            reading.pieces[name] = decode_pieces(answer.block)
            reading.keep(keys[name], answer.block)
            reading.finished(name)
    reading.keep("", b"")


def _named(name: str, pieces: Sequence[GridPiece]) -> tuple[GridPiece, ...]:
    """Give cached pieces the name that their file has now."""
    if len(pieces) == 1:
        return (replace(pieces[0], name=name),)
    return tuple(replace(piece, name=f"{name}#{number}") for number, piece in enumerate(pieces, 1))
