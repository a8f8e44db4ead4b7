"""OSC and OSCQuery announced by zeroconf: found by others on the same network, and nowhere else."""

from __future__ import annotations

import contextlib
import socket
import sys
import threading

import pytest

pytest.importorskip("zeroconf", reason="the extra 'discovery' is not installed")

from zeroconf import ServiceBrowser, ServiceListener, Zeroconf

from musicrnn.daemon.announce import OSC, OSC_QUERY, Announcement, _addresses
from musicrnn.errors import ConfigError
from tests.peers.program import wait_until

HERE = "127.0.0.1"
SECONDS = 20.0


class Finder(ServiceListener):
    """Notes what comes and goes, by the ports."""

    def __init__(self) -> None:
        self.ports: dict[str, int] = {}
        self.addresses: set[str] = set()
        self._lock = threading.Lock()

    def add_service(self, zc: Zeroconf, type_: str, name: str) -> None:
        """Note where a service is."""
        found = zc.get_service_info(type_, name, timeout=5000)
        if found is not None and found.port is not None:
            with self._lock:
                self.ports[name] = found.port
                self.addresses |= set(found.parsed_addresses())

    def remove_service(self, zc: Zeroconf, type_: str, name: str) -> None:  # noqa: ARG002
        """Note that it has gone."""
        with self._lock:
            self.ports.pop(name, None)

    def update_service(self, zc: Zeroconf, type_: str, name: str) -> None:
        """Note where it is now."""
        self.add_service(zc, type_, name)

    def has(self, *ports: int) -> bool:
        """Tell whether services at all these ports are there."""
        return set(ports) <= set(self.ports.values())


def two_free_ports() -> tuple[int, int]:
    """Return two numbers that no other test announces."""
    with socket.create_server((HERE, 0)) as one, socket.create_server((HERE, 0)) as other:
        return one.getsockname()[1], other.getsockname()[1]


def test_it_is_found_on_loopback_and_taken_back() -> None:
    """Both services, at the address that they listen on."""
    osc, query = two_free_ports()
    problems: list[str] = []
    finder = Finder()
    with contextlib.closing(Zeroconf(interfaces=[HERE])) as zeroconf:
        browser = ServiceBrowser(zeroconf, [OSC, OSC_QUERY], finder)
        announcement = Announcement(HERE, {OSC: osc, OSC_QUERY: query}, problems.append)
        announcement.start()
        wait_until(lambda: finder.has(osc, query), SECONDS, "both services")
        announcement.close()
        wait_until(lambda: not finder.has(osc) and not finder.has(query), SECONDS, "their end")
        browser.cancel()
    assert finder.addresses == {HERE}
    assert problems == []


def test_one_that_never_began_can_be_closed() -> None:
    """As where the daemon ends before it plays."""
    problems, threads = list[str](), threading.active_count()
    Announcement(HERE, {OSC: 9000}, problems.append).close()
    assert problems == []
    assert threading.active_count() == threads


def test_what_cannot_be_announced_is_told() -> None:
    """Nothing is raised."""
    problems: list[str] = []
    announcement = Announcement(HERE, {"no type": 9000}, problems.append)
    announcement.start()
    wait_until(lambda: bool(problems), SECONDS, "the reason")
    announcement.close()
    assert "could not be announced" in problems[0]


def test_what_listens_on_all_addresses_is_announced_at_those_that_others_reach() -> None:
    """Not at that of loopback."""
    assert not [one for one in _addresses("0.0.0.0") if one.startswith("127.")]  # noqa: S104
    assert _addresses("localhost") == [HERE]


def test_without_its_extra_it_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the way to get it."""
    monkeypatch.setitem(sys.modules, "zeroconf", None)  # as where it is not installed
    with pytest.raises(ConfigError, match=r"osc\.announce needs the extra 'discovery': .*pip install"):
        Announcement(HERE, {OSC: 9000}, lambda _: None)
