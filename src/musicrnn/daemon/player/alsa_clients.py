"""Who plays to whom on Linux' ALSA sequencer, as the kernel lists it; RtMidi does not tell."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

CLIENTS = Path("/proc/asound/seq/clients")
_CLIENT = re.compile(r'Client +(\d+) : "(.*)" \[')
_TO = "    Connecting To: "


def players_to(listed: str, name: str, address: str) -> set[str]:
    """Return the numbers of the clients of a name that are connected to a port, such as ``24:0``."""
    found: set[str] = set()
    client = called = ""
    for line in listed.splitlines():
        if head := _CLIENT.match(line):
            client, called = head[1], head[2]
        elif called == name and line.startswith(_TO) and address in _addresses(line.removeprefix(_TO)):
            found.add(client)
    return found


def _addresses(listed: str) -> list[str]:
    """Return the addresses, each of which may be followed by how it is connected: ``24:0[r:0][ex]``."""
    return [one.partition("[")[0] for one in listed.split(", ")]


class Connection:
    """Tells whether those clients of a name that are connected to a port at first, ours among them, still are.

    A device that is unplugged takes its connections along, and comes back under its name and number without them.
    Where the kernel lists nothing, it is not known.
    """

    def __init__(self, name: str, address: str, listed: Callable[[], str] | None = None) -> None:
        self._name = name
        self._address = address
        self._listed = listed if listed is not None else kernels_list
        self._ours = self._players()

    def __call__(self) -> bool | None:
        """Whether any of them is connected; None where that is not known."""
        return bool(self._ours & self._players()) if self._ours else None

    def _players(self) -> set[str]:
        return players_to(self._listed(), self._name, self._address)


def kernels_list() -> str:
    """Return the kernel's list of clients, empty where there is none."""
    try:
        return CLIENTS.read_text("utf-8", "replace")
    except OSError:
        return ""
