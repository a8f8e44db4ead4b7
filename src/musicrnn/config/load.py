"""The one strict way from a settings file and flags to settings.

A file is `musicrnn.toml` of today, or a `config.ini` of old, told apart by their names' endings.
"""

from __future__ import annotations

import re
import stat
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from musicrnn.config.declare import Section, check, rules, unknown
from musicrnn.config.folders import user_settings_file
from musicrnn.config.given import Given
from musicrnn.config.old_ini import read_old
from musicrnn.config.settings import SECTIONS, Settings
from musicrnn.errors import ConfigError

MOST_BYTES = 1 << 20
OLD_ENDINGS = (".ini", ".cfg")


def read_settings(path: Path) -> Given:
    """Read a settings file, of today or of old; raise ConfigError with the file, the rule and the value."""
    text = _text_of(path)
    if path.suffix.lower() in OLD_ENDINGS:
        return read_old(text, str(path))
    return read_toml(text, str(path))


def read_own_settings() -> Given:
    """Read the user's own settings file, if there is one; note a folder that is closed. Raises as `read_settings`."""
    path = user_settings_file()
    try:
        return read_settings(path) if path.is_file() else Given()
    except OSError as error:
        return Given(notes=(f"{path} must be where it can be read, got: {error.strerror}; the defaults hold",))


def read_toml(text: str, file: str) -> Given:
    """Read the text of a `musicrnn.toml`; ``file`` is its name in messages."""
    try:
        tables = tomllib.loads(text)
    except RecursionError:
        raise ConfigError(f"{file} must not be nested so deeply") from None
    except ValueError as error:
        raise ConfigError(f"{file} must be a TOML file: {error}") from None
    values: dict[str, Any] = {}
    for section, table in tables.items():
        where = f"{_place(file, text, section)}[{section}]"
        if section not in SECTIONS and not isinstance(table, dict | list):
            raise ConfigError(f"{_place(file, text, '', section)}{_homeless(section)}")
        if section not in SECTIONS:
            raise ConfigError(unknown(where, section, list(SECTIONS)))
        if not isinstance(table, dict):
            raise ConfigError(f"{where} must be a table, got {table!r:.80}")
        values |= _read_section(SECTIONS[section], section, table, text, file)
    return Given(values, dict.fromkeys(values, file))


def _homeless(key: str) -> str:
    """Word the refusal of a key above the first section, with the sections that have one of its name."""
    homes = [f"[{name}]" for name, kind in SECTIONS.items() if key in dict(rules(kind))]
    return f"{key[:200]} must be below the head of a section, {' or '.join(homes) or 'such as [play]'}, got it in none"


def settings_of(*given: Given) -> Settings:
    """Make settings of what was found, the last place winning; raise ConfigError where it contradicts itself."""
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for place in given:
        values |= place.values
        origins |= place.origins
    sections = {name: _section(name, kind, values, origins) for name, kind in SECTIONS.items()}
    return Settings(**sections, origins=origins)  # type: ignore[arg-type]


def place_of(settings: Settings, name: str) -> str:
    """Return a setting as messages name it: its flag, or its full name after the file, and line, that gave it."""
    return _named(settings.origins.get(name, ""), name)


def _named(origin: str, name: str) -> str:
    if not origin or origin.startswith("--"):
        return origin or name
    try:
        text = _text_of(Path(origin))
    except ConfigError:  # gone since it was read
        text = ""
    return f"{_place(origin, text, *name.split('.'))}{name}"


def _section(name: str, kind: type[Section], values: Mapping[str, Any], origins: Mapping[str, str]) -> Section:
    mine = {full.split(".")[1]: value for full, value in values.items() if full.startswith(f"{name}.")}
    try:
        return kind(**mine)
    except ConfigError as error:
        key, _, rule = str(error).partition(" ")
        if key in mine:
            raise ConfigError(f"{_named(origins[f'{name}.{key}'], f'{name}.{key}')} {rule}") from None
        places = sorted({origins[f"{name}.{key}"] for key in mine})
        raise ConfigError(f"{', '.join(places)}: [{name}] {error}") from None


def _read_section(
    kind: type[Section], section: str, table: Mapping[str, Any], text: str, file: str
) -> Iterable[tuple[str, Any]]:
    known = dict(rules(kind))
    for key, value in table.items():
        label = f"{_place(file, text, section, key)}{section}.{key}"
        if key not in known:
            raise ConfigError(unknown(label, key, list(known)))
        yield f"{section}.{key}", check(known[key], value, label)


def _text_of(path: Path) -> str:
    try:
        if not stat.S_ISREG(path.stat().st_mode) and not path.is_dir():
            raise ValueError("it is no regular file")
        with path.open("rb") as stream:
            content = stream.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise ConfigError(f"{path} must be a settings file that can be read: {reason}") from None
    if len(content) > MOST_BYTES:
        raise ConfigError(f"{path} must have at most {MOST_BYTES} bytes, got more")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} must be UTF-8 text, got byte {content[error.start]:#04x} at {error.start}") from None


def _place(file: str, text: str, section: str, key: str = "") -> str:
    """Return ``file:line: `` of a key, or of a section, where it stands plainly; else ``file: ``."""
    current = ""
    for number, line in enumerate(text.splitlines(), 1):
        if head := re.match(r"\s*\[\[?\s*([^\]\s]+)\s*\]", line):
            current = head[1]
            if not key and current == section:
                return f"{file}:{number}: "
        elif key and current == section and re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=", line):
            return f"{file}:{number}: "
    return f"{file}: "
