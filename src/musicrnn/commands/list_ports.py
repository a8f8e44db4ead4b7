"""`--list-ports`: the MIDI ports that can be played to."""

from __future__ import annotations

import sys

from musicrnn.config.settings import Settings
from musicrnn.daemon.ports import apis, existing_ports


def list_ports(settings: Settings) -> int:
    """Print the names of the ports of the MIDI system that is set, one a line; exit status 1 where there are none."""
    names = existing_ports(settings.midi.api)
    print("\n".join(names), end="\n" if names else "")
    if not names:
        tried = " or ".join(apis(settings.midi.api)) or "any MIDI system: midi.api is none"
        print(
            f"musicrnn: no port of {tried} can be played to; without --port a port of its own is made", file=sys.stderr
        )
    return 0 if names else 1
