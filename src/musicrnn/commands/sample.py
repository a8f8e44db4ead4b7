"""`musicrnn sample`: the settings, handed to what plays."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from musicrnn.commands.handover import hand_over
from musicrnn.commands.useless import OF_WATCHDOG, Useless, check_useless, of_watchdog
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
    check_useless(args, _useless(settings))
    _check_text(args, settings.sample)
    return hand_over("musicrnn.daemon.sample", "run", settings)


def _useless(settings: Settings) -> Iterator[Useless]:
    """Yield which settings change nothing, where that is so, beside others that stay as they are to the end."""
    play = settings.play
    yield "sample.bars", settings.sample.seconds > 0, "sample.seconds (--seconds) says how long the piece is"
    yield "play.root", play.scale == "chromatic", "play.scale (--scale) is chromatic, which has none"
    yield "play.exponent_span", play.sigma == 0, "play.sigma (--sigma) is 0, which keeps A at mu"
    for name in ("play.watchdog_bars", *OF_WATCHDOG):
        yield name, play.density < 0, "play.density (--density) is below 0, which asks for few notes"
    yield from of_watchdog(play)


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
