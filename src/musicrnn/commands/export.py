"""`musicrnn export`: a training run's weights to model files, float32 and int8."""

from __future__ import annotations

import argparse

from musicrnn.commands.handover import hand_over, need_a_backend
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
        raise ConfigError("export.run must name the folder of a training run or a file of weights, got none")
    need_a_backend()
    from musicrnn.bench.progress import progress
    from musicrnn.export.quiet import quiet

    with progress() as say:
        say("loading Keras")
        with quiet():
            import keras  # noqa: F401 - loaded here, so that the start-up messages of its backend are held back
    return hand_over("musicrnn.commands.export_run", "export", settings.export)
