"""The JACK peers hear all that is sent through a real server, and when."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.peers.jack_recorder import PORT
from tests.peers.jackd import JackServer
from tests.peers.notes import Note, compare, notes_of
from tests.peers.program import PeerError, Program
from tests.peers.stand_in_sender import write_test_music


@pytest.mark.jack
def test_the_recorder_hears_each_note_of_the_sender_within_a_period(tmp_path: Path) -> None:
    """What a sender plays on a JACK port is in the recorder's file, note for note."""
    sent, heard = tmp_path / "sent.mid", tmp_path / "heard.mid"
    write_test_music(sent)
    with JackServer() as server:
        sender = Program([sys.executable, "-m", "tests.peers.stand_in_sender", "jack", sent], server.environment)
        recorder = Program([sys.executable, "-m", "tests.peers.jack_recorder", heard], server.environment)
        with recorder, sender:
            recorder.wait_for_line("RECORDING")
            sender.wait_for_line("PORT")
            server.connect(server.wait_for_port("sender:out"), PORT)
            sender.send_line("go")
            sender.wait_for_line("PLAYED", 60)
            recorder.stop()
            recorder.wait_for_line("WROTE")
    comparison = compare(notes_of(sent), notes_of(heard))
    print(comparison)
    assert comparison.differences == ()
    assert comparison.start_error_worst <= server.period_seconds


def test_a_missing_note_and_a_wrong_velocity_are_differences() -> None:
    """The comparison tells what is not the same."""
    expected = [Note(1, 60, 80, 0.0, 1.0), Note(1, 62, 80, 1.0, 2.0)]
    heard = [Note(1, 60, 70, 0.5, 1.5)]
    assert len(compare(expected, heard).differences) == 2


def test_a_delay_that_all_notes_share_is_no_error() -> None:
    """Latency is not jitter."""
    expected = [Note(1, 60, 80, 0.0, 1.0), Note(1, 62, 80, 1.0, 2.0)]
    heard = [Note(1, 60, 80, 7.0, 8.0), Note(1, 62, 80, 8.0, 9.0)]
    comparison = compare(expected, heard)
    assert comparison.differences == ()
    assert comparison.start_error_worst == pytest.approx(0.0, abs=1e-9)


def test_a_program_that_ends_too_early_is_told_with_what_it_printed() -> None:
    """A failed peer explains itself in the test's output."""
    with Program([sys.executable, "-c", "print('sorry')"]) as program, pytest.raises(PeerError, match="sorry"):
        program.wait_for_line("READY", 10)


@pytest.mark.jack
def test_servers_that_are_killed_take_no_places_from_those_to_come() -> None:
    """JACK has 8; only a server of the same name makes the place of a killed one free."""
    for _ in range(10):
        with JackServer() as server:
            server.kill()
    with JackServer() as one, JackServer() as other:
        assert one.name != other.name
