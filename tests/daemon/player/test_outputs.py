"""Which MIDI system is taken, and what is said where there is none."""

from __future__ import annotations

import ctypes.util
import sys
from collections import deque

import pytest

from musicrnn.daemon.player.core import STALE_SECONDS, Core
from musicrnn.daemon.player.jack_output import pipewires_library
from musicrnn.daemon.player.outputs import open_output, ways
from musicrnn.daemon.player.rtmidi_output import DRAIN_SECONDS, IDLE_SECONDS, RtMidiOutput
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


class Time:
    """What an output takes for the time."""

    seconds = 0.0

    def __call__(self) -> float:
        """Return it."""
        return self.seconds

    def turn(self, output: RtMidiOutput, seconds: float) -> float:
        """Let an output have its turn at a moment."""
        self.seconds = seconds
        return output.turn(seconds)


def rtmidi_output(wire: Wire, time: Time, *messages: Play) -> tuple[RtMidiOutput, Core]:
    """Return an output to a wire, and its core with messages in it."""
    core = Core()
    for message in messages:
        core.put(message, 0.0)
    return RtMidiOutput(RtMidiPort("wire", wire, None, {}, None), core, deque(), time), core


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
    for api in ("auto", "alsa"):
        with pytest.raises(PortError, match=r"\(jack: [^;]*\)"):
            open_output(api, "MusicRNN", "", Core(), nothing, transport=True)


@pytest.mark.skipif(ctypes.util.find_library("jack") is None, reason="there is no libjack")
def test_where_jack_has_its_library_no_other_way_leads_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that does not run, runs for nobody."""
    monkeypatch.setenv("JACK_DEFAULT_SERVER", "nobody-runs-this")
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/nowhere")
    with pytest.raises(PortError, match=r"\(jack: [^;]*\)"):
        open_output("jack", "MusicRNN", "", Core(), nothing)


@pytest.mark.jack
def test_a_port_that_no_system_has_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the first system that runs, after all have been asked."""
    with JackServer() as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(PortError, match="nobody:here"):
            open_output("auto", "MusicRNN", "nobody:here", Core(), nothing)


def test_pipewires_library_is_looked_for_only_where_pipewire_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Jackd's own is in its place otherwise."""
    monkeypatch.delenv("PIPEWIRE_RUNTIME_DIR", raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/nowhere")
    assert pipewires_library() is None


def test_rtmidi_is_given_what_is_due() -> None:
    """And nothing before its moment."""
    wire, time = Wire(), Time()
    output, core = rtmidi_output(wire, time, Play(10.0, ON), Play(10.05, OFF))
    assert time.turn(output, 9.0) == 9.0 + IDLE_SECONDS
    assert time.turn(output, 9.9) == pytest.approx(10.0)
    assert wire.sent == []
    time.turn(output, 10.05)
    assert wire.sent == [ON, OFF]
    assert core.empty


def test_rtmidi_is_not_closed_before_the_last_message_had_time_to_leave() -> None:
    """It would drop what its server has not fetched; before that, all of ten thousand messages are handed over."""
    wire, time = Wire(lasts=20_000), Time()
    messages = [Play(10.0 + number / 1_000_000, ON if number % 2 == 0 else OFF) for number in range(10_000)]
    output, core = rtmidi_output(wire, time, *messages)
    time.turn(output, 10.01)
    assert wire.sent == [message.data for message in messages]
    assert core.empty
    assert not output.silent
    time.seconds = 10.01 + 0.9 * DRAIN_SECONDS
    assert not output.silent
    time.seconds = 10.01 + 1.1 * DRAIN_SECONDS
    assert output.silent


def test_rtmidi_is_given_no_burst_after_a_standstill() -> None:
    """Notes whose moment went by are left out and counted, their note-offs too; the rest goes at once."""
    wire, time = Wire(), Time()
    other, program = b"\x90\x40\x40", b"\xc0\x07"
    missed = [Play(10.0 + STALE_SECONDS * number, bytes((0x90, number, 64))) for number in range(11)]
    ends = [Play(message.seconds + 0.05, message.data[:2] + b"\x00") for message in missed]
    output, core = rtmidi_output(wire, time, Play(9.0, other), *missed, *ends, Play(10.5, program))
    core.put(Play(10.6, other[:2] + b"\x00"), 0.0)
    time.turn(output, 9.0)
    time.turn(output, 11.01 + 0.5 * STALE_SECONDS)
    assert wire.sent == [other, program, other[:2] + b"\x00", missed[-1].data, ends[-1].data]
    assert (core.dropped, core.late, core.sent, core.empty) == (10, 4, 5, True)


def test_a_port_that_refuses_is_lost() -> None:
    """Why is said; a note-on that it refused is counted, and nothing is tried after it."""
    wire, time = Wire(lasts=1), Time()
    output, core = rtmidi_output(wire, time, Play(1.0, ON), Play(1.0, ON), Play(1.0, ON), Play(1.0, OFF))
    time.turn(output, 1.0)
    assert "unplugged" in output.problem
    assert (wire.sent, core.dropped, core.empty) == ([ON], 1, False)


def test_a_system_that_takes_its_time_is_given_what_is_due_by_then() -> None:
    """20 ms a message; each is late once it is handed over late."""
    time = Time()

    class Slow(Wire):
        def send_message(self, data: bytes) -> None:
            """Take it, slowly."""
            super().send_message(data)
            time.seconds += 0.02

    wire = Slow()
    output, core = rtmidi_output(wire, time, Play(10.0, ON), Play(10.015, OFF), Play(10.1, ON))
    assert time.turn(output, 10.0) == pytest.approx(10.1)
    assert (wire.sent, core.late) == ([ON, OFF], 2)


def test_messages_that_are_sent_late_are_counted() -> None:
    """By more than a millisecond."""
    time = Time()
    output, core = rtmidi_output(Wire(), time, Play(1.0, ON), Play(1.0495, OFF))
    time.turn(output, 1.05)
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
