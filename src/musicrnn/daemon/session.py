"""The session log: JSON lines from which what was played can be played again.

The first line is the header, each other line an entry: the tick of the session at which it took
effect, what it did (``do``), and its facts:

- ``start``, ``reset``, ``prime``: a piece began from the prime; ``prime`` is its text where it is new
- ``set`` (``name``, ``value``, and ``part`` where it is a part's): a control; older logs have ``mute`` (``part``,
  ``muted``) too
- ``model`` (``name``, ``sha256`` of its file, ``vocabulary``, ``to``): another model took over, and counts from ``to``
- ``stop``, ``continue``, ``panic``, ``gap`` (``seconds`` for which the program was held up): all notes were released
- ``skip`` (``to``): the ticks up to ``to`` came too late and were left out
- ``failure`` (``kind`` "rest" or "reset", ``error``): the model failed, and a substitute stood in for the tick
- ``watchdog`` (``acts``): the silence watchdog began to ease A, or to give it back; a replay does so by itself
- ``bar`` (``bar``): a bar began; a log that breaks off is good up to there
- ``end``: the session ended
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, cast

from musicrnn.config.play import PlaySettings
from musicrnn.daemon.recording import Recording
from musicrnn.errors import ConfigError, SessionError
from musicrnn.models.metadata import ModelInfo
from musicrnn.models.score import Part
from musicrnn.models.step import StepModel

FORMAT = 1
MAX_BYTES = 512 * 2**20
MAX_TICK = 50_000_000
Entry = dict[str, Any]
T = TypeVar("T")

_FACTS: dict[str, dict[str, type | tuple[type, ...]]] = {
    "start": {},
    "reset": {},
    "prime": {},
    "set": {"name": str, "value": (int, float, str)},
    "mute": {"part": str, "muted": bool},
    "model": {"name": str, "sha256": str, "vocabulary": str, "to": int},
    "stop": {},
    "continue": {},
    "panic": {},
    "gap": {"seconds": (int, float)},
    "skip": {"to": int},
    "failure": {"kind": str},
    "watchdog": {"acts": bool},
    "bar": {"bar": int},
    "end": {},
}


@dataclass(frozen=True)
class Header:
    """What a session was played with.

    ``model_hash`` is the seal of the model's file, empty where it has none; ``vocabulary`` the
    fingerprint of its vocabulary; ``prime`` the text that it started from, in place of the setting, which
    may be a path; ``started`` a time of day for people.
    """

    model: str
    model_hash: str
    vocabulary: str
    ticks_per_beat: int
    metre: tuple[int, int]
    parts: tuple[Part, ...]
    play: PlaySettings
    prime: str = ""
    version: str = ""
    started: str = ""
    format: int = FORMAT


@dataclass(frozen=True)
class Session:
    """A session log as read; ``complete`` tells that its end was written."""

    header: Header
    entries: tuple[Entry, ...] = field(default=())
    complete: bool = True


def resolved(play: PlaySettings, info: ModelInfo, fresh_seed: int) -> PlaySettings:
    """Return the settings with a seed and a tempo: ``fresh_seed`` and the model's own where they are 0."""
    return dataclasses.replace(play, seed=play.seed or fresh_seed, tempo=play.tempo or info.tempo)


def make_header(info: ModelInfo, play: PlaySettings, prime: str, model_hash: str) -> Header:
    """Return the header of a session."""
    from musicrnn import __version__

    vocabulary = info.vocabulary
    return Header(
        info.name,
        model_hash,
        vocabulary.fingerprint,
        vocabulary.ticks_per_beat,
        info.metre,
        vocabulary.parts,
        dataclasses.replace(play, prime=""),
        prime,
        __version__,
    )


def hash_of(model: StepModel) -> str:
    """Return the seal of a model's file, empty for a model that has none."""
    return str(getattr(model, "digest", ""))


def recording_of(header: Header) -> Recording:
    """Return the empty recording of a session."""
    return Recording(header.ticks_per_beat, header.metre, header.parts, header.play.tempo)


def header_line(header: Header) -> bytes:
    """Return the first line of a log."""
    return _line({"session": "musicrnn", **dataclasses.asdict(header)})


def entry_line(entry: Entry) -> bytes:
    """Return the line of an entry."""
    return _line(entry)


def _line(values: dict[str, Any]) -> bytes:
    return (json.dumps(values, ensure_ascii=False, separators=(",", ":")) + "\n").encode()


def read_session(path: Path) -> Session:
    """Read a log; SessionError, naming the file and line, for what is no log. A last line cut short is left out."""
    if path.stat().st_size > MAX_BYTES:
        raise SessionError(f"{path}: a session log must have at most {MAX_BYTES} bytes, got {path.stat().st_size}")
    return parse_session(path.read_bytes(), str(path))


