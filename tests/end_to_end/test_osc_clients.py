"""OSC clients of another make set mu and are sent the state, by a real daemon."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.daemon import free_udp_port, program
from tests.peers.program import Program

CLIENTS = Path(__file__).parents[1] / "peers/osc_clients"
SECONDS = 60.0
MU = "1.25"


@pytest.fixture
def port(tmp_path: Path) -> Iterator[str]:
    """Give the OSC port of a daemon that plays into nothing."""
    number = str(free_udp_port())
    own = {f"XDG_{kind}_HOME": str(tmp_path / kind) for kind in ("CONFIG", "DATA", "CACHE", "STATE")}
    words = ["--model", "chorales", "--midi-api", "none", "--no-recording", "--osc-port", number, "--no-osc-query"]
    with Program([program("musicrnn-daemon"), *words], own) as daemon:
        daemon.wait_for_line("Ctrl-C stops.", SECONDS)
        yield number
        assert daemon.running, "no client must end the daemon"


@pytest.mark.skipif(shutil.which("oscdump") is None, reason="oscdump is not installed (Debian: liblo-tools)")
def test_liblo(port: str) -> None:
    """One program sends, another listens at a port of its own."""
    listens = str(free_udp_port())
    with Program(["oscdump", "-L", listens]) as dump:
        for words in (["subscribe", "ffi", "20", "30", listens], ["mu", "f", MU]):
            with Program(["oscsend", "127.0.0.1", port, f"/musicrnn/{words[0]}", *words[1:]]) as sender:
                assert sender.wait(SECONDS) == 0
        dump.wait_for_line("/musicrnn/mu f 1.25", SECONDS)
        dump.wait_for_line("/musicrnn/stream/place", SECONDS)


@pytest.mark.clients
def test_node(port: str) -> None:
    """The package osc of npm."""
    assert (CLIENTS / "node_modules/osc").is_dir(), "npm ci has not been run in tests/peers/osc_clients"
    with Program(["node", CLIENTS / "client.js", port]) as client:
        client.wait_for_line(f"/musicrnn/mu {MU}", SECONDS)
        client.wait_for_line("/musicrnn/stream/place", SECONDS)


@pytest.mark.clients
def test_supercollider(port: str) -> None:
    """Its language, sclang."""
    assert shutil.which("sclang"), "sclang is not installed (Debian: supercollider-language)"
    quiet = {"QT_QPA_PLATFORM": "offscreen", "QTWEBENGINE_DISABLE_SANDBOX": "1"}
    with Program(["sclang", CLIENTS / "client.scd", port], quiet) as client:
        client.wait_for_line(f"/musicrnn/mu {MU}", SECONDS)
        client.wait_for_line("/musicrnn/stream/place", SECONDS)


@pytest.mark.clients
def test_pure_data(port: str) -> None:
    """A patch."""
    assert shutil.which("pd"), "pd is not installed (Debian: puredata-core)"
    words = ["-nogui", "-nosound", "-nomidi", "-stderr", "-send", f"port {port}"]
    with Program(["pd", *words, CLIENTS / "client.pd"]) as client:
        client.wait_for_line(f"musicrnn mu {MU}", SECONDS)
        client.wait_for_line("musicrnn stream place", SECONDS)
