"""`musicrnn sample`: the settings, handed to what plays."""

from __future__ import annotations

import argparse

from musicrnn.commands.handover import hand_over
from musicrnn.commands.useless import check_useless, of_watchdog
from musicrnn.config.flags import COMMANDS, add_settings, settings_from, shown, typed
from musicrnn.config.sample import SampleSettings
from musicrnn.config.settings import Settings
from musicrnn.errors import ConfigError

SETTINGS = COMMANDS["sample"]
#: What a replay obeys; all else is decided by its session log.
OF_REPLAY = ("play.model", "sample.output", "sample.text", "sample.replay", "sample.overwrite")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of `musicrnn sample`."""
    parser.add_argument("--list-models", action="store_true", help="show the models known by name, and end")
    add_settings(parser, SETTINGS)


def run(args: argparse.Namespace) -> int:
    """Run the command; return its exit status."""
    if args.list_models:
        return hand_over("musicrnn.commands.list_models", "list_models")
    settings = settings_from(args, "sample")
    if shown(args, settings, SETTINGS):
        return 0
    _check_replay(args, settings)
    check_useless(args, of_watchdog(settings.play))
    _check_text(args, settings.sample)
    return hand_over("musicrnn.daemon.sample", "run", settings)


def _check_replay(args: argparse.Namespace, settings: Settings) -> None:
    """Raise ConfigError for flags that a replay could only pass over; a settings file may hold anything."""
    passed_over = [flag for name, flag in typed(args).origins.items() if name not in OF_REPLAY]
    if settings.sample.replay and passed_over:
        raise ConfigError(f"--replay must not be given with what its session log decides, got {', '.join(passed_over)}")


def _check_text(args: argparse.Namespace, sample: SampleSettings) -> None:
    """Raise ConfigError for a typed ``--no-text`` where the text is all that there would be."""
    asked = "sample.text" in typed(args).origins and not sample.text
    if asked and (not sample.output or sample.output.lower().endswith(".txt")):
        got = sample.output or "none, which prints the text"
        raise ConfigError(f"--no-text must be given with a MIDI file as --output, got {got}")
