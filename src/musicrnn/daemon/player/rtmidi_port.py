"""python-rtmidi's ports, opened by name and watched: most systems take messages for a lost port as if nothing was."""

from __future__ import annotations

import contextlib
import select
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from musicrnn.daemon.player.alsa_clients import Connection
from musicrnn.daemon.player.port_watch import PortWatch
from musicrnn.daemon.ports import IN, OUT, match
from musicrnn.errors import PortError

CLIENT = "MusicRNN"
HOW_TO_INSTALL = "pip install python-rtmidi; for Python 3.13 that builds it, with a C++ compiler"
_API = {"alsa": "LINUX_ALSA", "jack": "UNIX_JACK", "coremidi": "MACOSX_CORE", "winmm": "WINDOWS_MM"}


class Missing(Exception):  # noqa: N818 - no error: the next system is tried
    """A MIDI system is not on this machine, or does not run."""


class RtMidiPort:
    """A port of ALSA, CoreMIDI, Windows or RtMidi's JACK; messages leave the moment they are sent."""

    def __init__(self, name: str, output: Any, listener: Any, sockets: dict[int, str], watch: PortWatch | None) -> None:
        self.name = name
        self._output = output
        self._listener = listener
        self._watch = watch
        self._poll = _poll(sockets)

    @property
    def lost(self) -> bool:
        """Tell whether the port, or the server behind it, has gone.

        RtMidi's JACK output does not say so, and once its ring is full it waits for ever with Python's lock
        held. The kernel does: the client's own sockets to the server hang up.
        """
        if self._poll is None:
            return self._watch is not None and self._watch.gone
        hung_up = self._poll.poll(0)
        return any(events & (select.POLLHUP | select.POLLNVAL) for _, events in hung_up)

    def send(self, data: bytes) -> None:
        """Send one MIDI message at once. Raises PortError where the port is lost or refuses."""
        if self.lost:
            raise PortError(f"port {self.name} must be there, and its server must run; it has gone")
        try:
            self._output.send_message(data)
        except (OSError, RuntimeError) as error:
            raise PortError(f"port {self.name} must take MIDI, got: {error}") from error

    def close(self) -> None:
        """Close it; nothing the second time. RtMidi drops what its server has not fetched yet.

        What listens is left to the end of the process: python-rtmidi closes it with Python's lock held, waiting for
        a thread that waits for that lock where a message has just come in.
        """
        if self._watch is not None:
            self._watch.close()
        if not self._output.is_deleted:
            with contextlib.suppress(OSError, RuntimeError):
                self._output.close_port()
                self._output.delete()


def open_port(api: str, virtual_name: str, existing: str, hear: Callable[[bytes], None]) -> RtMidiPort:
    """Open the existing port of that name, or else a virtual one, and a virtual input beside it.

    ``hear`` is called with each message that comes in, by a thread of RtMidi's. Raises Missing, PortError.
    """
    before = _sockets()
    with reasons(api):
        name, output = _existing(api, existing) if existing else (virtual_name, _virtual(api, virtual_name))
    listener = None
    with contextlib.suppress(OSError, RuntimeError):  # one can play without hearing
        listener = _input(api, CLIENT if existing else virtual_name, hear)
    opened = {fd: link for fd, link in _sockets().items() if before.get(fd) != link} if api == "jack" else {}
    return RtMidiPort(f"{name} ({api})", output, listener, opened, _watch(api, name) if existing else None)


class PortNames:
    """Lists the ports of a MIDI system that can be played to."""

    def __init__(self, api: str) -> None:
        """Become a client of the system. Raises OSError where there is none."""
        self._probe = _client("MidiOut", api, f"{CLIENT} probe")

    def __call__(self) -> list[str]:
        """Return the names as they are now."""
        return [str(name) for name in self._probe.get_ports()]

    def close(self) -> None:
        """Be no client any more."""
        self._probe.delete()


def _client(kind: str, api: str, name: str) -> Any:
    import rtmidi

    number = getattr(rtmidi, f"API_{_API[api]}")
    if number not in rtmidi.get_compiled_api():  # RtMidi would take another in its place, without a word
        raise OSError(f"it is not for this system, which has {' and '.join(_compiled(rtmidi))}")
    return getattr(rtmidi, kind)(rtapi=number, name=name)


def _compiled(rtmidi: Any) -> list[str]:
    """Return the MIDI systems that python-rtmidi was built with."""
    known = rtmidi.get_compiled_api()
    return [api for api, name in _API.items() if getattr(rtmidi, f"API_{name}") in known]


def _virtual(api: str, name: str) -> Any:
    if api == "winmm":
        raise Missing("winmm: Windows has no virtual ports")
    client = _client("MidiOut", api, name)
    # On ALSA and JACK a client has ports; on CoreMIDI the port alone is what others see.
    client.open_virtual_port(name if api == "coremidi" else OUT)
    return client


def _input(api: str, name: str, hear: Callable[[bytes], None]) -> Any:
    """Open a virtual input; None where the system has none."""
    if api == "winmm":
        return None
    client = _client("MidiIn", api, name)
    client.ignore_types(sysex=True, timing=False, active_sense=True)
    client.set_callback(lambda event, _: hear(bytes(event[0])))
    client.open_virtual_port(f"{name} {IN}" if api == "coremidi" else IN)
    return client


def _existing(api: str, wanted: str) -> tuple[str, Any]:
    with contextlib.closing(PortNames(api)) as listing:
        name = match(listing(), wanted)
    client = _client("MidiOut", api, CLIENT)
    names = [str(one) for one in client.get_ports()]
    if names.count(name) != 1:
        raise PortError(f"--port must name a port that stays, got {name!r}, which has gone")
    client.open_port(names.index(name), OUT)
    return name, client


def _watch(api: str, name: str) -> PortWatch:
    if api != "alsa":
        return PortWatch(name, lambda: PortNames(api))
    return PortWatch(name, lambda: PortNames(api), Connection(CLIENT, name.rpartition(" ")[2]))


@contextlib.contextmanager
def reasons(api: str) -> Iterator[None]:
    """Turn what RtMidi raises where a system, or python-rtmidi, is not there into `Missing`."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise Missing(f"{api}: python-rtmidi must be installed ({HOW_TO_INSTALL})") from error
    except (OSError, RuntimeError, ValueError, ImportError) as error:
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise Missing(f"{api}: {lines[0]}") from error


def _sockets() -> dict[int, str]:
    """Return this process' open sockets by file descriptor; empty where the system does not tell."""
    found: dict[int, str] = {}
    with contextlib.suppress(OSError):
        for entry in Path("/proc/self/fd").iterdir():
            with contextlib.suppress(OSError):
                target = str(entry.readlink())
                if target.startswith("socket:"):
                    found[int(entry.name)] = target
    return found


def _poll(sockets: dict[int, str]) -> Any:
    if not sockets:
        return None
    poll = select.poll()
    for fd in sockets:
        poll.register(fd, 0)
    return poll
