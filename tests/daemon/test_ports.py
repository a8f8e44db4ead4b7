"""Ports: found by name, opened, watched."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator

import pytest

from musicrnn.daemon.ports import NullPort, apis, existing_ports, match, open_port, stable
from musicrnn.daemon.protocols import TimedMessage
from musicrnn.errors import PortError
from tests.peers.jackd import JackServer

NAMES = [
    "Midi Through:Midi Through Port-0 14:0",
    "FLUID Synth (1234):Synth input port (1234:0) 128:0",
    "Ardour:MIDI 1 in 129:0",
    "Ardour:MIDI 2 in 129:1",
]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("Midi Through:Midi Through Port-0 14:0", 0),
        ("Midi Through:Midi Through Port-0", 0),
        ("Midi Through:Midi Through Port-0 20:0", 0),
        ("fluid", 1),
        ("MIDI 2", 3),
    ],
)
def test_a_port_is_found_by_its_name_or_a_part_of_it(wanted: str, found: int) -> None:
    """The numbers of another day do not matter."""
    assert match(NAMES, wanted) == NAMES[found]


def test_a_name_that_fits_several_ports_is_refused_with_all_of_them() -> None:
    """Nothing is guessed."""
    with pytest.raises(PortError, match=r"'Ardour:MIDI 1 in 129:0', 'Ardour:MIDI 2 in 129:1'"):
        match(NAMES, "Ardour")


def test_two_ports_of_one_name_are_refused() -> None:
    """Two devices of one make."""
    with pytest.raises(PortError, match="must name one port"):
        match(["Keys:out 20:0", "Keys:out 24:0"], "Keys:out")


def test_an_unknown_name_is_refused_with_what_is_there() -> None:
    """So that it can be copied."""
    with pytest.raises(PortError, match="there are: 'a'"):
        match(["a"], "b")
    with pytest.raises(PortError, match="there are: none"):
        match([], "b")


@pytest.mark.parametrize(
    ("name", "without"),
    [("Keys:out 20:0", "Keys:out"), ("loopMIDI Port 1", "loopMIDI Port"), ("128:0", "128:0"), ("Keys", "Keys")],
)
def test_numbers_at_the_end_do_not_belong_to_the_name(name: str, without: str) -> None:
    """ALSA and Windows append them."""
    assert stable(name) == without


def test_no_midi_system_is_a_port_to_nowhere() -> None:
    """For recordings only."""
    port = open_port("none", "MusicRNN")
    assert isinstance(port, NullPort)
    port.send(TimedMessage(0.0, b"\x90\x3c\x40"))
    port.close()


def test_the_machine_says_which_systems_are_tried() -> None:
    """A wanted one alone; all of this machine's otherwise."""
    assert apis("jack") == ("jack",)
    assert apis("none") == ()
    assert apis("auto")


@pytest.mark.skipif(sys.platform != "linux", reason="only the wheel for Linux is sure to have JACK")
def test_a_server_that_is_not_there_is_named_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """And the C libraries print nothing."""
    monkeypatch.setenv("JACK_DEFAULT_SERVER", "nobody-runs-this")
    with pytest.raises(PortError, match=r"jack: .*not running"):
        open_port("jack", "MusicRNN")
    assert existing_ports("jack") == []
    assert capfd.readouterr().err == ""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[JackServer]:
    """Give a JACK server to this process."""
    with JackServer() as running:
        for name, value in running.environment.items():
            monkeypatch.setenv(name, value)
        yield running


@pytest.mark.jack
def test_a_virtual_port_has_our_name_and_goes_when_it_is_closed(server: JackServer) -> None:
    """Client MusicRNN, port out."""
    port = open_port("auto" if sys.platform == "linux" else "jack", "MusicRNN")
    assert "MusicRNN:out" in server.ports()
    assert port.name == "MusicRNN (jack)"
    assert not port.lost
    port.close()
    assert "MusicRNN:out" not in server.ports()


@pytest.mark.jack
def test_a_dead_server_is_noticed_before_a_send_could_hang(server: JackServer) -> None:
    """RtMidi does not tell; after some 2,300 messages it would wait for ever."""
    port = open_port("jack", "MusicRNN")
    port.send(TimedMessage(0.0, b"\x90\x3c\x40"))
    server.kill()
    assert port.lost
    with pytest.raises(PortError, match="it has gone"):
        port.send(TimedMessage(0.0, b"\x80\x3c\x00"))
    port.close()


@pytest.mark.jack
@pytest.mark.parametrize("data", [b"", b"\x3c\x40", b"\x90\x3c", b"\x90\x3c\xc8"])
def test_what_is_not_midi_is_not_sent(server: JackServer, data: bytes) -> None:
    """RtMidi would send it without complaint."""
    with contextlib.closing(open_port("jack", "MusicRNN")) as port, pytest.raises(ValueError, match="one MIDI message"):
        port.send(TimedMessage(0.0, data))
