"""The program `musicrnn-tui`."""

from __future__ import annotations

from musicrnn.config.folders import user_pads_file
from musicrnn.config.settings import Settings
from musicrnn.tui.app import MusicApp
from musicrnn.tui.link import Link
from musicrnn.tui.pads import PadFile
from musicrnn.tui.reach import check_way

EVERY_ADDRESS = ("0.0.0.0", "::")  # noqa: S104 - where a daemon listens to all, this machine is one of them
HOST_HINT = "--host must be the name or address of a machine, such as 127.0.0.1"


def run_owned(settings: Settings) -> int:
    """Do as `run` does for a daemon that was started with this UI: quitting asks what becomes of the music."""
    return run(settings, owner=True)


def run(settings: Settings, *, owner: bool = False) -> int:
    """Show and steer a daemon until the player quits; return the exit status.

    PortError, before the terminal is taken, where there is no way to its machine.
    """
    host = settings.tui.host or settings.osc.host
    host = "127.0.0.1" if host in EVERY_ADDRESS else host
    check_way(host, settings.osc.port, HOST_HINT)
    pads = PadFile(user_pads_file())
    app = MusicApp(lambda take: Link(host, settings.osc.port, settings.tui.rate, take), settings.tui, pads, owner=owner)
    return app.run() or app.return_code or 0
