"""`musicrnn train`: the settings, handed to the trainer."""

from __future__ import annotations

import argparse
from pathlib import Path

from musicrnn.commands.handover import hand_over, need_a_backend
from musicrnn.config.flags import COMMANDS, add_settings, settings_from, shown
from musicrnn.config.load import place_of
from musicrnn.config.settings import Settings
from musicrnn.config.training import check_name
from musicrnn.errors import ConfigError

SETTINGS = COMMANDS["train"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of `musicrnn train`."""
    add_settings(parser, SETTINGS)


def run(args: argparse.Namespace) -> int:
    """Run the command; return its exit status."""
    settings = settings_from(args, "train")
    if args.show_config and settings.training.resume:
        settings = _of_run(settings)
    if shown(args, settings, SETTINGS):
        return 0
    if not settings.corpus.folders and not settings.training.resume:
        raise ConfigError("corpus.folders must name at least one folder of MIDI files, got none")
    if not settings.training.resume:
        check_name(settings.training.name, place_of(settings, "training.name"))
    need_a_backend()
    return hand_over("musicrnn.trainer.run", "run", settings)


def _of_run(settings: Settings) -> Settings:
    """Return the settings of the run that goes on, which hold but for what can be asked for anew."""
    from musicrnn.trainer.resuming import settings_of_run
    from musicrnn.trainer.run_folder import RunFolder

    return settings_of_run(RunFolder(Path(settings.training.resume)), settings)
