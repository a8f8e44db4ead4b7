"""`musicrnn bench`: what this machine can do."""

from __future__ import annotations

import argparse

from musicrnn.commands.handover import hand_over
from musicrnn.config.flags import COMMANDS, add_settings, settings_from, shown

SETTINGS = COMMANDS["bench"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of `musicrnn bench`."""
    parser.epilog = "Measure on a machine that does what it does when you play, and no more. Nothing is left behind."
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")
    add_settings(parser, SETTINGS)


def run(args: argparse.Namespace) -> int:
    """Run the command; return its exit status."""
    settings = settings_from(args, "bench")
    if shown(args, settings, SETTINGS):
        return 0
    return hand_over("musicrnn.bench.run", "run", settings, args.json)
