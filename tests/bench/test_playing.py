"""What was sent and what was heard, put side by side; and the whole way through a real port."""

from __future__ import annotations

import signal
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from musicrnn.bench.playing import LatenessPort, is_note, lateness, measure_playing
from musicrnn.cli import INTERRUPTED
from musicrnn.config.bench import BenchSettings
from musicrnn.config.play import MidiSettings, PlaySettings
from musicrnn.config.settings import Settings
from musicrnn.daemon.protocols import TimedMessage
from musicrnn.errors import PortError
from musicrnn.models.frames import Sounding
from musicrnn.models.score import Part
from musicrnn.models.step import StepModel
from musicrnn.models.vocabulary import Vocabulary
from musicrnn.testing import ScriptedModel
from tests.peers.jackd import JackServer
from tests.peers.program import Program, wait_until

ON, OFF, OTHER = b"\x90\x3c\x40", b"\x80\x3c\x00", b"\x90\x3e\x40"
PARTS = (Part("high", 60, 72), Part("low", 40, 52))
SHORT = Settings(
    bench=BenchSettings(seconds=1.0), play=PlaySettings(tempo=480.0), midi=MidiSettings(api="none"), origins={}
)


def two_voices() -> StepModel:
    """Return a model that begins two notes in each tick."""
    frames = [(Sounding(0, 60 + step, attack=True), Sounding(1, 40 + step, attack=True)) for step in range(8)]
    return ScriptedModel(Vocabulary(4, PARTS), frames)


def test_each_message_is_compared_with_its_own_moment() -> None:
    """Two of the same kind in their order, and the latency taken off."""
    sent = [TimedMessage(1.0, ON), TimedMessage(2.0, OFF), TimedMessage(3.0, ON)]
    heard = [TimedMessage(1.5, ON), TimedMessage(2.5, OFF), TimedMessage(3.75, ON)]
    assert lateness(sent, heard, 0.5) == [0.0, 0.0, 0.25]


def test_what_was_not_sent_is_passed_over_and_what_was_lost_is_missing() -> None:
    """The silence at the end, for one."""
    sent = [TimedMessage(1.0, ON), TimedMessage(1.0, OTHER)]
    heard = [TimedMessage(1.25, ON), TimedMessage(2.0, b"\xb0\x7b\x00")]
    assert lateness(sent, heard, 0.0) == [0.25]


@pytest.mark.parametrize(("data", "note"), [(ON, True), (OFF, True), (b"\xb0\x40\x00", False), (b"\xc0\x01", False)])
def test_notes_are_told_from_other_messages(data: bytes, note: bool) -> None:
    """Programs may be said twice, and have no moment of their own."""
    assert is_note(data) is note


def test_only_notes_are_counted_as_they_leave_the_engine() -> None:
    """A port to nowhere."""
    port = LatenessPort()
    port.send(TimedMessage(0.0, ON))
    port.send(TimedMessage(0.0, b"\xc0\x01"))
    assert len(port.late) == 1
    assert port.late[0] > 0


def test_without_a_midi_system_what_leaves_the_engine_is_measured() -> None:
    """And the reason is told."""
    found = measure_playing(two_voices(), SHORT)
    assert (found.system, found.player, found.lost) == ("", None, 0)
    assert found.reason == "none was wanted (midi.api is none)"
    assert found.lateness is not None
    assert found.lateness.count == found.messages > 30


def test_a_midi_system_that_was_asked_for_must_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is shown figures of something else."""
    monkeypatch.setenv("JACK_DEFAULT_SERVER", "no-such-server")
    asked = replace(SHORT, midi=MidiSettings(api="jack"), origins={"midi.api": "--midi-api"})
    with pytest.raises(PortError, match="no MIDI port could be opened"):
        measure_playing(two_voices(), asked)


@pytest.mark.jack
@pytest.mark.parametrize(
    ("number", "status"),
    [(signal.SIGINT, INTERRUPTED), (signal.SIGTERM, -signal.SIGTERM), (signal.SIGKILL, -signal.SIGKILL)],
)
def test_whatever_ends_it_no_client_is_left(number: signal.Signals, status: int, tmp_path: Path) -> None:
    """While it plays, a signal comes, such as Ctrl-C."""
    command = [sys.executable, "-m", "musicrnn", "bench", "untrained", "--seconds", "600", "--midi-api", "jack"]
    with JackServer(256) as server:
        own = {"XDG_CONFIG_HOME": str(tmp_path), **server.environment}
        with Program(command, own) as bench:
            server.wait_for_port("player:out")
            bench.send_signal(number)
            assert bench.wait(20) == status
        wait_until(lambda: not any("MusicRNN" in name for name in server.ports()), 10, "the end of the ports")
    assert bench.printed == []


@pytest.mark.jack
def test_through_jack_every_note_is_heard_and_no_client_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """The daemon's own player, connected to a client of its own."""
    with JackServer(256) as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        found = measure_playing(two_voices(), replace(SHORT, midi=MidiSettings(api="auto")))
        assert not [port for port in server.ports() if "MusicRNN" in port]
    assert (found.system, found.exact, found.lost) == ("jack", True, 0)
    assert found.messages > 30
    assert found.latency == pytest.approx(2 * server.period_seconds)
    assert found.player is not None
    assert found.player.start_seconds > 0
    assert found.lateness is not None
    assert found.lateness.count == found.messages
