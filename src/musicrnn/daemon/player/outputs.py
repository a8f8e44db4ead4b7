"""Where the player's messages go: one small protocol, and the systems behind it."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Iterable

from musicrnn.daemon.player.core import Core
from musicrnn.daemon.player.wire import Heard, Place
from musicrnn.daemon.ports import ADVICE
from musicrnn.errors import PortError


class NotThere(Exception):  # noqa: N818 - no error: the next system is tried
    """A MIDI system is not on this machine, or does not run; without its ``library`` another way may lead to it."""

    def __init__(self, reason: str, *, library: bool = True) -> None:
        super().__init__(reason)
        self.library = library


class Output:
    """A port, and whoever takes the core's messages at their moments.

    ``heard`` fills with what comes in, ``places`` with those of the server's transport, where that is wanted.
    """

    name = ""
    exact = False
    heard: deque[Heard]
    places: deque[Place]

    @property
    def latency(self) -> float:
        """How many seconds after its moment each message leaves; it may change."""
        raise NotImplementedError

    @property
    def problem(self) -> str:
        """Why nothing goes out any more; empty while it does."""
        raise NotImplementedError

    @property
    def connections(self) -> tuple[str, ...]:
        """The ports that it is connected to, where the system tells."""
        return ()

    @property
    def silent(self) -> bool:
        """Whether all that was given has gone out."""
        raise NotImplementedError

    def turn(self, now: float) -> float:
        """Do what is to be done by now; return the moment in seconds of the next turn."""
        raise NotImplementedError

    def close(self) -> None:
        """Close the port."""
        raise NotImplementedError


_WAYS = {"linux": ("jack", "alsa", "rtmidi-jack"), "darwin": ("coremidi", "rtmidi-jack"), "win32": ("winmm",)}


def ways(api: str) -> tuple[str, ...]:
    """Return what to try, in order, for a setting of ``midi.api``.

    "jack" is JACK-Client, "rtmidi-jack" what python-rtmidi's wheel brings with it, for a machine without libjack.
    """
    if api == "auto":
        return _WAYS.get(sys.platform, _WAYS["linux"])
    return ("jack", "rtmidi-jack") if api == "jack" else (api,)


def open_output(
    api: str,
    name: str,
    existing: str,
    core: Core,
    wake: Callable[[], None],
    wanted: Iterable[str] = (),
    *,
    transport: bool = False,
) -> Output:
    """Open the existing port of that name, or else a virtual one called ``name``.

    ``wanted`` are connections to be made again; ``wake`` is called, by any thread, when there is something to look
    at; with ``transport`` it must be a JACK server's port, whose transport is watched. Raises PortError with what is
    missing and how to get it.
    """
    failures: list[str] = []
    refused: list[PortError] = []
    has_library = False
    for way in ("jack",) if transport else ways(api):
        if way == "rtmidi-jack" and has_library:
            continue
        try:
            return _open(way, name, existing, core, wake, wanted, transport)
        except NotThere as error:
            failures.append(str(error))
            has_library = has_library or (way == "jack" and error.library)
        except PortError as error:
            refused.append(error)  # the port may be one of another system
    if refused:
        raise refused[0]
    advice = ADVICE.get(sys.platform, ADVICE["linux"])
    raise PortError(f"no MIDI port could be opened ({'; '.join(failures)}). {advice}")


def _open(
    way: str,
    name: str,
    existing: str,
    core: Core,
    wake: Callable[[], None],
    wanted: Iterable[str],
    transport: bool,
) -> Output:
    if way == "jack":
        from musicrnn.daemon.player.jack_output import open_jack

        return open_jack(core, wake, name, existing, wanted, transport=transport)
    from musicrnn.daemon.player.rtmidi_output import open_rtmidi

    return open_rtmidi(way.removeprefix("rtmidi-"), core, wake, name, existing)
