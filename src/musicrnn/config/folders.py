"""The user's own folders, where the system keeps such things.

Linux and the like follow the XDG base directory specification, 0.8; macOS and Windows their own habits.
Nothing here makes a folder: who writes into one does.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

_NAME = "musicrnn"
_UNIX = {"XDG_CONFIG_HOME": ".config", "XDG_DATA_HOME": ".local/share", "XDG_CACHE_HOME": ".cache"}


def config_folder() -> Path:
    """Return the folder of the user's settings file."""
    return _folder("XDG_CONFIG_HOME", "APPDATA", "Library/Application Support")


def data_folder() -> Path:
    """Return the folder of recordings and of the user's own models."""
    return _folder("XDG_DATA_HOME", "LOCALAPPDATA", "Library/Application Support")


def cache_folder() -> Path:
    """Return the folder of what can be made again."""
    return _folder("XDG_CACHE_HOME", "LOCALAPPDATA", "Library/Caches")


def user_settings_file() -> Path:
    """Return the settings file that what plays reads where no other is named: `sample`, `daemon`, `bench`, `tui`."""
    return config_folder() / "musicrnn.toml"


def user_map_file() -> Path:
    """Return the file in which the map of MIDI controllers is kept where no other is named."""
    return config_folder() / "midi-map.json"


def user_pads_file() -> Path:
    """Return the file in which the terminal UI keeps its pads of seeds."""
    return config_folder() / "seed-pads.json"


def recordings_folder() -> Path:
    """Return the folder of dated recordings."""
    return data_folder() / "recordings"


def models_folder() -> Path:
    """Return the folder of the user's own models, found by name."""
    return data_folder() / "models"


def _folder(xdg: str, windows: str, mac: str) -> Path:
    """Follow an absolute XDG path on every system; a relative one is to be ignored, says the specification."""
    given = os.environ.get(xdg, "")
    if Path(given).is_absolute():
        return Path(given) / _NAME
    home = Path(os.path.expanduser("~"))
    if sys.platform == "darwin":
        return home / mac / _NAME
    if os.name == "nt":
        return Path(os.environ.get(windows) or home) / _NAME
    return home / _UNIX[xdg] / _NAME
