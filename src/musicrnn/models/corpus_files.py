"""The files of a corpus: which there are, and their content hashes."""

from __future__ import annotations

import hashlib
import os
import stat
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from musicrnn.errors import CorpusError
from musicrnn.models.corpus_worker import MIDI_SUFFIXES, TEXT_SUFFIXES
from musicrnn.models.midi_chunks import LARGEST_FILE

SUFFIXES = MIDI_SUFFIXES + TEXT_SUFFIXES
_TEXTS_ABOUT = ("readme", "license", "licence", "copying", "copyright", "notice", "changelog", "requirements")


@dataclass(frozen=True, slots=True)
class CorpusFile:
    """A file with the name that it goes by: the last part of its corpus folder, then the path inside.

    With ``trouble``, the reason, it is a folder that could not be looked into. There may be very many of them, and a
    path takes three times the memory of its text, so that is what is kept.
    """

    name: str
    location: str
    trouble: str = ""

    @property
    def path(self) -> Path:
        """Where it lies."""
        return Path(self.location)


class _Link(NamedTuple):
    """A linked folder, and the corpus folder that it lies in."""

    folder: Path
    link: Path


def find_files(folders: Sequence[str | Path], kind: str = "a corpus folder") -> list[CorpusFile]:
    """Return the MIDI files and score texts in some folders and below, sorted by name; files are taken as named.

    Linked folders are looked into after all others, each real folder once, so that links change no other file's name.
    Folders of training runs further down are passed over: what a model made is no corpus. A folder further down that
    cannot be read is among them, with its ``trouble``. Raises CorpusError for a folder of ``folders`` that is not
    there or cannot be read, with its name; ``kind`` is what the message calls it.
    """
    found: dict[str, CorpusFile] = {}
    links: deque[_Link] = deque()
    seen: set[str] = set()
    for folder in (Path(folder) for folder in folders):
        if not _is_folder(folder, kind):
            found.setdefault(os.path.realpath(folder), CorpusFile(folder.name, str(folder)))
            continue
        for file in _below(folder, folder, links, seen):
            found.setdefault(os.path.realpath(file.location), file)
    while links:
        folder, link = links.popleft()
        for file in _below(folder, link, links, seen, linked=True):
            found.setdefault(os.path.realpath(file.location), file)
    return sorted(_with_names_of_their_own(found.values()), key=lambda file: file.name)


def _with_names_of_their_own(files: Iterable[CorpusFile]) -> list[CorpusFile]:
    """Call files by their path from the folder that all such are in where two corpus folders have files of one name.

    So the names do not tell where that folder is, and are the same wherever it is looked at from.
    """
    files = list(files)
    counts = Counter(file.name for file in files)
    alike = [file.location for file in files if counts[file.name] > 1]
    root = _common_folder(alike)
    return [
        replace(file, name=os.path.relpath(file.location, root)) if root and counts[file.name] > 1 else file
        for file in files
    ]


def _common_folder(locations: Sequence[str]) -> str:
    """Return the folder that all files are in; an empty text for none, or for some on several drives of Windows."""
    try:
        return os.path.commonpath([os.path.normpath(Path(location).absolute()) for location in locations])
    except ValueError:
        return ""


def _is_folder(folder: Path, kind: str) -> bool:
    """Tell a folder from a file; CorpusError where what a person named is neither, or no folder that can be read."""
    try:
        mode = folder.stat().st_mode
    except OSError as error:
        got = "nothing of that name" if isinstance(error, FileNotFoundError) else error.strerror
        raise CorpusError(f"{folder}: {kind} must be a folder or a file, got {got}") from error
    if stat.S_ISREG(mode):
        return False
    if not stat.S_ISDIR(mode):
        raise CorpusError(f"{folder}: {kind} must be a folder or a file, got something else")
    try:
        os.scandir(folder).close()
    except OSError as error:
        raise CorpusError(f"{folder}: {kind} must be readable, got {error.strerror}") from error
    return True


def _below(
    folder: Path, top: Path, links: deque[_Link], seen: set[str], *, linked: bool = False
) -> Iterator[CorpusFile]:
    """Yield the files of music from ``top`` on, which lies in a corpus folder, and the folders that are closed to us.

    Linked folders are put into ``links``; of ``linked`` ones those that were ``seen`` are passed over.
    """
    closed: list[OSError] = []
    for where, below, names in os.walk(top, onerror=closed.append):
        real = os.path.realpath(where)
        if (linked and real in seen) or (Path(where) != folder and _is_run(below, names)):
            below.clear()
            continue
        seen.add(real)
        below[:] = sorted(name for name in below if not name.startswith("."))
        links.extend(_Link(folder, path) for path in (Path(where) / name for name in below) if path.is_symlink())
        for name in sorted(names):
            if _is_music(name):
                yield _named(folder, Path(where) / name)
    for error in closed:
        yield _named(folder, Path(error.filename), f"a folder must be readable, got {error.strerror}")


def _named(folder: Path, path: Path, trouble: str = "") -> CorpusFile:
    head = folder.name if folder.name not in ("", "..") else Path(os.path.realpath(folder)).name
    return CorpusFile(str(Path(head) / path.relative_to(folder)), str(path), trouble)


def _is_run(below: Sequence[str], names: Sequence[str]) -> bool:
    """Tell a training run's folder by what stands in it: its settings and manifest, or its lock and checkpoints."""
    return {"settings.toml", "corpus.json"} <= set(names) or (".lock" in names and "checkpoints" in below)


def _is_music(name: str) -> bool:
    suffix, stem = Path(name).suffix.lower(), Path(name).stem.lower()
    if name.startswith(".") or suffix not in SUFFIXES:
        return False
    return suffix not in TEXT_SUFFIXES or not stem.startswith(_TEXTS_ABOUT)


def content_hash(path: Path) -> bytes:
    """Return the SHA-256 of a file, 32 bytes.

    Raises ValueError over 16 MiB and for what is no regular file (a pipe would never end), OSError where it
    cannot be read.
    """
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise ValueError("a file must be a regular file, got something else")
    size = status.st_size
    if size > LARGEST_FILE:
        raise ValueError(f"a file must be at most {LARGEST_FILE} bytes, got {size}")
    return hashlib.sha256(path.read_bytes()).digest()


def same_content(path: Path, digest: bytes) -> bytes:
    """Return the content of a file whose SHA-256 is known; OSError if it has changed since."""
    content = path.read_bytes()
    if hashlib.sha256(content).digest() != digest:
        raise OSError("a change while the corpus was read")
    return content
