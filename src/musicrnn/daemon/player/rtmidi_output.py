"""The systems behind python-rtmidi: ALSA, CoreMIDI, Windows, and JACK where its library is missing.

They take a message at once, so it is handed over when its moment has come.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from musicrnn.daemon.player.core import LATE_SECONDS, STALE_SECONDS, Core, is_on
from musicrnn.daemon.player.outputs import NotThere, Output
from musicrnn.daemon.player.rtmidi_port import Missing, RtMidiPort, open_port
from musicrnn.daemon.player.wire import Heard
from musicrnn.errors import PortError

IDLE_SECONDS = 0.25
DRAIN_SECONDS = 0.06


class RtMidiOutput(Output):
    """A port of python-rtmidi; :meth:`turn` sends what is due. ``now`` tells the time, in seconds."""

    def __init__(
        self, port: RtMidiPort, core: Core, heard: deque[Heard], now: Callable[[], float] = time.perf_counter
    ) -> None:
        self.name = port.name
        self.heard = heard
        self.places = deque()
        self._port = port
        self._core = core
        self._now = now
        self._problem = ""
        self._last_send = float("-inf")

    @property
    def latency(self) -> float:
        """None."""
        return 0.0

    @property
    def problem(self) -> str:
        """Why nothing goes out any more."""
        if not self._problem and self._port.lost:
            self._problem = f"port {self.name} has gone"
        return self._problem

    @property
    def silent(self) -> bool:
        """Whether all has been handed over, and had time to leave: RtMidi drops at its close what still waits."""
        return self._core.empty and self._now() - self._last_send > DRAIN_SECONDS

    def turn(self, now: float) -> float:
        """Send what is due, without the note-ons that would come in a burst where the player stood still."""
        self._core.take()
        while not self.problem and (message := self._core.pop(now + 1e-6)) is not None:
            seconds, data = message
            if seconds is not None and now - seconds > STALE_SECONDS and is_on(data):
                self._core.refused(data)
                continue
            self._send(data)
            now = self._now()
            self._core.late += seconds is not None and now - seconds > LATE_SECONDS
        moment = self._core.next_moment
        return min(now + IDLE_SECONDS, moment) if moment is not None else now + IDLE_SECONDS

    def _send(self, data: bytes) -> None:
        try:
            self._port.send(data)
        except PortError as error:
            self._problem = str(error)
            self._core.dropped += is_on(data)
        self._last_send = self._now()

    def close(self) -> None:
        """Close the port."""
        self._port.close()


def open_rtmidi(api: str, core: Core, wake: Callable[[], None], name: str, existing: str) -> RtMidiOutput:
    """Open the existing port of that name, or else a virtual one. Raises NotThere, PortError."""
    heard: deque[Heard] = deque()

    def hear(data: bytes) -> None:
        heard.append(Heard(time.perf_counter(), data))
        wake()

    try:
        port = open_port(api, name, existing, hear)
    except Missing as error:
        raise NotThere(str(error)) from error
    return RtMidiOutput(port, core, heard)
