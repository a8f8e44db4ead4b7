"""`musicrnn tui`: the settings, handed to the terminal UI."""

from __future__ import annotations

import argparse

from musicrnn.commands.handover import hand_over
from musicrnn.config.flags import COMMANDS, add_settings, settings_from, shown

SETTINGS = COMMANDS["tui"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of `musicrnn tui`."""
    parser.add_argument("--asks", action="store_true", help=argparse.SUPPRESS)  # started by musicrnn-daemon --tui
    add_settings(parser, SETTINGS)


def run(args: argparse.Namespace) -> int:
    """Run the command; return its exit status."""
    settings = settings_from(args, "tui")
    if shown(args, settings, SETTINGS):
        return 0
    return hand_over("musicrnn.tui.run", "run_owned" if args.asks else "run", settings)
