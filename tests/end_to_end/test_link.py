"""The daemon in a real Ableton Link session, heard on JACK by a third program that stamps frames.

``make test-link`` runs this in a network of its own, so that nobody else's session is joined. The session goes by the
monotonic clock and what is heard by JACK's frames: a take in which the server loses some is none, and is made again.
"""

from __future__ import annotations

import contextlib
import functools
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from tests.end_to_end.test_clock import command
from tests.peers import jack_clicks, jack_recorder
from tests.peers.jackd import SAMPLE_RATE, JackServer
from tests.peers.program import Program, wait_until

pytestmark = pytest.mark.link

PERIOD = 1024
BAR_HEAD_VELOCITY = 96
TICKS_PER_BEAT = 4  # of the bundled chorales
PHASE_ERROR = 0.0005
CHANGE_SECONDS = 0.2
OLDER_SECONDS = 1.0  # of two sessions that meet the older one stays; Link draws lots between those of half a second
TAKES = 5
MOST_STOOD_SECONDS = 0.0003  # less than two thirds of what a note may be off


class ServerStoodError(Exception):
    """A JACK server's frames stood while time went on."""


def runs_through(test: Callable[[Path], None]) -> Callable[[Path], None]:
    """Make the take again where the server stood in it."""

    @functools.wraps(test)
    def take(tmp_path: Path) -> None:
        for number in range(TAKES):
            folder = tmp_path / str(number)
            folder.mkdir()
            try:
                test(folder)
            except ServerStoodError as problem:
                print(problem)
            else:
                return
        pytest.fail(f"the server must run through one of {TAKES} takes, and this machine stopped it in each")

    return take


@dataclass
class Room:
    """A JACK server, a recorder of MIDI, and a daemon that follows a session."""

    stack: contextlib.ExitStack
    server: JackServer
    environment: dict[str, str]
    heard: Path
    daemon: Program
    recorder: Program
    osc: str

    def peer(self, *words: str | Path) -> Program:
        """Start another program in the room."""
        return self.stack.enter_context(Program(words, self.environment))

    def tell(self, *words: str) -> None:
        """Tell the daemon something over OSC."""
        subprocess.run(["oscsend", "127.0.0.1", self.osc, *words], check=True)

    def notes(self) -> list[tuple[float, int, int]]:
        """End the daemon and return what began: seconds of the monotonic clock, velocity and frame.

        Raises:
            ServerStoodError: If the frames of the take are not on one line with those seconds.
        """
        self.daemon.stop()
        self.recorder.stop()
        self.recorder.wait_for_line("WROTE")
        content = json.loads(self.heard.with_suffix(".json").read_text())
        starts = [seconds - frame / SAMPLE_RATE for frame, seconds in content["clock"]]
        start = min(starts)
        stood = max(starts[1:-1]) - start  # seconds of a few cycles tell little
        if stood > MOST_STOOD_SECONDS:
            raise ServerStoodError(f"the server stood for {stood * 1000:.1f} ms in {content['xruns']} xruns")
        events = [(one["frame"], bytes.fromhex(one["hex"])) for one in content["events"]]
        return [
            (frame / SAMPLE_RATE + start, data[2], frame)
            for frame, data in events
            if data[0] & 0xF0 == 0x90 and data[2]
        ]


@contextlib.contextmanager
def open_room(folder: Path, *more: object) -> Iterator[Room]:
    """Yield a room whose daemon is not started yet."""
    words, own, osc = command(folder, "--clock", "link", "--tempo", 90, *more)
    heard = folder / "heard.mid"
    with JackServer(PERIOD) as server, contextlib.ExitStack() as stack:
        environment = {**own, **server.environment}
        recorder = Program([sys.executable, "-m", "tests.peers.jack_recorder", heard], environment)
        room = Room(stack, server, environment, heard, Program(words, environment), recorder, osc)
        stack.enter_context(recorder).wait_for_line("RECORDING")
        yield room


def join(room: Room) -> None:
    """Start the daemon, and let the recorder hear it."""
    room.stack.enter_context(room.daemon).wait_for_line("Ctrl-C stops")
    room.server.connect(room.server.wait_for_port("MusicRNN:out"), jack_recorder.PORT)


def wait(seconds: float) -> None:
    """Let the music play."""
    subprocess.run(["sleep", str(seconds)], check=True)


def other(room: Room, folder: Path, bpm: float) -> Program:
    """Let somebody else have a session, long enough for it to be the one that the daemon joins."""
    found = room.peer(sys.executable, "-m", "tests.peers.link_player", folder / "session.json", str(bpm))
    found.wait_for_line("OTHERS 0")
    wait(OLDER_SECONDS)
    return found


def check(notes: list[tuple[float, int, int]], session: Path, tempos: list[float]) -> None:
    """Each note within half a millisecond of its tick on the other's beats, each head of a bar on its bar lines."""
    samples = json.loads(session.read_text())
    seconds, beats = np.array([one[0] for one in samples]), np.array([one[1] for one in samples])
    bpms = np.array([one[2] for one in samples])
    changes = [late[0] for early, late in pairwise(samples) if abs(late[2] - early[2]) > 0.001]
    found, met = [], set()
    for moment, velocity, _ in notes:
        if any(abs(moment - change) < CHANGE_SECONDS for change in changes):
            continue
        beat, bpm = float(np.interp(moment, seconds, beats)), float(bpms[np.searchsorted(seconds, moment) - 1])
        unit = 4.0 if velocity == BAR_HEAD_VELOCITY else 1 / TICKS_PER_BEAT
        found.append(abs(beat - round(beat / unit) * unit) * 60.0 / bpm)
        met.add(round(bpm, 1))
    print(f"{len(found)} notes at {sorted(met)} bpm, worst {max(found) * 1000:.3f} ms")
    assert len(found) > 16
    assert max(found) < PHASE_ERROR
    assert met == set(tempos)


