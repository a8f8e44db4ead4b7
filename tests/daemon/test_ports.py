"""Ports are found by their names."""

from __future__ import annotations

import pytest

from musicrnn.daemon.ports import NullPort, match, stable
from musicrnn.daemon.protocols import TimedMessage
from musicrnn.errors import PortError

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
    port = NullPort()
    port.send(TimedMessage(0.0, b"\x90\x3c\x40"))
    port.close()
    assert port.name == "none"
