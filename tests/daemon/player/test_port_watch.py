"""A port that goes is noticed."""

from __future__ import annotations

import threading
from collections import Counter

from musicrnn.daemon.player.port_watch import PortWatch
from tests.peers.program import wait_until


class Listing:
    """Ports that can be unplugged."""

    def __init__(self) -> None:
        self.names = ["Keys:out 20:0", "Other:out 24:0"]
        self.closed = False
        self.faults = self.looks = 0

    def __call__(self) -> list[str]:
        """List them, but not where there is a fault."""
        self.looks += 1
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
    looks = listing.looks
    wait_until(lambda: listing.looks > looks + 2, 10, "a look at what is left")
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
    listing, connected, looks = Listing(), threading.Event(), Counter[bool]()
    connected.set()

    def is_connected() -> bool:
        looks[connected.is_set()] += 1
        return connected.is_set()

    watch = PortWatch("Keys:out 20:0", lambda: listing, is_connected, seconds=0.001)
    wait_until(lambda: looks[True] > 1, 10, "a look while it is connected")
    assert not watch.gone
    connected.clear()
    wait_until(lambda: watch.gone and listing.closed, 10, "the loss")
    watch.close()


def test_a_look_that_fails_is_passed_over() -> None:
    """The next one tells."""
    listing = Listing()
    listing.faults = 2
    watch = PortWatch("Keys:out 20:0", lambda: listing, seconds=0.001)
    wait_until(lambda: listing.looks > 3, 10, "two looks that fail and one that does not")
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
