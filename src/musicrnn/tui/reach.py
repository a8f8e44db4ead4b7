"""Whether there is a way to the daemon's machine, asked before the terminal is taken."""

from __future__ import annotations

import socket

from musicrnn.errors import PortError


def check_way(host: str, port: int, hint: str) -> None:
    """Raise PortError, with the hint, where nothing can be sent there: its name is unknown, or no network leads there.

    Whether a daemon listens is another question, which is asked every second while the UI runs.
    """
    try:
        _connect(host, port)
    except (OSError, UnicodeError) as error:
        words = getattr(error, "strerror", None) or error
        raise PortError(f"OSC must be able to send to {host} port {port}, got: {words}; {hint}") from error


def _connect(host: str, port: int) -> None:
    """Connect a socket to one of a host's addresses: that sends nothing. Raises OSError where none can be reached."""
    failed = OSError("it has no address")
    for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM):
        try:
            with socket.socket(family, kind, protocol) as line:
                line.connect(address)
        except OSError as error:
            failed = error
        else:
            return
    raise failed
