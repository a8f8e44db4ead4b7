"""`musicrnn layouts`: write layouts for Open Stage Control and TouchOSC, made from the table of controls."""

from __future__ import annotations

import argparse

from musicrnn.commands.layout_stage import module_text, session_text
from musicrnn.commands.layout_touch import touch_bytes
from musicrnn.errors import ConfigError
from musicrnn.files import named_path, what_is_at, write_text_whole, write_whole

PARTS = ("soprano", "alto", "tenor", "bass")
STAGE, MODULE, TOUCH = "musicrnn-stage.json", "musicrnn-stage.js", "musicrnn.tosc"
MAX_PARTS = 16


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of `musicrnn layouts`."""
    parser.add_argument("folder", metavar="FOLDER", help="where the layouts are written")
    parser.add_argument(
        "--part",
        action="append",
        metavar="NAME",
        help=f"a part of the model, to mute, solo and bound; give it once a part ({', '.join(PARTS)})",
    )
    parser.add_argument("--overwrite", action="store_true", help="replace layouts that are there")


def run(args: argparse.Namespace) -> int:
    """Write the layouts. Raises ConfigError where some are there already, or none can be written."""
    parts = _parts(args.part)
    if not args.folder:
        raise ConfigError("FOLDER must be a path, got ''")
    folder = named_path(args.folder)
    there = next((path for path in (folder / name for name in (STAGE, MODULE, TOUCH)) if what_is_at(path)), None)
    if there is not None and not args.overwrite:
        raise ConfigError(f"{there} must be new, got a file of that name; name another folder, or allow --overwrite")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_text_whole(folder / STAGE, session_text(parts))
        write_text_whole(folder / MODULE, module_text())
        write_whole(folder / TOUCH, touch_bytes(parts))
    except OSError as error:
        raise ConfigError(f"{folder} must be a folder that can be written, got: {error.strerror}") from error
    print(f"Open Stage Control: load {folder / STAGE} with the custom module {folder / MODULE}")
    print(f"TouchOSC: open {folder / TOUCH}")
    return 0


def _parts(named: list[str] | None) -> tuple[str, ...]:
    parts = tuple(named or PARTS)
    if len(parts) > MAX_PARTS or len(set(parts)) < len(parts) or not all(part.isprintable() and part for part in parts):
        raise ConfigError(f"--part must be 1 to {MAX_PARTS} different names that can be printed, got {parts!r:.200}")
    return parts
