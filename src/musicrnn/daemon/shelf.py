"""Where recordings lie: their names, and how many are kept."""

from __future__ import annotations

import contextlib
import re
from datetime import datetime
from pathlib import Path

from musicrnn.config.folders import recordings_folder
from musicrnn.config.outputs import check_folder_of, named_file
from musicrnn.config.play import RecordSettings
from musicrnn.daemon.journal import is_being_written
from musicrnn.errors import ConfigError

_OURS = re.compile(r"\d{4}-\d{2}-\d{2}-\d{6}-[A-Za-z0-9_.-]+\.(mid|jsonl)")
LOG = ".jsonl"
ENDINGS = (".mid", ".midi")


def new_recording(record: RecordSettings, model: str, now: datetime) -> Path:
    """Return the path of the MIDI file to record to; the log lies beside it, ending in .jsonl.

    Raises ConfigError where the file that was asked for is there already, its folder is not, or its name is not that of
    a MIDI file.
    """
    if record.file:
        asked = named_file("record.file", record.file, *ENDINGS)
        for path in (asked, log_of(asked)):
            if path.exists():
                raise ConfigError(f"record.file must not be there yet, got {path}; nothing is overwritten")
        check_folder_of("record.file", asked)
        return asked
    folder = folder_of(record)
    name = f"{now:%Y-%m-%d-%H%M%S}-{re.sub(r'[^A-Za-z0-9_-]+', '-', model) or 'model'}"
    for number in range(2, 100):
        path = folder / f"{name}.mid"
        if not path.exists() and not log_of(path).exists():
            return path
        name = f"{name.removesuffix(f'-{number - 1}')}-{number}"
    raise ConfigError(f"record.folder must have room for another name, got {folder}")


def log_of(recording: Path) -> Path:
    """Return the path of a recording's session log."""
    return recording.with_suffix(LOG)


def folder_of(record: RecordSettings) -> Path:
    """Return the folder of dated recordings."""
    return Path(record.folder) if record.folder else recordings_folder()


def trim(folder: Path, megabytes: int, keep: Path) -> list[Path]:
    """Delete the oldest recordings until the folder's are no larger than the limit; return what was deleted.

    Only files named as this program names them count; ``keep`` and its log stay, and so do logs that another daemon
    writes. A limit of 0 deletes nothing.
    """
    if not megabytes or not folder.is_dir():
        return []
    ours = sorted(path for path in folder.iterdir() if _OURS.fullmatch(path.name) and path.is_file())
    sizes = {path: path.stat().st_size for path in ours}
    total = sum(sizes.values())
    deleted: list[Path] = []
    for path in ours:
        if total <= megabytes * 1_000_000:
            break
        if path not in (keep, log_of(keep)) and not is_being_written(path):
            with contextlib.suppress(OSError):
                path.unlink()
                total -= sizes[path]
                deleted.append(path)
    return deleted
