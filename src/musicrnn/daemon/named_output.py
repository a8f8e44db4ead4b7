"""An existing port as a mido output whose client has our own name, which mido's own does not allow."""

from __future__ import annotations

from typing import Any

import mido
import rtmidi
from mido.ports import BaseOutput


def _api_number(api: str) -> int:
    return int(getattr(rtmidi, f"API_{api}"))


class PortNames:
    """Lists the ports of a MIDI system (python-rtmidi's name for it) that can be played to."""

    def __init__(self, api: str) -> None:
        """Become a client of the system. Raises OSError where there is none."""
        self._probe = rtmidi.MidiOut(rtapi=_api_number(api), name="MusicRNN probe")

    def __call__(self) -> list[str]:
        """Return the names as they are now."""
        return [str(name) for name in self._probe.get_ports()]

    def close(self) -> None:
        """Be no client any more."""
        self._probe.delete()


class NamedOutput(BaseOutput):  # type: ignore[misc]  # mido has no types
    """Plays to one existing port."""

    def _open(self, *, api: str, client_name: str, port_name: str, **_: Any) -> None:
        self._rt = rtmidi.MidiOut(rtapi=_api_number(api), name=client_name)
        names = [str(name) for name in self._rt.get_ports()]
        if names.count(self.name) != 1:
            raise OSError(f"port {self.name!r} has gone")
        self._rt.open_port(names.index(self.name), port_name)

    def _send(self, message: mido.Message) -> None:
        self._rt.send_message(message.bytes())

    def _close(self) -> None:
        self._rt.close_port()
        self._rt.delete()
