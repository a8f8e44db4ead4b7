"""`musicrnn export`: the settings, handed to the exporter."""

from __future__ import annotations

import argparse

from musicrnn.commands.handover import hand_over, need_train_extra
from musicrnn.config.flags import COMMANDS, add_settings, settings_from, shown
from musicrnn.errors import ConfigError

SETTINGS = COMMANDS["export"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of `musicrnn export`."""
    add_settings(parser, SETTINGS)


def run(args: argparse.Namespace) -> int:
    """Run the command; return its exit status."""
    settings = settings_from(args, "export")
    if shown(args, settings, SETTINGS):
        return 0
    if not settings.export.run:
        raise ConfigError("export.run must name the folder of a training run, got none")
    need_train_extra()
    return hand_over("musicrnn.export.run", "run", settings)
