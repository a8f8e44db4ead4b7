"""The files of a corpus: which there are, and their content hashes."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from musicrnn.errors import CorpusError
from musicrnn.models.corpus_worker import MIDI_SUFFIXES, TEXT_SUFFIXES
from musicrnn.models.midi_chunks import LARGEST_FILE

SUFFIXES = MIDI_SUFFIXES + TEXT_SUFFIXES
_TEXTS_ABOUT = ("readme", "license", "licence", "copying", "copyright", "notice", "changelog", "requirements")


@dataclass(frozen=True, slots=True)
class CorpusFile:
    """A file with the name that it goes by: the last part of its corpus folder, then the path inside."""

    name: str
    path: Path


def find_files(folders: Sequence[str | Path]) -> list[CorpusFile]:
    """Return the MIDI files and score texts in some folders and below, sorted by name; files are taken as named.

    Raises CorpusError for a folder that is not there or cannot be read, with its name.
    """
    found: dict[Path, CorpusFile] = {}
    for folder in (Path(folder) for folder in folders):
        if folder.is_file():
            found.setdefault(folder.resolve(), CorpusFile(folder.name, folder))
            continue
        if not folder.is_dir():
            raise CorpusError(f"{folder}: a corpus folder must be a folder or a file, got nothing of that name")
        head = folder.name or folder.resolve().name
        for path in _below(folder):
            name = str(Path(head) / path.relative_to(folder))
            found.setdefault(path.resolve(), CorpusFile(name, path))
    return sorted(_with_names_of_their_own(found.values()), key=lambda file: file.name)


def _with_names_of_their_own(files: Iterable[CorpusFile]) -> list[CorpusFile]:
    """Call files by their whole path where two corpus folders of one name have files of one name."""
    files = list(files)
    counts = Counter(file.name for file in files)
    return [file if counts[file.name] == 1 else replace(file, name=str(file.path)) for file in files]


def _below(folder: Path) -> Iterator[Path]:
    def refuse(error: OSError) -> None:
        raise CorpusError(f"{error.filename}: a corpus folder must be readable, got {error.strerror}") from error

    for where, below, names in os.walk(folder, onerror=refuse):
        below[:] = sorted(name for name in below if not name.startswith("."))
        for name in sorted(names):
            if _is_music(name):
                yield Path(where) / name


def _is_music(name: str) -> bool:
    suffix, stem = Path(name).suffix.lower(), Path(name).stem.lower()
    if name.startswith(".") or suffix not in SUFFIXES:
        return False
    return suffix not in TEXT_SUFFIXES or not stem.startswith(_TEXTS_ABOUT)


def content_hash(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal; ValueError over 16 MiB, OSError where it cannot be read."""
    size = path.stat().st_size
    if size > LARGEST_FILE:
        raise ValueError(f"a file must be at most {LARGEST_FILE} bytes, got {size}")
    return hashlib.sha256(path.read_bytes()).hexdigest()


def same_content(path: Path, digest: str) -> bytes:
    """Return the content of a file whose SHA-256 is known; OSError if it has changed since."""
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != digest:
        raise OSError("a change while the corpus was read")
    return content
