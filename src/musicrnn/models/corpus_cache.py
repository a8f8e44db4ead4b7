"""What was read from files, kept for the next run under a key of content and settings."""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from musicrnn.models.corpus_codec import VERSION, decode_pieces
from musicrnn.models.quantise import GridSettings

LARGEST_CACHE = 512 * 1024 * 1024
_READER_VERSION = 10
_ASKED_AT_ONCE = 500
_TABLE = "CREATE TABLE IF NOT EXISTS pieces (key TEXT PRIMARY KEY, made INTEGER, block BLOB)"


def cache_key(content_hash: str, settings: GridSettings) -> str:
    """Return the key of a file's pieces: its content, the settings, and the versions of reader and block."""
    grid = f"{settings.ticks_per_beat}{' or its own' if settings.own_grid else ''}"
    facts = f"{VERSION}.{_READER_VERSION} {grid} {settings.pedal} {settings.longest_silence}"
    return hashlib.sha256(f"{facts} {content_hash}".encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class PieceCache:
    """A cache in one SQLite file, its blocks at most ``largest`` bytes.

    Whatever goes wrong with it costs time, never a result.
    """

    path: Path
    largest: int = LARGEST_CACHE

    def find(self, keys: Sequence[str]) -> dict[str, bytes]:
        """Return the encoded pieces that are there, by key; a damaged block counts as absent."""
        found: dict[str, bytes] = {}
        with self._open() as database:
            for at in range(0, len(keys), _ASKED_AT_ONCE):
                some = keys[at : at + _ASKED_AT_ONCE]
                marks = ",".join("?" * len(some))
                query = f"SELECT key, block FROM pieces WHERE key IN ({marks})"  # noqa: S608  (only question marks)
                for key, block in database.execute(query, some):
                    with contextlib.suppress(ValueError, TypeError, KeyError):
                        decode_pieces(block)
                        found[key] = block
        return found

    def keep(self, blocks: Mapping[str, bytes]) -> None:
        """Add encoded pieces by key, and drop the oldest when the cache grows too large."""
        with self._open() as database, database:
            database.executemany(
                "INSERT OR REPLACE INTO pieces VALUES (?, strftime('%s', 'now'), ?)", list(blocks.items())
            )
            self._shrink(database)

    def _shrink(self, database: sqlite3.Connection) -> None:
        if _file_size(database) <= self.largest:
            return
        total = database.execute("SELECT COALESCE(SUM(LENGTH(block)), 0) FROM pieces").fetchone()[0]
        for key, size in database.execute("SELECT key, LENGTH(block) FROM pieces ORDER BY made, key").fetchall():
            if total <= self.largest:
                return
            database.execute("DELETE FROM pieces WHERE key = ?", (key,))
            total -= size

    @contextlib.contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """Open the cache, made anew if it is damaged; an error inside ends the block and no more."""
        database = self._connect()
        try:
            yield database
        except sqlite3.DatabaseError as error:
            if not isinstance(error, sqlite3.OperationalError):
                self.path.unlink(missing_ok=True)
        finally:
            database.close()

    def _connect(self) -> sqlite3.Connection:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            return _prepared(sqlite3.connect(self.path, timeout=10))
        except sqlite3.OperationalError:
            return _prepared(sqlite3.connect(":memory:"))
        except sqlite3.DatabaseError:
            self.path.unlink(missing_ok=True)
            return _prepared(sqlite3.connect(self.path, timeout=10))
        except OSError:
            return _prepared(sqlite3.connect(":memory:"))


def _file_size(database: sqlite3.Connection) -> int:
    """Return the bytes in use, which are more than those of the blocks, without a look at each of them."""
    pages, free, size = (
        database.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
    )
    return int((pages - free) * size)


def _prepared(database: sqlite3.Connection) -> sqlite3.Connection:
    """Return the database with its table; blocks carry their own checksums, so it need not wait for the disk."""
    try:
        database.execute("PRAGMA synchronous = OFF")
        database.execute(_TABLE)
    except sqlite3.DatabaseError:
        database.close()
        raise
    return database
