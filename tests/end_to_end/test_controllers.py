"""A MIDI controller on JACK moves a control of a real daemon, from one start to the next."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import mido
import pytest

from musicrnn.daemon.osc_packets import message_bytes, messages
from tests.end_to_end.daemon import free_udp_port, program
from tests.peers.jackd import JackServer
from tests.peers.program import Program, wait_until

pytestmark = pytest.mark.jack
KNOB = 21


def turns(path: Path, values: range) -> None:
    """Write a file in which a knob is turned, a step each 20 ms."""
    track = mido.MidiTrack()
    for value in values:
        track.append(mido.Message("control_change", control=KNOB, value=value, time=20))
    file = mido.MidiFile(ticks_per_beat=500)
    file.tracks.append(track)
    file.save(path)


def sigma(port: int) -> float:
    """Ask a daemon for the value of sigma."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(10)
        client.sendto(message_bytes("/musicrnn/sigma"), ("127.0.0.1", port))
        (answer,) = messages(client.recv(65536), 65536)
        return float(answer.values[0])


def play(folder: Path, values: range, *asked: bytes) -> float:
    """Start a daemon, send it packets, turn the knob, and return what sigma is then."""
    port, music = free_udp_port(), folder / "knob.mid"
    turns(music, values)
    own = {f"XDG_{kind}_HOME": str(folder / kind) for kind in ("CONFIG", "DATA", "CACHE", "STATE")}
    words = ["--model", "untrained", "--midi-api", "jack", "--no-recording", "--no-osc-query", "--osc-port", port]
    with JackServer() as server, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        environment = {**own, **server.environment}
        sender_words: list[str | Path] = [sys.executable, "-m", "tests.peers.stand_in_sender", "jack", music]
        with (
            Program([program("musicrnn-daemon"), *map(str, words)], environment) as daemon,
            Program(sender_words, environment) as sender,
        ):
            daemon.wait_for_line("Ctrl-C stops.", 60)
            sender.wait_for_line("PORT", 60)
            for packet in asked:
                client.sendto(packet, ("127.0.0.1", port))
            source, destination = server.wait_for_port("sender:"), server.wait_for_port("MusicRNN:in")
            server.connect(source, destination)
            sender.send_line("")
            sender.wait_for_line("PLAYED", 60)
            end = 16.0 * values[-1] / 127
            wait_until(lambda: abs(sigma(port) - end) < 0.01, 20, f"sigma at {end:.2f}")
            return sigma(port)


def test_a_knob_is_learnt_obeyed_and_known_again(tmp_path: Path) -> None:
    """From where the control is to the knob's end; the next daemon knows it still."""
    assert play(tmp_path, range(128), message_bytes("/musicrnn/learn", "sigma")) == 16.0
    assert (tmp_path / "CONFIG/musicrnn/midi-map.json").is_file()
    assert play(tmp_path, range(65)) == pytest.approx(16.0 * 64 / 127)
