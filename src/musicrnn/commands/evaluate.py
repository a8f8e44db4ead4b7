"""`musicrnn evaluate`: the settings, handed to what measures a model."""

from __future__ import annotations

import argparse
import importlib.util
from pathlib import Path

from musicrnn.commands.handover import INSTALL_TRAIN_EXTRA, hand_over
from musicrnn.config.flags import COMMANDS, add_settings, settings_from, shown, typed
from musicrnn.config.outputs import check_files, check_folder
from musicrnn.config.settings import Settings
from musicrnn.errors import ConfigError
from musicrnn.files import FILE, named_path, what_is_at
from musicrnn.models.catalogue import names

SETTINGS = COMMANDS["evaluate"]
IN_RUN = "settings.toml"
FOLDERS = "corpus.folders"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the model and the flags of `musicrnn evaluate`."""
    parser.epilog = "The settings must be those of the training; where MODEL is a run's folder, they are its own."
    parser.add_argument("model", metavar="MODEL", help="name of a bundled model, a model file, or a run's folder")
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")
    parser.add_argument(
        "--corpus",
        metavar="PATH",
        action="append",
        default=[],
        help="folder or file that the model learnt from, as FOLDER; may be given several times",
    )
    add_settings(parser, SETTINGS)


def run(args: argparse.Namespace) -> int:
    """Run the command; return its exit status."""
    check_model(args.model)
    _gather(args)
    settings = settings_from(args, "evaluate")
    if shown(args, settings, SETTINGS):
        return 0
    _check_flags(args, settings)
    _check(settings)
    return hand_over("musicrnn.trainer.evaluate_run", "run", settings, args.model, args.json)


def check_model(name: str) -> None:
    """Raise ConfigError for an empty name, which would be that of the folder of whoever calls."""
    if not name:
        raise ConfigError("MODEL must be a bundled model, a model file or a run's folder, got ''")


def _gather(args: argparse.Namespace) -> None:
    """Make ``--corpus`` more folders, and a run's own settings those of a run's folder."""
    if args.corpus:
        setattr(args, FOLDERS, [*getattr(args, FOLDERS, []), *args.corpus])
    take_own_settings(args)


def take_own_settings(args: argparse.Namespace) -> None:
    """Make a run's own settings those of a run's folder, where no other file is named."""
    own = named_path(args.model) / IN_RUN
    if args.config is None and args.model not in names() and what_is_at(own) == FILE:
        args.config = own


def _check_flags(args: argparse.Namespace, settings: Settings) -> None:
    """Raise ConfigError for what a sweep, which is made instead of all else, or its absence would pass over."""
    evaluate = settings.evaluate
    if evaluate.sweep and (evaluate.page or args.json):
        other = f"evaluate.page, got {evaluate.page} beside {evaluate.sweep}" if evaluate.page else "--json, got both"
        raise ConfigError(f"evaluate.sweep, which is made instead, must not be given with {other}")
    of_sweep = [flag for name, flag in typed(args).origins.items() if name.startswith("evaluate.sweep_")]
    if of_sweep and not evaluate.sweep:
        raise ConfigError(f"{', '.join(of_sweep)} must be given with --sweep, got none")


def _check(settings: Settings) -> None:
    evaluate = settings.evaluate
    check_outputs(settings)
    if evaluate.sweep and not settings.corpus.folders:
        raise ConfigError("corpus.folders must name the folders that the model learnt from for a sweep, got none")
    if (evaluate.page or evaluate.sweep) and importlib.util.find_spec("matplotlib") is None:
        raise ConfigError(f"a page or a sweep is drawn by matplotlib, which is not installed: {INSTALL_TRAIN_EXTRA}")


def check_outputs(settings: Settings) -> None:
    """Raise ConfigError, before an hour of work and not after, where what is to be written must not or cannot be."""
    evaluate = settings.evaluate
    if evaluate.page:
        from musicrnn.trainer.evaluate_page import names_of

        files = names_of(compared=bool(settings.corpus.folders))
        check_folder("evaluate.page", Path(evaluate.page), files, overwrite=evaluate.overwrite)
    if evaluate.sweep:
        from musicrnn.trainer.sweep import files_of

        check_files("evaluate.sweep", files_of(evaluate), overwrite=evaluate.overwrite)
