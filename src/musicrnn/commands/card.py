"""`musicrnn card`: the settings, handed to what measures a model."""

from __future__ import annotations

import argparse

from musicrnn.commands.evaluate import check_model, take_own_settings
from musicrnn.commands.handover import hand_over, need_a_backend
from musicrnn.config.flags import COMMANDS, add_settings, settings_from, shown
from musicrnn.errors import ConfigError

SETTINGS = COMMANDS["card"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the model and the flags of `musicrnn card`."""
    parser.epilog = "The settings must be those of the training; where MODEL is a run's folder, they are its own."
    parser.add_argument("model", metavar="MODEL", help="name of a bundled model, a model file, or a run's folder")
    add_settings(parser, SETTINGS)


def run(args: argparse.Namespace) -> int:
    """Run the command; return its exit status."""
    check_model(args.model)
    take_own_settings(args)
    settings = settings_from(args, "card")
    if shown(args, settings, SETTINGS):
        return 0
    if not settings.corpus.folders:
        raise ConfigError("corpus.folders must name the folders that the model learnt from, got none")
    need_a_backend()
    return hand_over("musicrnn.trainer.card_run", "run", settings, args.model, str(args.config or ""))
