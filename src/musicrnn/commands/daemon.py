"""`musicrnn daemon`: the settings, handed to what plays."""

from __future__ import annotations

import argparse

from musicrnn.commands.handover import hand_over
from musicrnn.commands.tied import end_with_input
from musicrnn.config.flags import COMMANDS, add_settings, settings_from, shown, typed
from musicrnn.config.settings import Settings
from musicrnn.errors import ConfigError

SETTINGS = COMMANDS["daemon"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of `musicrnn daemon`."""
    parser.add_argument("--list-models", action="store_true", help="show the models known by name, and end")
    parser.add_argument("--list-ports", action="store_true", help="show the MIDI ports that --port can name, and end")
    parser.add_argument("--tui", action="store_true", help="show and steer it in this terminal, as musicrnn-tui does")
    parser.add_argument("--ends-with-input", action="store_true", help=argparse.SUPPRESS)  # started by --tui
    add_settings(parser, SETTINGS)


def run(args: argparse.Namespace) -> int:
    """Run the command; return its exit status."""
    if args.list_models:
        return hand_over("musicrnn.commands.list_models", "list_models")
    settings = settings_from(args, "daemon")
    if args.list_ports:
        return hand_over("musicrnn.commands.list_ports", "list_ports", settings)
    if shown(args, settings, SETTINGS):
        return 0
    _check_typed(args, settings)
    if args.tui:
        return hand_over("musicrnn.commands.with_tui", "play", args, settings)
    if args.ends_with_input:
        end_with_input()
    return hand_over("musicrnn.daemon.run", "run", settings)


def _check_typed(args: argparse.Namespace, settings: Settings) -> None:
    """Raise ConfigError for a flag that was typed and could do nothing; what a settings file says may be unused."""
    given = typed(args)
    for name, useless, why in _useless(settings):
        if useless and given.values.get(name):
            flag, value = given.origins[name], given.values[name]
            got = "" if value is True else f", got {value!r:.80}"
            raise ConfigError(f"{flag} must not be given while {why}{got}")


def _useless(settings: Settings) -> tuple[tuple[str, bool, str], ...]:
    """Return which settings change nothing, where that is so, beside others, and which others those are."""
    portless, osc_off = settings.midi.api == "none", not settings.osc.enabled
    clock = settings.play.clock
    return (
        ("midi.port", portless, "midi.api is none, which opens none"),
        ("midi.clock_out", portless, "midi.api is none, which sends none"),
        ("record.file", not settings.record.enabled, "record.enabled is off"),
        ("osc.query", osc_off, "osc.enabled is off"),
        ("osc.query_port", osc_off, "osc.enabled is off"),
        ("osc.announce", osc_off, "osc.enabled is off"),
        ("play.lost_clock", clock == "internal", "play.clock is internal, which is never lost"),
        ("play.link_starts", clock != "link", f"play.clock is {clock}"),
    )
