"""MIDI ports by name, and the port to nowhere."""

from __future__ import annotations

from musicrnn.daemon.protocols import TimedMessage
from musicrnn.errors import PortError

OUT, IN = "out", "in"

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

    def send(self, message: TimedMessage) -> None:
        """Pass the message over."""

    def close(self) -> None:
        """Do nothing."""


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
    raise PortError(
        f"--port must name an existing port, got {wanted!r}; there are: {there} (--midi-api chooses the MIDI system)"
    )


def stable(name: str) -> str:
    """Return a port's name without the numbers that ALSA and Windows append."""
    words = name.split(" ")
    while len(words) > 1 and words[-1].replace(":", "").isdigit():
        words.pop()
    return " ".join(words)


def _same(name: str, wanted: str) -> bool:
    return name == wanted


def _same_stable(name: str, wanted: str) -> bool:
    return stable(name) == stable(wanted)


def _contains(name: str, wanted: str) -> bool:
    return wanted.casefold() in name.casefold()