@runs_through
def test_tempo_beat_and_bar_are_the_sessions_and_tempos_go_both_ways(tmp_path: Path) -> None:
    """The other's 110, then its 140, then ours of 100."""
    with open_room(tmp_path) as room:
        peer = other(room, tmp_path, 110)
        join(room)
        peer.wait_for_line("OTHERS 1")
        wait(8)
        peer.send_line("tempo 140")
        wait(5)
        room.tell("/musicrnn/tempo", "f", "100")
        peer.wait_for_line("TEMPO 100.000")
        wait(5)
        notes = room.notes()
        peer.send_line("leave")
        peer.wait_for_line("WROTE")
        check(notes, tmp_path / "session.json", [110.0, 140.0, 100.0])


@runs_through
def test_starts_and_stops_are_shared_where_that_is_asked_for(tmp_path: Path) -> None:
    """The other's start is ours at the next bar, its stop ours at once; our start and stop are its own."""
    with open_room(tmp_path, "--link-starts") as room:
        peer = other(room, tmp_path, 120)
        join(room)
        peer.wait_for_line("OTHERS 1")
        wait(1.5)
        peer.send_line("play")
        peer.wait_for_line("PLAYING 1")
        wait(4)
        peer.send_line("stop")
        peer.wait_for_line("PLAYING 0")
        wait(1)
        room.tell("/musicrnn/start")
        peer.wait_for_line("PLAYING 1")
        wait(4)
        room.tell("/musicrnn/stop")
        peer.wait_for_line("PLAYING 0")
        wait(0.5)
        notes = room.notes()
        peer.send_line("leave")
        peer.wait_for_line("WROTE")
    samples = json.loads((tmp_path / "session.json").read_text())
    plays = [(early[0], late[0]) for early, late in pairwise(samples) if early[3]]
    starts = [late for early, late in pairwise(samples) if late[3] and not early[3]]
    assert len(starts) == 2
    assert all(any(early - 0.03 <= note[0] <= late + 0.03 for early, late in plays) for note in notes)
    for start in starts:
        first = min(note[0] for note in notes if note[0] > start[0])
        until_bar = (-start[1] % 4.0) * 60.0 / start[2]
        assert first - start[0] == pytest.approx(until_bar, abs=0.02)


@runs_through
def test_linkhut_of_ableton_clicks_with_it(tmp_path: Path) -> None:
    """Its clicks come a constant time before our notes (it makes up for two periods that a sound card would need).

    It hears of our tempo, and we of its.
    """
    clicks = tmp_path / "clicks.json"
    with open_room(tmp_path) as room:
        listener = room.peer(sys.executable, "-m", "tests.peers.jack_clicks", clicks)
        listener.wait_for_line("LISTENING")
        hut = room.peer("LinkHut")
        room.server.connect(room.server.wait_for_port("LinkHut:out_1"), jack_clicks.PORT)
        hut.send_keys("a ")
        join(room)
        wait(6)
        hut.send_keys("e" * 12)
        wait(5)
        room.tell("/musicrnn/tempo", "f", "99")
        wait_until(lambda: "99.00" in hut.printed[-1], 5, "LinkHut at our tempo")
        wait(5)
        notes = sorted({frame for _, _, frame in room.notes()})
        listener.stop()
        listener.wait_for_line("WROTE")
    ours = [frame for frame in json.loads(clicks.read_text()) if notes[0] - PERIOD * 3 < frame < notes[-1]]
    lengths = [round((after - before) / SAMPLE_RATE, 3) for before, after in pairwise(ours)]
    steady = [click for click, (one, two) in zip(ours[1:], pairwise(lengths), strict=False) if abs(two - one) < 0.002]
    distances = [min((note - click for note in notes), key=abs) for click in steady]  # a new tempo takes a tick
    on_beat = [distance for distance in distances if abs(distance) < 4 * PERIOD]
    print(f"{len(ours)} clicks {min(lengths)} to {max(lengths)} s apart, notes {sorted(on_beat)} frames after them")
    middle = float(np.median(on_beat))
    assert len(on_beat) > 20
    assert abs(middle - 2 * PERIOD) < PHASE_ERROR * SAMPLE_RATE
    assert sum(abs(distance - middle) < PHASE_ERROR * SAMPLE_RATE for distance in on_beat) >= len(on_beat) - 2
    assert {0.455, 0.606} <= set(lengths)  # LinkHut's 132 bpm and our 99


@runs_through
def test_when_the_other_leaves_the_music_goes_on(tmp_path: Path) -> None:
    """At the tempo that the session had."""
    with open_room(tmp_path) as room:
        peer = other(room, tmp_path, 110)
        join(room)
        wait(3)
        peer.send_line("leave")
        peer.wait_for_line("WROTE")
        left = json.loads((tmp_path / "session.json").read_text())[-1]
        wait(4)
        notes = room.notes()
    later = [note for note in notes if note[0] > left[0] + 0.5]
    assert len(later) > 8
    for moment, _, _ in later:
        beat = left[1] + (moment - left[0]) * left[2] / 60.0
        assert abs(beat * TICKS_PER_BEAT - round(beat * TICKS_PER_BEAT)) < 0.01
