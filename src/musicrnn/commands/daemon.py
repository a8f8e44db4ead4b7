"""`musicrnn daemon`: the settings, handed to what plays."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from musicrnn.commands.handover import hand_over
from musicrnn.commands.tied import end_with_input
from musicrnn.commands.useless import Useless, check_useless, of_watchdog
from musicrnn.config.flags import COMMANDS, add_settings, settings_from, shown
from musicrnn.config.play import OscSettings, RecordSettings
from musicrnn.config.settings import Settings
from musicrnn.daemon.osc_senders import is_loopback

SETTINGS = COMMANDS["daemon"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of `musicrnn daemon`."""
    parser.add_argument("--list-models", action="store_true", help="show the models known by name, and end")
    parser.add_argument(
        "--list-ports",
        action="store_true",
        help="show the MIDI ports that --port can name, those of running daemons too, and end; status 1 for none",
    )
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
    check_useless(args, _useless(settings))
    if args.tui:
        return hand_over("musicrnn.commands.with_tui", "play", args, settings)
    if args.ends_with_input:
        end_with_input()
    return hand_over("musicrnn.daemon.run", "run", settings)


def _useless(settings: Settings) -> Iterator[Useless]:
    """Yield which settings change nothing, where that is so, beside others, and which others those are."""
    portless, clock = settings.midi.api == "none", settings.play.clock
    yield "midi.port", portless, "midi.api is none, which opens none"
    yield "midi.clock_out", portless, "midi.api is none, which sends none"
    for key in ("virtual_port", "heartbeat_seconds", "repeat_offs_ms", "offset_ms"):
        yield f"midi.{key}", portless, "midi.api is none, which opens no port"
    yield "midi.virtual_port", bool(settings.midi.port), "midi.port (--port) names the port"
    yield "play.lost_clock", clock == "internal", "play.clock is internal, which is never lost"
    yield "play.link_starts", clock != "link", f"play.clock is {clock}"
    yield from of_watchdog(settings.play)
    yield from _useless_of_osc(settings.osc)
    yield from _useless_of_record(settings.record)


def _useless_of_osc(osc: OscSettings) -> Iterator[Useless]:
    for key in ("host", "allow", "port", "query", "query_port", "announce"):
        yield f"osc.{key}", not osc.enabled, "osc.enabled is off (--no-osc)"
    near = f"osc.host (--osc-host) is {osc.host}, which only this machine reaches"
    yield "osc.allow", is_loopback(osc.host), near
    yield "osc.query_port", not osc.query, "osc.query is off (--no-osc-query)"


def _useless_of_record(record: RecordSettings) -> Iterator[Useless]:
    """Yield those; without a recording, too, bars and takes are kept in the folder of recordings."""
    for key in ("file", "keep_megabytes"):
        yield f"record.{key}", not record.enabled, "record.enabled is off (--no-recording)"
    for key in ("folder", "keep_megabytes"):
        yield f"record.{key}", record.enabled and bool(record.file), "record.file (--record) names the file"
