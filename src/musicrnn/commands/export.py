"""`musicrnn export`: a training run's weights to model files, float32 and int8."""

from __future__ import annotations

import argparse
from pathlib import Path

from musicrnn.commands.handover import hand_over, need_a_backend
from musicrnn.config.flags import COMMANDS, add_settings, settings_from, shown
from musicrnn.config.outputs import check_folder, named_file
from musicrnn.config.sample import ExportSettings
from musicrnn.errors import ConfigError
from musicrnn.files import FOLDER, what_is_at
from musicrnn.models.catalogue import FILE_IN_RUN, SUFFIX

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
    targets_of(settings.export)
    need_a_backend()
    from musicrnn.bench.progress import progress
    from musicrnn.export.quiet import quiet

    with progress() as say:
        say("loading Keras")
        with quiet():
            import keras  # noqa: F401 - loaded here, so that the start-up messages of its backend are held back
    return hand_over("musicrnn.commands.export_run", "export", settings.export)


def targets_of(export: ExportSettings) -> dict[str, Path]:
    """Return the files to write, by precision.

    Raises ConfigError where one must not or cannot be written, or is named as another kind of file.
    """
    run = Path(export.run)
    folder = run if what_is_at(run) == FOLDER else run.parent
    plain = named_file("export.output", export.output, SUFFIX) if export.output else folder / FILE_IN_RUN
    small = plain if export.output and export.quantise == "int8" else plain.with_name(f"{plain.stem}-int8.onnx")
    wanted = {"none": ("float32",), "int8": ("int8",), "both": ("float32", "int8")}[export.quantise]
    targets = {precision: path for precision, path in (("float32", plain), ("int8", small)) if precision in wanted}
    if export.output or what_is_at(run):  # a run that is not there is what is to be told of
        names = [path.name for path in targets.values()]
        check_folder("export.output", plain.parent, names, overwrite=export.overwrite, parents=True)
    return targets
