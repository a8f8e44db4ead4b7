"""The file in which the pads of seeds are kept, so that they outlast the program."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from musicrnn.control import CONTROLS
from musicrnn.errors import ConfigError, ControlError
from musicrnn.files import write_text_whole

FORMAT = 1
PADS = tuple("123456789")
MAX_BYTES = 4096
FORM = f'a file of pads must have "format": {FORMAT} and seeds for "pads" 1 to 9'


@dataclass(frozen=True, slots=True)
class PadFile:
    """Pads in a file; each change is made to what the file holds then, so that two programs may share it."""

    path: Path

    def load(self) -> dict[str, int]:
        """Return the seed of each pad that keeps one.

        ConfigError for what is no such file, which is set aside; the pads in it that are whole are there from then on.
        """
        try:
            with self.path.open("rb") as file:
                content = file.read(MAX_BYTES + 1)
        except (FileNotFoundError, NotADirectoryError):
            return {}
        except OSError as error:
            raise ConfigError(f"{self.path} must be readable, got: {error.strerror}") from error
        try:
            return pads_from(content)
        except ValueError as error:
            raise ConfigError(f"{self.path}: {error}; {self._set_aside(whole_pads(content))}") from error

    def keep(self, pad: str, seed: int) -> dict[str, int]:
        """Write a seed to a pad of the file; return all pads. ConfigError where it cannot be written, or is no pad."""
        if pad not in PADS:
            raise ConfigError(f"a pad must be one of 1 to 9, got {pad!r}")
        try:
            pads = {**self.load(), pad: seed}
            self.path.parent.mkdir(parents=True, exist_ok=True)
            write_text_whole(self.path, text_of(pads))
        except OSError as error:
            raise ConfigError(f"{self.path} must be writable, got: {error.strerror}") from error
        return pads

    def _set_aside(self, whole: Mapping[str, int]) -> str:
        aside = self.path.with_name(f"{self.path.name}.broken")
        try:
            os.replace(self.path, aside)
        except OSError as error:
            return f"it stays where it is: {error.strerror}"
        return f"it is now {aside.name}{self._begin_anew(whole) if whole else ''}"

    def _begin_anew(self, whole: Mapping[str, int]) -> str:
        pads = f"pads {', '.join(sorted(whole))} are" if len(whole) > 1 else f"pad {''.join(whole)} is"
        try:
            write_text_whole(self.path, text_of(whole))
        except OSError as error:
            return f", and {pads} only in there: {error.strerror}"
        return f", and {pads} kept"


def pads_from(content: bytes) -> dict[str, int]:
    """Return the pads that a file holds. ValueError with the rule where it holds anything else."""
    if len(content) > MAX_BYTES:
        raise ValueError(f"a file of pads must have at most {MAX_BYTES} bytes")
    pads = _entries(content)
    if not pads.keys() <= set(PADS):
        raise ValueError(FORM)
    try:
        return {pad: _seed(entry) for pad, entry in pads.items()}
    except ControlError as error:
        raise ValueError(str(error)) from error


def whole_pads(content: bytes) -> dict[str, int]:
    """Return what a file holds that is a pad with its seed, whatever else is in it."""
    whole: dict[str, int] = {}
    with contextlib.suppress(ValueError):
        for pad, entry in _entries(content).items():
            with contextlib.suppress(ControlError):
                if pad in PADS:
                    whole[pad] = _seed(entry)
    return whole


def _entries(content: bytes) -> dict[str, object]:
    try:
        known = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ValueError("a file of pads must be JSON") from error
    pads = known.get("pads") if isinstance(known, dict) and known.get("format") == FORMAT else None
    if not isinstance(pads, dict):
        raise ValueError(FORM)
    return pads


def _seed(entry: object) -> int:
    return int(CONTROLS["seed"].number(entry))


def text_of(pads: Mapping[str, int]) -> str:
    """Return the text of a file that holds these pads."""
    return json.dumps({"format": FORMAT, "pads": dict(sorted(pads.items()))}, indent=2) + "\n"
