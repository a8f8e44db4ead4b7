"""`musicrnn tui`: the settings, handed to the terminal UI."""

from __future__ import annotations

import argparse
import sys

from musicrnn.commands.handover import hand_over
from musicrnn.config.flags import COMMANDS, add_settings, settings_from, shown
from musicrnn.config.settings import Settings
from musicrnn.errors import ConfigError, TerminalError

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
    _check_port(settings)
    check_terminal()
    return hand_over("musicrnn.tui.run", "run_owned" if args.asks else "run", settings)


def _check_port(settings: Settings) -> None:
    """Raise ConfigError for the port that lets a daemon take a free one: that is nowhere to look for it."""
    if settings.osc.port == 0:
        where = settings.origins.get("osc.port", "osc.port")
        label = where if where.startswith("--") else f"{where}: osc.port"
        raise ConfigError(f"{label} must be in 1..65535, the port that the daemon says it has, got 0")


def check_terminal() -> None:
    """Raise TerminalError where keys cannot come in or nothing can be drawn: Textual draws on standard error."""
    for name, stream in (("input", sys.stdin), ("error", sys.stderr)):
        if stream is None or not stream.isatty():
            raise TerminalError(f"the terminal UI must be started in a terminal, and standard {name} is none")