def parse_session(content: bytes, source: str) -> Session:
    """Parse the bytes of a log; ``source`` is its name in messages."""
    *lines, rest = content.split(b"\n")  # a crash may have cut the last line short
    if not lines:
        got = f"{len(rest)} bytes without the end of its first line" if rest else "an empty file"
        raise SessionError(f"{source}: a session log must begin with a header, got {got}")
    header = _header(_values(lines[0], source, 1), source)
    entries: list[Entry] = []
    for number, line in enumerate(lines[1:], start=2):
        entry = _values(line, source, number)
        _check(entry, tick_after(entries[-1]) if entries else 0, f"{source}, line {number}")
        entries.append(entry)
        if entry["do"] == "end":
            break
    return Session(header, tuple(entries), bool(entries) and entries[-1]["do"] == "end")


def _values(line: bytes, source: str, number: int) -> dict[str, Any]:
    try:
        values = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise SessionError(f"{source}, line {number}: must be JSON, got {line[:40]!r}") from error
    if not isinstance(values, dict):
        raise SessionError(f"{source}, line {number}: must be a JSON object, got {line[:40]!r}")
    return values


def _header(values: dict[str, Any], source: str) -> Header:
    if values.pop("session", None) != "musicrnn" or values.get("format") != FORMAT:
        raise SessionError(f"{source}: a session log of format {FORMAT} must begin with its header; this is none")
    try:
        values["metre"] = (int(values["metre"][0]), int(values["metre"][1]))
        values["parts"] = tuple(_made(Part, part, "a part") for part in values["parts"])
        values["play"] = _made(PlaySettings, {"watchdog_bars": 0} | values["play"], "play")  # older logs had none
        header = _made(Header, values, "it")
    except (ConfigError, KeyError, TypeError, ValueError, IndexError) as error:
        raise SessionError(f"{source}: the header must be whole, got {error}") from error
    texts = (header.model, header.model_hash, header.vocabulary, header.prime, header.version, header.started)
    if not all(isinstance(text, str) for text in texts) or type(header.ticks_per_beat) is not int:
        raise SessionError(f"{source}: the header's names must be texts and its grid a number")
    return header


def _made(kind: type[T], values: Any, what: str) -> T:
    """Make a dataclass of a JSON object; ValueError for names that it does not have."""
    if not isinstance(values, dict):
        raise ValueError(f"{what} must be an object, got {values!r:.40}")
    fields = dataclasses.fields(cast(Any, kind))
    unknown = sorted(set(values) - {one.name for one in fields})
    needed = (dataclasses.MISSING, dataclasses.MISSING)
    missing = [one.name for one in fields if (one.default, one.default_factory) == needed and one.name not in values]
    if unknown:
        raise ValueError(f"{what} has no {', '.join(unknown):.80}")
    if missing:
        raise ValueError(f"{what} lacks {', '.join(missing)}")
    return kind(**values)


def tick_after(entry: Entry) -> int:
    """Return the tick at which an entry leaves the session, as the model that plays then counts."""
    tick: int = entry["to"] if entry["do"] == "model" else entry["tick"]
    return tick


def _check(entry: Entry, after: int, place: str) -> None:
    tick, do = entry.get("tick"), entry.get("do")
    if type(tick) is not int or not after <= tick <= MAX_TICK:
        raise SessionError(f"{place}: tick must be a whole number in {after}..{MAX_TICK}, got {tick!r}")
    facts = _FACTS.get(do) if isinstance(do, str) else None
    if facts is None:
        raise SessionError(f"{place}: do must be one of {', '.join(_FACTS)}, got {do!r}")
    for name, kind in facts.items():
        if not isinstance(entry.get(name), kind):
            raise SessionError(f"{place}: {do} must have its {name}, got {entry.get(name)!r}")
    if do == "skip" and not tick < entry["to"] <= MAX_TICK:
        raise SessionError(f"{place}: to must be in {tick + 1}..{MAX_TICK}, got {entry['to']!r}")
    if do == "model" and not 0 <= entry["to"] <= MAX_TICK:
        raise SessionError(f"{place}: to must be in 0..{MAX_TICK}, got {entry['to']!r}")
    if do == "failure" and entry["kind"] not in ("rest", "reset"):
        raise SessionError(f"{place}: kind must be rest or reset, got {entry['kind']!r}")
    for name in ("prime", "part"):
        if not isinstance(entry.get(name, ""), str):
            raise SessionError(f"{place}: {name} must be a text, got {entry[name]!r}")
