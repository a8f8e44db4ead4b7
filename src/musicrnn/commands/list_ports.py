"""`--list-ports`: the MIDI ports that can be played to."""

from __future__ import annotations

import sys

from musicrnn.commands.probe import ask
from musicrnn.config.settings import Settings

_RTMIDI_NAMES = {"coremidi": "core"}


def list_ports(settings: Settings) -> int:
    """Print the names of the ports of the MIDI systems that are set, one a line; exit status 1 where there are none."""
    wanted = settings.midi.api
    apis = [str(api) for api in ask("apis").get("apis", [])]
    if wanted != "auto":
        apis = [api for api in apis if api == _RTMIDI_NAMES.get(wanted, wanted)]
    found = [str(name) for api in apis for name in ask(f"ports:{api}").get("ports", [])]
    print("\n".join(found), end="\n" if found else "")
    if not found:
        tried = " or ".join(apis) or f"any MIDI system: midi.api is {wanted}"
        print(f"musicrnn: no port of {tried} can be played to; without --port one of its own is made", file=sys.stderr)
    return 0 if found else 1
