"""MIDI ports of the machine: found by name, opened through mido and python-rtmidi, watched for the server's death."""

from __future__ import annotations

import contextlib
import os
import select
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from musicrnn.daemon.port_watch import PortWatch
from musicrnn.daemon.protocols import TimedMessage
from musicrnn.errors import PortError

PORT = "out"
DRAIN_SECONDS = 0.06
_API = {"alsa": "LINUX_ALSA", "jack": "UNIX_JACK", "coremidi": "MACOSX_CORE", "winmm": "WINDOWS_MM"}
_BY_SYSTEM = {"linux": ("alsa", "jack"), "darwin": ("coremidi", "jack"), "win32": ("winmm",)}

ADVICE = {
    "linux": (
        "On Linux a desktop with PipeWire or ALSA has one; elsewhere start a server, for example: "
        "jackd -d dummy (Debian: apt install jackd2)"
    ),
    "darwin": "macOS has one: Audio MIDI Setup shows it",
    "win32": (
        "Windows has no virtual ports: install loopMIDI (free), add a port in it, and start again with --port "
        "and that port's name"
    ),
}


class NullPort:
    """A port to nowhere, for a machine without a MIDI system."""

    name = "none"
    lost = False

    def send(self, message: TimedMessage) -> None:
        """Pass the message over."""

    def close(self) -> None:
        """Do nothing."""


class SystemPort:
    """A port of ALSA, JACK, CoreMIDI or Windows; messages leave the moment they are sent."""

    def __init__(self, output: Any, name: str, sockets: dict[int, str], watch: PortWatch | None = None) -> None:
        self.name = name
        self._output = output
        self._watch = watch
        self._poll = _poll(sockets)
        self._last_send = float("-inf")

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

    def send(self, message: TimedMessage) -> None:
        """Send at once. Raises PortError where the port is lost or refuses, ValueError for what is not MIDI."""
        if self.lost:
            raise PortError(f"port {self.name} must be there, and its server must run; it has gone")
        parsed = _message(message.data)
        try:
            self._output.send(parsed)
        except (OSError, RuntimeError) as error:
            raise PortError(f"port {self.name} must take MIDI, got: {error}") from error
        self._last_send = time.monotonic()

    def close(self) -> None:
        """Wait until the last messages have left, then close; nothing the second time.

        RtMidi drops what its server has not fetched yet.
        """
        if self._output.closed:
            return
        if self._watch is not None:
            self._watch.close()
        rest = self._last_send + DRAIN_SECONDS - time.monotonic()
        if rest > 0 and not self.lost:
            time.sleep(rest)
        with _quiet(), contextlib.suppress(OSError, RuntimeError):
            self._output.close()


def _message(data: bytes) -> Any:
    """Return mido's message; RtMidi would send anything."""
    from mido import Message

    try:
        return Message.from_bytes(data)
    except (ValueError, IndexError, KeyError) as error:
        raise ValueError(f"what is sent must be one MIDI message, got {data.hex(' ') or 'nothing'}") from error


OpenPort = NullPort | SystemPort


def apis(wanted: str) -> tuple[str, ...]:
    """Return the MIDI systems to try, in order: the wanted one, or this machine's for "auto"."""
    if wanted == "none":
        return ()
    return _BY_SYSTEM.get(sys.platform, ("alsa", "jack")) if wanted == "auto" else (wanted,)


def open_port(api: str, virtual_name: str, existing: str = "") -> OpenPort:
    """Open the existing port of that name, or else a virtual one.

    Raises PortError with what is missing and how to get it. ``api`` is a setting of ``midi.api``; with "none"
    the result is a port to nowhere.
    """
    if api == "none":
        return NullPort()
    failures: list[str] = []
    refused: list[PortError] = []
    for one in apis(api):
        try:
            return _open(one, virtual_name, existing)
        except _NotThere as error:
            failures.append(str(error))
        except PortError as error:
            refused.append(error)  # the port may be one of another system
    if refused:
        raise refused[0]
    advice = ADVICE.get(sys.platform, ADVICE["linux"])
    raise PortError(f"no MIDI port could be opened ({'; '.join(failures)}). {advice}")


def existing_ports(api: str) -> list[str]:
    """Return the names of the ports that can be played to; empty without a MIDI system."""
    for one in apis(api):
        with contextlib.suppress(_NotThere):
            return _names(one)
    return []


def match(names: list[str], wanted: str) -> str:
    """Return the one port that is meant: named exactly, without its numbers, or by a part of its name.

    Numbers change from day to day and so are passed over: "FLUID Synth:Synth input 128:0" is found as
    "FLUID Synth:Synth input". Raises PortError where none or several match.
    """
    for rule in (_same, _same_stable, _contains):
        found = [name for name in names if rule(name, wanted)]
        if len(found) == 1:
            return found[0]
        if found:
            raise PortError(f"--port must name one port, got {wanted!r}, which fits {', '.join(map(repr, found))}")
    there = ", ".join(map(repr, names)) or "none"
    raise PortError(f"--port must name an existing port, got {wanted!r}; there are: {there}")


def stable(name: str) -> str:
    """Return a port's name without the numbers that ALSA and Windows append."""
    words = name.split(" ")
    while len(words) > 1 and words[-1].replace(":", "").isdigit():
        words.pop()
    return " ".join(words)


class _NotThere(Exception):  # noqa: N818 - no error: the next system is tried
    """A MIDI system is not on this machine, or does not run."""


def _same(name: str, wanted: str) -> bool:
    return name == wanted


def _same_stable(name: str, wanted: str) -> bool:
    return stable(name) == stable(wanted)


def _contains(name: str, wanted: str) -> bool:
    return wanted.casefold() in name.casefold()


def _open(api: str, virtual_name: str, existing: str) -> SystemPort:
    before = _sockets()
    name = match(_names(api), existing) if existing else virtual_name
    output = _existing(api, name) if existing else _virtual(api, name)
    if api != "jack":
        return SystemPort(output, f"{name} ({api})", {}, _watch(api, name) if existing else None)
    opened = {fd: link for fd, link in _sockets().items() if before.get(fd) != link}
    return SystemPort(output, f"{name} ({api})", opened)


def _watch(api: str, name: str) -> PortWatch:
    from musicrnn.daemon.named_output import PortNames

    return PortWatch(name, lambda: PortNames(_API[api]))


def _virtual(api: str, name: str) -> Any:
    if api == "winmm":
        raise _NotThere("Windows has no virtual ports")
    import mido

    # On ALSA and JACK a client has ports; on CoreMIDI the port alone is what others see.
    port = name if api == "coremidi" else PORT
    with _quiet(), _reasons(api):
        return mido.Backend(f"mido.backends.rtmidi/{_API[api]}").open_output(port, virtual=True, client_name=name)


def _existing(api: str, name: str) -> Any:
    from musicrnn.daemon.named_output import NamedOutput

    with _quiet(), _reasons(api):
        return NamedOutput(name, api=_API[api], client_name="MusicRNN", port_name=PORT)


def _names(api: str) -> list[str]:
    from musicrnn.daemon.named_output import PortNames

    with _quiet(), _reasons(api), contextlib.closing(PortNames(_API[api])) as names:
        return names()


@contextlib.contextmanager
def _reasons(api: str) -> Iterator[None]:
    try:
        yield
    except (OSError, RuntimeError, ValueError, ImportError) as error:
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise _NotThere(f"{api}: {lines[0]}") from error


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep the C libraries, which write to file descriptor 2 as they like, out of the terminal."""
    try:
        kept = os.dup(2)
    except OSError:
        yield
        return
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 2)
    os.close(nothing)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


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
