"""The program `musicrnn-tui`."""

from __future__ import annotations

from musicrnn.config.folders import user_pads_file
from musicrnn.config.settings import Settings
from musicrnn.tui.app import MusicApp
from musicrnn.tui.ground import Ground
from musicrnn.tui.link import Link
from musicrnn.tui.pads import PadFile
from musicrnn.tui.reach import check_way

EVERY_ADDRESS = ("0.0.0.0", "::")  # noqa: S104 - where a daemon listens to all, this machine is one of them
THIS_MACHINE = "127.0.0.1"
HOST_HINT = "--host must be the name or address of a machine, such as 127.0.0.1"


def run_owned(settings: Settings) -> int:
    """Do as `run` does for a daemon that was started with this UI: quitting asks what becomes of the music."""
    return run(settings, owner=True)


def run(settings: Settings, *, owner: bool = False) -> int:
    """Show and steer a daemon until the player quits; return the exit status.

    PortError, before the terminal is taken, where there is no way to its machine; TerminalError where it lost its own.
    """
    host = host_of(settings)
    check_way(host, settings.osc.port, HOST_HINT)
    pads = PadFile(user_pads_file())
    app = MusicApp(lambda take: Link(host, settings.osc.port, settings.tui.rate, take), settings.tui, pads, owner=owner)
    ground = Ground(owned=owner)
    with ground.watched(lambda: app.call_later(app.exit)):
        status = app.run()
    ground.check()
    return ground.status or status or app.return_code or 0


def host_of(settings: Settings) -> str:
    """Return where the daemon is; by its name this machine might be ::1, where no daemon listens unless told to."""
    host = settings.tui.host or settings.osc.host
    return THIS_MACHINE if host in (*EVERY_ADDRESS, "localhost") else host
