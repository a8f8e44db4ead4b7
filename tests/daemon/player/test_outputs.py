"""Which MIDI system is taken, and what is said where there is none."""

from __future__ import annotations

import sys
import time
from collections import deque

import pytest

from musicrnn.daemon.player.core import Core
from musicrnn.daemon.player.jack_output import pipewires_library
from musicrnn.daemon.player.outputs import open_output, ways
from musicrnn.daemon.player.rtmidi_output import DRAIN_SECONDS, RtMidiOutput
from musicrnn.daemon.player.rtmidi_port import Missing, RtMidiPort, open_port
from musicrnn.daemon.player.wire import Play
from musicrnn.errors import PortError
from tests.peers.jackd import JackServer

ON, OFF = b"\x90\x3c\x40", b"\x80\x3c\x00"


def nothing() -> None:
    """Do nothing."""


class Wire:
    """Stands for python-rtmidi's output: keeps what is sent, and breaks after some messages."""

    is_deleted = False

    def __init__(self, lasts: int = 100) -> None:
        self.sent: list[bytes] = []
        self._lasts = lasts

    def send_message(self, data: bytes) -> None:
        """Keep it."""
        if len(self.sent) == self._lasts:
            raise RuntimeError("unplugged")
        self.sent.append(data)

    def close_port(self) -> None:
        """Do nothing."""

    def delete(self) -> None:
        """Be gone."""
        self.is_deleted = True


def rtmidi_output(wire: Wire, *messages: Play) -> tuple[RtMidiOutput, Core]:
    """Return an output to a wire, and its core with messages in it."""
    core = Core()
    for message in messages:
        core.put(message, 0.0)
    return RtMidiOutput(RtMidiPort("wire", wire, None, {}, None), core, deque()), core


def test_the_machine_says_which_systems_are_tried() -> None:
    """A wanted one alone; all of this machine's otherwise, JACK first on Linux."""
    assert ways("alsa") == ("alsa",)
    assert ways("jack") == ("jack", "rtmidi-jack")
    if sys.platform == "linux":
        assert ways("auto") == ("jack", "alsa", "rtmidi-jack")


@pytest.mark.skipif(sys.platform != "linux", reason="only the wheel for Linux is sure to have JACK")
def test_a_server_that_is_not_there_is_named_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """By its system."""
    monkeypatch.setenv("JACK_DEFAULT_SERVER", "nobody-runs-this")
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/nowhere")
    with pytest.raises(PortError, match=r"jack: .*\. On Linux a desktop"):
        open_output("jack", "MusicRNN", "", Core(), nothing)


def test_pipewires_library_is_looked_for_only_where_pipewire_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Jackd's own is in its place otherwise."""
    monkeypatch.delenv("PIPEWIRE_RUNTIME_DIR", raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/nowhere")
    assert pipewires_library() is None


def test_rtmidi_is_given_what_is_due() -> None:
    """And nothing before its moment."""
    wire = Wire()
    output, core = rtmidi_output(wire, Play(10.0, ON), Play(10.5, OFF))
    assert output.turn(9.9) == pytest.approx(10.0)
    assert wire.sent == []
    output.turn(10.5)
    assert wire.sent == [ON, OFF]
    assert core.empty


def test_rtmidi_is_not_closed_before_the_last_message_had_time_to_leave() -> None:
    """It would drop what its server has not fetched; before that, all of ten thousand messages are handed over."""
    wire = Wire(lasts=20_000)
    messages = [Play(number / 1000, ON if number % 2 == 0 else OFF) for number in range(10_000)]
    output, core = rtmidi_output(wire, *messages)
    output.turn(10.0)
    handed_over = time.monotonic()
    assert wire.sent == [message.data for message in messages]
    assert core.empty
    while not output.silent:
        time.sleep(0.001)
    assert time.monotonic() - handed_over > 0.9 * DRAIN_SECONDS


def test_a_port_that_refuses_is_lost() -> None:
    """Why is said."""
    output, _ = rtmidi_output(Wire(lasts=1), Play(1.0, ON), Play(1.0, OFF))
    output.turn(2.0)
    assert "unplugged" in output.problem


def test_messages_that_are_sent_late_are_counted() -> None:
    """By more than a millisecond: this moment is long past."""
    output, core = rtmidi_output(Wire(), Play(0.001, ON))
    output.turn(1.0)
    assert core.late == 1


def test_without_python_rtmidi_it_is_told_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """On Python 3.13 it has to be built."""
    monkeypatch.setitem(sys.modules, "rtmidi", None)
    with pytest.raises(
        Missing, match=r"^alsa: python-rtmidi must be installed \(pip install python-rtmidi; for Python 3.13"
    ):
        open_port("alsa", "MusicRNN", "", lambda _: None)


@pytest.mark.jack
def test_rtmidis_own_jack_notices_a_dead_server_before_a_send_could_hang(monkeypatch: pytest.MonkeyPatch) -> None:
    """RtMidi does not tell; after some 2,300 messages it would wait for ever."""
    with JackServer() as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        port = open_port("jack", "MusicRNN", "", lambda _: None)
        assert {"MusicRNN:out", "MusicRNN:in"} <= {name.replace("-01", "") for name in server.ports()}
        port.send(ON)
        server.kill()
        assert port.lost
        with pytest.raises(PortError, match="it has gone"):
            port.send(OFF)
        port.close()


@pytest.mark.skipif(sys.platform != "linux", reason="CoreMIDI is not for Linux")
def test_a_system_of_other_machines_is_refused() -> None:
    """RtMidi would take ALSA in its place."""
    with pytest.raises(Missing, match="coremidi: it is not for this system, which has alsa and jack"):
        open_port("coremidi", "MusicRNN", "", lambda _: None)
