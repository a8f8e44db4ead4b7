"""The file in which the pads of seeds are kept, so that they outlast the program."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from musicrnn.control import CONTROLS
from musicrnn.errors import ConfigError, ControlError
from musicrnn.files import write_text_whole

FORMAT = 1
PADS = "123456789"
MAX_BYTES = 4096


@dataclass(frozen=True, slots=True)
class PadFile:
    """Pads in a file; each change is made to what the file holds then, so that two programs may share it."""

    path: Path

    def load(self) -> dict[str, int]:
        """Return the seed of each pad that keeps one. ConfigError for what is no such file, which is set aside."""
        try:
            with self.path.open("rb") as file:
                return pads_from(file.read(MAX_BYTES + 1))
        except (FileNotFoundError, NotADirectoryError):
            return {}
        except OSError as error:
            raise ConfigError(f"{self.path} must be readable, got: {error.strerror}") from error
        except ValueError as error:
            raise ConfigError(f"{self.path}: {error}; {self._set_aside()}") from error

    def keep(self, pad: str, seed: int) -> dict[str, int]:
        """Write a seed to a pad of the file; return all pads. ConfigError where it cannot be written."""
        try:
            pads = {**self.load(), pad: seed}
            self.path.parent.mkdir(parents=True, exist_ok=True)
            write_text_whole(self.path, text_of(pads))
        except OSError as error:
            raise ConfigError(f"{self.path} must be writable, got: {error.strerror}") from error
        return pads

    def _set_aside(self) -> str:
        aside = self.path.with_name(f"{self.path.name}.broken")
        try:
            os.replace(self.path, aside)
        except OSError as error:
            return f"it stays where it is: {error.strerror}"
        return f"it is now {aside.name}"


def pads_from(content: bytes) -> dict[str, int]:
    """Return the pads that a file holds. ValueError with the rule where it holds anything else."""
    if len(content) > MAX_BYTES:
        raise ValueError(f"a file of pads must have at most {MAX_BYTES} bytes")
    try:
        known = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ValueError("a file of pads must be JSON") from error
    pads = known.get("pads") if isinstance(known, dict) and known.get("format") == FORMAT else None
    if not isinstance(pads, dict) or not set(pads) <= set(PADS):
        raise ValueError(f'a file of pads must have "format": {FORMAT} and seeds for "pads" 1 to 9')
    try:
        return {pad: int(CONTROLS["seed"].number(seed)) for pad, seed in pads.items()}
    except ControlError as error:
        raise ValueError(str(error)) from error


def text_of(pads: Mapping[str, int]) -> str:
    """Return the text of a file that holds these pads."""
    return json.dumps({"format": FORMAT, "pads": dict(sorted(pads.items()))}, indent=2) + "\n"
