"""A lost port is found again."""

from __future__ import annotations

import threading

from musicrnn.daemon.keeper import PortKeeper
from musicrnn.errors import PortError
from musicrnn.testing import RecordingPort


class Opener:
    """Fails some times, then opens."""

    def __init__(self, failures: int) -> None:
        self.failures = failures
        self.port = RecordingPort("again")

    def __call__(self) -> RecordingPort:
        """Open the port."""
        if self.failures:
            self.failures -= 1
            raise PortError("not yet")
        return self.port


def test_it_tries_until_the_port_is_there_and_gives_it_once() -> None:
    """The lost one is closed; what happens is said."""
    found = threading.Event()
    said: list[str] = []
    opener = Opener(failures=3)
    keeper = PortKeeper(opener, found.set, said.append, seconds=0.001)
    lost = RecordingPort("lost")
    keeper.lost(lost)
    assert found.wait(10)
    assert lost.closed
    assert keeper.found() is opener.port
    assert keeper.found() is None
    assert [text.split(";")[0] for text in said] == ["the MIDI port is lost", "the MIDI port is back"]
    keeper.close()


class HungPort(RecordingPort):
    """A port that would have to be waited for when it is closed."""

    closer: threading.Thread | None = None

    def close(self) -> None:
        """Note who waits."""
        self.closer = threading.current_thread()
        super().close()


def test_the_lost_port_is_waited_for_away_from_the_music_and_before_another_is_opened() -> None:
    """Two must not have its name."""
    found, lost = threading.Event(), HungPort()
    closed: list[bool] = []

    def reopen() -> RecordingPort:
        closed.append(lost.closed)
        return RecordingPort("again")

    keeper = PortKeeper(reopen, found.set, seconds=0.001)
    keeper.lost(lost)
    assert found.wait(10)
    assert closed == [True]
    assert lost.closer not in (None, threading.current_thread())
    keeper.close()


def test_a_port_that_was_not_there_at_the_start_is_found_later() -> None:
    """It is said once, when the port is there."""
    found = threading.Event()
    said: list[str] = []
    opener = Opener(failures=3)
    keeper = PortKeeper(opener, found.set, said.append, seconds=0.001)
    keeper.missing()
    assert found.wait(10)
    assert keeper.found() is opener.port
    assert said == ["there is a MIDI port now, and it is played to"]
    keeper.close()


def test_closing_it_ends_the_search() -> None:
    """Even where the port never comes back."""
    keeper = PortKeeper(Opener(failures=10**9), lambda: None, seconds=0.001)
    keeper.lost(RecordingPort())
    keeper.close()
    assert keeper.found() is None


def test_a_port_that_nobody_fetched_is_closed() -> None:
    """The program ended in between."""
    found = threading.Event()
    opener = Opener(failures=0)
    keeper = PortKeeper(opener, found.set, seconds=0.001)
    keeper.lost(RecordingPort())
    assert found.wait(10)
    keeper.close()
    assert opener.port.closed
