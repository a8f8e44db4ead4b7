"""Folders of MIDI files and score texts to scores with common parts.

Files are read in processes of their own (:mod:`musicrnn.models.corpus_pool`), so a corrupt one is left out
and named, and never ends the run. What was read is cached under a key of content and settings.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import overload

from musicrnn.config.corpus import CorpusSettings
from musicrnn.config.folders import cache_folder
from musicrnn.errors import CorpusError
from musicrnn.models.block_store import BlockStore
from musicrnn.models.corpus_cache import PieceCache, cache_key
from musicrnn.models.corpus_codec import decode_pieces
from musicrnn.models.corpus_files import CorpusFile, content_hash, find_files, same_content
from musicrnn.models.corpus_pool import Job, ReaderPool, workers_for
from musicrnn.models.grid_piece import GridPiece
from musicrnn.models.part_plan import PartPlan, plan_parts
from musicrnn.models.parts import Assigned, assign_rows, discover_parts
from musicrnn.models.quantise import GridSettings
from musicrnn.models.score import Part, Score
from musicrnn.models.score_rows import ScoreRows

LONGEST_SILENCE_BARS = 8
_KEPT_AT_ONCE = 256
_ASKED_AT_ONCE = 500

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A file, or piece of one, that is not in the corpus, and why."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class FilePieces:
    """What one file holds on the grid, taken from where it is stored at each look; files of format 2 hold several.

    ``digest`` is the SHA-256 of the file's content, ``block`` its number in the store.
    """

    name: str
    digest: bytes
    store: BlockStore
    block: int

    @property
    def pieces(self) -> tuple[GridPiece, ...]:
        """The pieces, with the name that the file has now."""
        pieces = decode_pieces(self.store.get(self.block))
        if len(pieces) == 1:
            return (replace(pieces[0], name=self.name),)
        return tuple(replace(piece, name=f"{self.name}#{number}") for number, piece in enumerate(pieces, 1))


@dataclass(frozen=True, slots=True)
class Readings:
    """What was read from files, before parts are chosen; ``duplicates`` pairs a file with the one that equals it."""

    files: tuple[FilePieces, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    duplicates: tuple[tuple[str, str], ...] = ()

    @property
    def pieces(self) -> Iterator[GridPiece]:
        """All pieces in the order of their files, one at a time."""
        return (piece for file in self.files for piece in file.pieces)


@dataclass(frozen=True, slots=True)
class Shape:
    """What the pieces of a corpus have in common: how tracks become parts, and the parts."""

    plan: PartPlan
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True, eq=False)
class CorpusPiece:
    """A piece of the corpus: its name, its file, its place in that file, and how many notes it has.

    A corpus may be larger than memory, so all else is read and made anew at each look.
    """

    name: str
    file: FilePieces
    number: int
    count: int
    shape: Shape

    @property
    def sha256(self) -> str:
        """SHA-256 of the file, in hexadecimal."""
        return self.file.digest.hex()

    @property
    def grid_piece(self) -> GridPiece:
        """The piece before its tracks were given to parts."""
        return self.file.pieces[self.number]

    @property
    def rows(self) -> ScoreRows:
        """The score, its notes as rows."""
        return assign_rows(self.grid_piece, self.shape.plan, self.shape.parts)[0]

    @property
    def score(self) -> Score:
        """The score."""
        return self.rows.score

    @property
    def assigned(self) -> Assigned:
        """What giving tracks to parts left out or changed."""
        return assign_rows(self.grid_piece, self.shape.plan, self.shape.parts)[1]


@dataclass(frozen=True, slots=True)
class Corpus:
    """Scores with common parts, and what was left out."""

    pieces: tuple[CorpusPiece, ...]
    parts: tuple[Part, ...]
    plan: PartPlan
    left_out: tuple[LeftOut, ...] = ()
    duplicates: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class NamedRows(Sequence[tuple[str, ScoreRows]]):
    """The names and scores of some pieces, each score made when its turn comes and not kept."""

    pieces: Sequence[CorpusPiece]

    def __len__(self) -> int:
        return len(self.pieces)

    @overload
    def __getitem__(self, at: int) -> tuple[str, ScoreRows]: ...
    @overload
    def __getitem__(self, at: slice) -> NamedRows: ...
    def __getitem__(self, at: int | slice) -> tuple[str, ScoreRows] | NamedRows:
        if isinstance(at, slice):
            return NamedRows(self.pieces[at])
        return self.pieces[at].name, self.pieces[at].rows


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
    shape = Shape(plan, discover_parts(readings.pieces, plan))
    found: list[CorpusPiece] = []
    left_out = list(readings.left_out)
    for file in readings.files:
        for number, piece in enumerate(file.pieces):
            count = len(assign_rows(piece, plan, shape.parts)[0].notes)
            if count:
                name = file.name if piece.name == file.name else piece.name
                found.append(CorpusPiece(name, file, number, count, shape))
            else:
                reason = f"{piece.name}: a piece must have a note in one of the parts {', '.join(plan.names)}, got none"
                left_out.append(LeftOut(piece.name, reason))
    return Corpus(tuple(found), shape.parts, plan, tuple(left_out), readings.duplicates)


@dataclass(slots=True)
class _Unique:
    """A file whose content no file before it has; ``block`` is its number in the store once it was read."""

    file: CorpusFile
    digest: bytes
    block: int = -1


@dataclass(slots=True)
class _Reading:
    """The state of reading a corpus."""

    files: Sequence[CorpusFile]
    settings: GridSettings
    cache: PieceCache | None
    progress: Progress
    done: int = 0
    store: BlockStore = field(default_factory=BlockStore)
    left_out: list[LeftOut] = field(default_factory=list)
    duplicates: list[tuple[str, str]] = field(default_factory=list)
    blocks: dict[str, bytes] = field(default_factory=dict)

    def key(self, unique: _Unique) -> str:
        return cache_key(unique.digest.hex(), self.settings)

    def finished(self, name: str) -> None:
        self.done += 1
        self.progress(self.done, len(self.files), name)

    def found(self, unique: _Unique, block: bytes) -> None:
        unique.block = self.store.add(block)
        self.finished(unique.file.name)

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
    missing = [one for some in _chunks(unique) for one in _not_cached(reading, some)]
    if missing:
        _read_missing(reading, missing)
    return Readings(
        tuple(FilePieces(one.file.name, one.digest, reading.store, one.block) for one in unique if one.block >= 0),
        tuple(sorted(reading.left_out, key=lambda left: left.name)),
        tuple(reading.duplicates),
    )


def _chunks(files: Sequence[_Unique]) -> Iterator[Sequence[_Unique]]:
    return (files[at : at + _ASKED_AT_ONCE] for at in range(0, len(files), _ASKED_AT_ONCE))


def _not_cached(reading: _Reading, files: Sequence[_Unique]) -> list[_Unique]:
    """Take what the cache has of some files; return the others."""
    keys = [reading.key(one) for one in files]
    cached = reading.cache.find(keys) if reading.cache is not None else {}
    for one, key in zip(files, keys, strict=True):
        if key in cached:
            reading.found(one, cached[key])
    return [one for one in files if one.block < 0]


def _without_duplicates(reading: _Reading) -> list[_Unique]:
    first: dict[bytes, str] = {}
    unique: list[_Unique] = []
    for file in reading.files:
        if file.trouble:
            reading.leave_out(file.name, f"{file.name}: {file.trouble}")
            continue
        try:
            digest = content_hash(file.path)
        except OSError as error:
            reading.leave_out(file.name, f"{file.name}: a file must be readable, got {error.strerror or error}")
            continue
        except ValueError as error:
            reading.leave_out(file.name, f"{file.name}: {error}")
            continue
        if digest in first:
            reading.duplicates.append((file.name, first[digest]))
            reading.finished(file.name)
            continue
        first[digest] = file.name
        unique.append(_Unique(file, digest))
    return unique


def _read_missing(reading: _Reading, files: Sequence[_Unique]) -> None:
    pool = ReaderPool(reading.settings, workers_for(len(files)))
    jobs = (Job(one.file.name, partial(same_content, one.file.path, one.digest)) for one in files)
    with contextlib.closing(pool.read(jobs)) as answers:
        for answer in answers:
            one = files[answer.job]
            if answer.reason:
                reading.leave_out(one.file.name, answer.reason)
                continue
            reading.keep(reading.key(one), answer.block)
            reading.found(one, answer.block)
    reading.keep("", b"")
