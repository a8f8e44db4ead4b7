"""The process that takes part in a Link session: what it tells, what it is told, how it ends, what it needs."""

from __future__ import annotations

import os
import queue
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from musicrnn import cli
from musicrnn.daemon.link_peer import Report
from musicrnn.daemon.link_session import LinkSession, link_is_installed
from musicrnn.errors import ConfigError
from tests.peers.program import wait_until

STAND_IN = Path(__file__).parents[1] / "peers" / "stand_in_link"
SECONDS = 20.0


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a stand-in be found in the place of the package, here and in processes that are started."""
    found = os.environ.get("PYTHONPATH", "")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(STAND_IN), *([found] if found else [])]))
    monkeypatch.syspath_prepend(str(STAND_IN))


class Ear:
    """Hears the reports of a session."""

    def __init__(self) -> None:
        self.reports: queue.Queue[Report] = queue.Queue()
        self.wakes = 0

    def wake(self) -> None:
        """Count it."""
        self.wakes += 1

    def until(self, bpm: float, *, playing: bool = False) -> Report:
        """Wait for a report of this tempo."""
        while True:
            report = self.reports.get(timeout=SECONDS)
            if (report.bpm, report.playing) == (bpm, playing):
                return report


@pytest.fixture
def ear() -> Ear:
    """Return somebody who hears."""
    return Ear()


@pytest.fixture
def session(stand_in: None, ear: Ear) -> Iterator[LinkSession]:
    """Return a session that is heard."""
    found = LinkSession(96.0, 4.0, starts=True)
    found.listen(ear.reports.put, ear.wake)
    yield found
    found.close()


def test_it_tells_first_when_it_has_found_somebody_and_then_goes_on(session: LinkSession, ear: Ear) -> None:
    """Each report lies on the line of the one before it, in seconds of the monotonic clock."""
    first, second = ear.until(96.0), ear.until(96.0)
    assert first.others == 1
    assert second.seconds > first.seconds
    assert second.beat - first.beat == pytest.approx((second.seconds - first.seconds) * 1.6, abs=0.001)
    wait_until(lambda: ear.wakes > 1, SECONDS, "a wake for each report")


def test_it_proposes_what_it_is_told(session: LinkSession, ear: Ear) -> None:
    """A tempo, a start, a stop; the moment of the start comes back."""
    before = ear.until(96.0)
    session.tell({"bpm": 101.5})
    after = ear.until(101.5)
    assert after.beat - before.beat < (after.seconds - before.seconds) * 101.5 / 60.0
    session.tell({"playing": True})
    started = ear.until(101.5, playing=True)
    assert after.seconds - 0.1 < started.since <= started.seconds
    session.tell({"playing": False})
    assert ear.until(101.5).seconds > started.seconds


def test_it_ends_with_the_engine_and_orders_to_nobody_are_dropped(session: LinkSession, ear: Ear) -> None:
    """However that ends: the end of its pipe is what it notices."""
    ear.until(96.0)
    session.close()
    with pytest.raises(ProcessLookupError):
        os.kill(session.pid, 0)
    session.tell({"bpm": 100.0})


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL there")
def test_a_process_that_was_killed_is_left_alone(session: LinkSession, ear: Ear) -> None:
    """The clock counts as lost, the engine plays on: nothing is raised, and nobody is told any more."""
    ear.until(96.0)
    os.kill(session.pid, signal.SIGKILL)
    while True:
        try:
            ear.reports.get(timeout=1.0)
        except queue.Empty:
            break
    session.tell({"bpm": 100.0})


def daemon(*words: str) -> int:
    """Run the daemon with these arguments; return its exit status."""
    return cli.run_verb("daemon", words, "musicrnn-daemon")


@pytest.fixture
def nothing_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the package not be found: what stands for it is no module."""
    monkeypatch.setitem(sys.modules, "link", None)


def test_without_the_package_it_is_said_which_extra_to_install(
    nothing_installed: None, capsys: pytest.CaptureFixture[str]
) -> None:
    """And what its licence is; the daemon ends with status 78."""
    assert not link_is_installed()
    with pytest.raises(ConfigError, match=r"extra 'link', whose licence is the GPL.*\[link\]"):
        LinkSession(120.0, 4.0, starts=False)
    assert daemon("--clock", "link", "--midi-api", "none", "--no-osc", "--no-recording") == 78
    assert "play.clock link needs the extra 'link'" in capsys.readouterr().err


def test_the_transport_needs_a_port_of_jacks(capsys: pytest.CaptureFixture[str]) -> None:
    """A system that has none is refused, and so is a machine without a server."""
    words = ["--clock", "jack", "--no-osc", "--no-recording"]
    assert daemon(*words, "--midi-api", "alsa") == 78
    assert "midi.api must be auto or jack while play.clock is jack, got alsa" in capsys.readouterr().err


def test_the_transport_needs_a_server(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Even where none was asked for by --midi-api."""
    monkeypatch.setenv("JACK_DEFAULT_SERVER", "no-such-server")
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    assert daemon("--clock", "jack", "--no-osc", "--no-recording") == 69
    assert "jack: no server is running" in capsys.readouterr().err
