"""Who plays to whom on an ALSA sequencer, by texts as kernels write them."""

from __future__ import annotations

from musicrnn.daemon.player.alsa_clients import Connection, players_to

PLAYED_TO = """\
Client info
  cur  clients : 7
  peak clients : 9
  max  clients : 192

Client   0 : "System" [Kernel Legacy]
  Port   0 : "Timer" (Rwe-) [In/Out]
  Port   1 : "Announce" (R-e-) [In]
    Connecting To: 144:0
Client  14 : "Midi Through" [Kernel Legacy]
  Port   0 : "Midi Through Port-0" (RWe-) [In/Out]
Client  24 : "Synth" [Kernel Legacy]
  Port   0 : "Synth MIDI 1" (RWeX) [In/Out]
    Connecting To: 144:0[r:0]
    Connected From: 128:0[r:0], 144:0
  Port   1 : "Synth "MIDI" 2" (RWeX) [In/Out]
Client 128 : "MusicRNN" [User Legacy]
  Port   0 : "out" (R-e-) [In]
    Connecting To: 20:0, 24:0[r:0][ex]
  Output pool :
    Pool size          : 500
    Cells in use       : 0
    Peak cells in use  : 0
    Alloc success      : 0
    Alloc failures     : 0
Client 129 : "MusicRNN" [User Legacy]
  Port   0 : "in" (-We-) [Out]
    Connected From: 24:0
  Input pool :
    Pool size          : 200
Client 144 : "Recorder" [User UMP MIDI2]
  Port   0 : "input" (rwe-) [In/Out]
    Connecting To: 24:0
"""
REPLUGGED = PLAYED_TO.replace(", 24:0[r:0][ex]", "").replace("128:0[r:0], ", "")
OLDER = """\
Client  24 : "Synth" [Kernel]
  Port   0 : "Synth MIDI 1" (RWeX)
    Connected From: 130:0
Client 130 : "MusicRNN" [User]
  Port   0 : "out" (R-e-)
    Connecting To: 24:0
"""


class List:
    """A kernel's list that can change."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __call__(self) -> str:
        """Return it."""
        return self.text


def test_who_plays_to_a_port_is_found_among_those_of_a_name() -> None:
    """To that very port; not whom it plays to itself, and nobody else; older kernels write less."""
    assert players_to(PLAYED_TO, "MusicRNN", "24:0") == {"128"}
    assert players_to(PLAYED_TO, "MusicRNN", "20:0") == {"128"}
    assert players_to(PLAYED_TO, "MusicRNN", "4:0") == set()
    assert players_to(PLAYED_TO, "MusicRNN", "24:1") == set()
    assert players_to(PLAYED_TO, "Recorder", "24:0") == {"144"}
    assert players_to(OLDER, "MusicRNN", "24:0") == {"130"}
    assert players_to(REPLUGGED, "MusicRNN", "24:0") == set()
    assert players_to("", "MusicRNN", "24:0") == set()


def test_a_connection_ends_with_the_device_though_that_is_back_under_its_name_and_number() -> None:
    """The client goes on, and so do its other connections."""
    listed = List(PLAYED_TO)
    connected = Connection("MusicRNN", "24:0", listed)
    assert connected()
    listed.text = REPLUGGED
    assert not connected()


def test_a_connection_lasts_while_another_client_of_its_name_leaves() -> None:
    """Which of them is ours is not known."""
    listed = List(PLAYED_TO + OLDER)
    connected = Connection("MusicRNN", "24:0", listed)
    listed.text = PLAYED_TO
    assert connected()
    listed.text = REPLUGGED + OLDER.replace("130", "131")
    assert not connected()


def test_where_the_kernel_lists_nothing_a_connection_is_not_known() -> None:
    """As inside a container; nor one that was not there at first."""
    assert Connection("MusicRNN", "24:0", List(""))() is None
    assert Connection("MusicRNN", "24:0", List(REPLUGGED))() is None
    assert Connection("MusicRNN", "no address")() is None
