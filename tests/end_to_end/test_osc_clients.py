"""OSC clients of another make set mu and are sent the state, by a real daemon."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from musicrnn.cli import main
from musicrnn.control import CONTROLS
from tests.end_to_end.daemon import free_udp_port, program
from tests.peers.program import Program, wait_until

CLIENTS = Path(__file__).parents[1] / "peers/osc_clients"
SECONDS = 60.0
MU = "1.25"
RATE = LEASE = 10


@pytest.fixture
def port(tmp_path: Path) -> Iterator[str]:
    """Give the OSC port of a daemon that plays into nothing."""
    with daemon_at(tmp_path) as number:
        yield number


@contextlib.contextmanager
def daemon_at(folder: Path, *words: str) -> Iterator[str]:
    """Let a daemon play into nothing, with these words besides, and yield its OSC port."""
    number = str(free_udp_port())
    own = {f"XDG_{kind}_HOME": str(folder / kind) for kind in ("CONFIG", "DATA", "CACHE", "STATE")}
    flags = ["--model", "chorales", "--midi-api", "none", "--no-recording", "--osc-port", number, *words]
    with Program([program("musicrnn-daemon"), *flags], own) as daemon:
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
def test_a_client_of_osc_query_builds_its_controls(port: str) -> None:
    """The package oscquery of npm finds each with its range, and sets one by what it was told."""
    assert (CLIENTS / "node_modules/oscquery").is_dir(), "npm ci has not been run in tests/peers/osc_clients"
    with Program(["node", CLIENTS / "query.js", port]) as client:
        client.wait_for_line("mu is 16", SECONDS)
        rows = [json.loads(line.removeprefix("method ")) for line in client.printed if line.startswith("method ")]
    found = {row["full_path"]: row for row in rows}
    mu, scale = found["/musicrnn/mu"], found["/musicrnn/scale"]
    assert mu["arguments"][0]["range"] == {"min": 0, "max": 16}
    assert scale["arguments"][0]["range"]["vals"] == list(CONTROLS["scale"].choices)
    assert "/musicrnn/mute/soprano" in found
    plain = {f"/musicrnn/{name}" for name, control in CONTROLS.items() if not control.per_part}
    assert plain <= set(found)


@pytest.mark.clients
def test_a_client_finds_the_daemon_and_listens(tmp_path: Path) -> None:
    """By zeroconf (bonjour-service), OSCQuery (oscquery) and WebSocket (osc), all of npm, over loopback."""
    assert (CLIENTS / "node_modules/oscquery").is_dir(), "npm ci has not been run in tests/peers/osc_clients"
    with daemon_at(tmp_path, "--osc-announce") as number, Program(["node", CLIENTS / "listen.js", number]) as client:
        found = client.wait_for_line("found ", SECONDS)
        assert found.split()[-2:] == ["127.0.0.1", number]
        assert '"LISTEN":true' in client.wait_for_line("extensions", SECONDS)
        client.wait_for_line(f"/musicrnn/mu {MU}", SECONDS)


@pytest.mark.clients
def test_the_module_for_open_stage_control_keeps_a_subscription(port: str, tmp_path: Path) -> None:
    """In Node, as that program runs it; what its fader of mu sends is obeyed, and comes back after the first lease."""
    assert (CLIENTS / "node_modules/osc").is_dir(), "npm ci has not been run in tests/peers/osc_clients"
    assert main(["layouts", str(tmp_path / "surface")]) == 0
    with Program(["node", CLIENTS / "stage.js", port, tmp_path / "surface"]) as client:
        client.wait_for_line(f"/musicrnn/mu {MU}", SECONDS)
        renewed = [f"/musicrnn/subscribed {RATE} {LEASE}"] * 5  # 12 seconds: longer than a lease
        wait_until(lambda: [line for line in client.printed if "subscribed" in line] >= renewed, SECONDS, "renewals")
        assert not [line for line in client.printed if "unsubscribed" in line or "error" in line]


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
