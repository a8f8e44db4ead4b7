"""A port that goes is noticed."""

from __future__ import annotations

import threading

from musicrnn.daemon.player.port_watch import PortWatch
from tests.peers.program import wait_until


class Listing:
    """Ports that can be unplugged."""

    def __init__(self) -> None:
        self.names = ["Keys:out 20:0", "Other:out 24:0"]
        self.closed = False
        self.faults = 0

    def __call__(self) -> list[str]:
        """List them, but not where there is a fault."""
        if self.faults:
            self.faults -= 1
            raise RuntimeError("the list cannot be had")
        return list(self.names)

    def close(self) -> None:
        """Remember it."""
        self.closed = True


def test_a_port_that_is_unplugged_is_gone() -> None:
    """Another one is not missed."""
    listing = Listing()
    watch = PortWatch("Keys:out 20:0", lambda: listing, seconds=0.001)
    listing.names.remove("Other:out 24:0")
    assert not watch.gone
    listing.names.remove("Keys:out 20:0")
    wait_until(lambda: watch.gone and listing.closed, 10, "the loss")
    watch.close()


def test_a_port_that_comes_back_under_another_number_is_gone() -> None:
    """Nothing is connected to it: it has to be opened again."""
    listing = Listing()
    watch = PortWatch("Keys:out 20:0", lambda: listing, seconds=0.001)
    listing.names[0] = "Keys:out 28:0"
    wait_until(lambda: watch.gone, 10, "the loss")
    watch.close()


def test_a_port_that_is_back_under_its_name_without_our_connection_is_gone() -> None:
    """It was unplugged and plugged in again between two looks, and hears nothing."""
    listing, connected = Listing(), threading.Event()
    connected.set()
    watch = PortWatch("Keys:out 20:0", lambda: listing, connected.is_set, seconds=0.001)
    assert not watch.gone
    connected.clear()
    wait_until(lambda: watch.gone and listing.closed, 10, "the loss")
    watch.close()


def test_a_look_that_fails_is_passed_over() -> None:
    """The next one tells."""
    listing = Listing()
    listing.faults = 2
    watch = PortWatch("Keys:out 20:0", lambda: listing, seconds=0.001)
    wait_until(lambda: not listing.faults, 10, "two looks")
    assert not watch.gone
    listing.names.remove("Keys:out 20:0")
    wait_until(lambda: watch.gone and listing.closed, 10, "the loss")
    watch.close()


def test_a_closed_watch_looks_no_more() -> None:
    """And is no client any more."""
    listing = Listing()
    watch = PortWatch("Keys:out 20:0", lambda: listing, seconds=0.001)
    watch.close()
    assert listing.closed
    assert not watch.gone
