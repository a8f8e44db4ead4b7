"""The daemon on the beats of a real JACK transport, heard by a third program that stamps frames.

How many frames each note is from its place is printed. With MUSICRNN_LONG (`make test-reliability`, on a machine that
has nothing else to do) it must be two at most, otherwise no more than the 2 ms that a player may notice.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from musicrnn.daemon.osc_packets import Value, message_bytes, messages
from tests.end_to_end.test_clock import command
from tests.peers import jack_clicks, jack_recorder
from tests.peers.jack_tempo import TempoRamp
from tests.peers.jackd import SAMPLE_RATE, JackServer
from tests.peers.program import Program, wait_until

pytestmark = pytest.mark.jack

ROLLING = 1
BAR_HEAD_VELOCITY = 96
TICKS_PER_BEAT = 4  # of the bundled chorales
LONG = bool(os.environ.get("MUSICRNN_LONG"))
MOST_FRAMES = 2.01 if LONG else 0.002 * SAMPLE_RATE
at_length = pytest.mark.skipif(not LONG, reason="this and more of the transport is measured by make test-reliability")
RAMP_FRAMES = max(8.0, MOST_FRAMES)
XRUN_FRAMES = SAMPLE_RATE // 4
FEWEST_NOTES = 9
STOP_SECONDS = 0.03
BETWEEN_STOPS_SECONDS = 2.2
MOST_BYTES = 65_536

Order = tuple[str, float]


@dataclass(frozen=True)
class Take:
    """What the recorder stamped: notes that begin, with their velocity, and the transport, cycle by cycle."""

    notes: list[tuple[int, int]]
    cycles: list[dict[str, float]]
    xruns: list[int]

    @staticmethod
    def read(path: Path) -> Take:
        """Read what the recorder wrote."""
        content = json.loads(path.with_suffix(".json").read_text())
        events = [(one["frame"], bytes.fromhex(one["hex"])) for one in content["events"]]
        notes = [(frame, data[2]) for frame, data in events if data[0] & 0xF0 == 0x90 and data[2]]
        return Take(notes, content["cycles"], content["xrun_frames"])

    def cycle_at(self, frame: int) -> dict[str, float]:
        """Return the cycle in which a frame was."""
        return max((one for one in self.cycles if one["start"] <= frame), key=lambda one: one["start"])

    def undisturbed(self) -> list[tuple[int, int]]:
        """Return the notes near which JACK lost no time."""
        return [(frame, velocity) for frame, velocity in self.notes if not self._loses_time_at(frame)]

    def is_a_measure(self) -> bool:
        """Say whether JACK ran well enough for it to be one, from the transport's first frame on."""
        return len(self.undisturbed()) >= FEWEST_NOTES and not self._loses_time_at(int(self.rolls()[0][0]["start"]))

    def _loses_time_at(self, frame: int) -> bool:
        return any(abs(frame - xrun) < XRUN_FRAMES for xrun in self.xruns)

    def rolls(self) -> list[list[dict[str, float]]]:
        """Return the cycles of each stretch in which the transport rolled without a jump."""
        found: list[list[dict[str, float]]] = []
        before: dict[str, float] | None = None
        for cycle in self.cycles:
            if cycle["state"] == ROLLING:
                goes_on = before is not None and before["state"] == ROLLING
                if not goes_on or before is None or cycle["frame"] - before["frame"] > cycle["start"] - before["start"]:
                    found.append([])
                found[-1].append(cycle)
            before = cycle
        return found


def record(
    folder: Path,
    orders: Sequence[Order],
    *,
    tempo: Sequence[object] = (),
    period: int = 1024,
    meanwhile: Callable[[JackServer], None] = lambda _: None,
) -> Take:
    """Let the daemon follow the transport, which jack_transport is told these orders, with the seconds after each.

    ``tempo`` is what a timebase master of ours leads with; without it there is none, but those that the orders make.
    ``meanwhile`` is done to the server once all is connected, by a thread of its own.
    """
    folder.mkdir(exist_ok=True)
    words, own, _ = command(folder, "--clock", "jack", "--tempo", 90)
    heard = folder / "heard.mid"
    with JackServer(period) as server, contextlib.ExitStack() as stack:
        environment = {**own, **server.environment}

        def start(*words: str | Path) -> Program:
            return stack.enter_context(Program(words, environment))

        recorder = start(sys.executable, "-m", "tests.peers.jack_recorder", heard)
        recorder.wait_for_line("RECORDING")
        if tempo:
            leader = start(sys.executable, "-m", "tests.peers.jack_tempo", *map(str, tempo))
            leader.wait_for_line("LEADING")
        daemon = start(*words)
        daemon.wait_for_line("Ctrl-C stops")
        server.connect(server.wait_for_port("MusicRNN:out"), jack_recorder.PORT)
        stack.enter_context(background(lambda: meanwhile(server)))
        conduct(start("jack_transport"), orders)
        daemon.stop()
        recorder.stop()
        recorder.wait_for_line("WROTE")
    return Take.read(heard)


@contextlib.contextmanager
def background(work: Callable[[], None]) -> Iterator[None]:
    """Let a thread work, and be waited for."""
    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        thread.join()


def measure(folder: Path, period: int, take_of: Callable[[Path, int], Take]) -> Take:
    """Return the first take that is a measure, of two at this period and one at 1,024, which a loaded machine keeps.

    How exact it must be is the same for each.
    """
    for number, frames in enumerate((period, period, 1024)):
        take = take_of(folder / str(number), frames)
        if take.is_a_measure():
            break
        print(f"a period of {frames}: {len(take.xruns)} xruns, too many for it to be a measure")
    return take


def conduct(transport: Program, orders: Sequence[Order]) -> None:
    """Tell jack_transport what to do, and let it stop and end."""
    for order, seconds in [*orders, ("stop", 0.5), ("quit", 0.5)]:
        transport.send_line(order)
        subprocess.run(["sleep", str(seconds)], check=True)


def errors(
    take: Take, beat_at: Callable[[float], float], bpm_at: Callable[[float], float]
) -> list[tuple[float, float]]:
    """Return how far each note is from its tick, in frames, and each head of a bar from the host's."""
    found = []
    for frame, velocity in take.undisturbed():
        cycle = take.cycle_at(frame)
        assert cycle["state"] == ROLLING, f"a note at frame {frame} while the transport stood"
        at = (cycle["frame"] + frame - cycle["start"]) / SAMPLE_RATE
        frames_per_beat = 60 / bpm_at(at) * SAMPLE_RATE
        beat = beat_at(at)
        head = (beat - round(beat / 4) * 4) * frames_per_beat if velocity == BAR_HEAD_VELOCITY else 0.0
        found.append(((beat - round(beat * TICKS_PER_BEAT) / TICKS_PER_BEAT) * frames_per_beat, head))
    return found


def check(take: Take, ramp: TempoRamp, most: float = MOST_FRAMES) -> None:
    """Check that each note is within so many frames of its tick, each head of a bar of the host's."""
    found = errors(take, ramp.beats, ramp.bpm)
    notes, heads = zip(*found, strict=True)
    print(f"{len(found)} notes, {len(take.xruns)} xruns, {min(notes):.2f} to {max(notes):.2f} frames from their ticks")
    assert len(found) >= FEWEST_NOTES
    assert max(map(abs, notes)) <= most
    assert max(map(abs, heads)) <= most


@pytest.mark.parametrize(
    ("bpm", "beats", "period"),
    [
        pytest.param(40, 10, 1024, marks=at_length),
        (120, 24, 256),
        pytest.param(240, 32, 1024, marks=at_length),
    ],
)
def test_every_note_is_on_the_beat_of_the_transport(bpm: int, beats: int, period: int, tmp_path: Path) -> None:
    """The very first one too: the transport is held back until it is ready."""

    def take_of(folder: Path, frames: int) -> Take:
        return record(folder, [("play", beats * 60 / bpm)], tempo=[bpm, bpm, 0, 1], period=frames)

    take = measure(tmp_path, period, take_of)
    check(take, TempoRamp(bpm, bpm, 0, 1))
    first = take.rolls()[0][0]
    assert first["frame"] == 0
    assert abs(take.notes[0][0] - first["start"]) <= MOST_FRAMES


def test_a_server_that_stops_for_a_moment_moves_no_note_from_its_beat_afterwards(tmp_path: Path) -> None:
    """It loses frames, and the transport stands for them; that is known long before a second is over."""

    def stop_and_go(server: JackServer) -> None:
        for _ in range(6):
            subprocess.run(["sleep", str(BETWEEN_STOPS_SECONDS)], check=True)
            server.stand_still(STOP_SECONDS)

    def take_of(folder: Path, frames: int) -> Take:
        orders = [("play", 7 * BETWEEN_STOPS_SECONDS)]
        return record(folder, orders, tempo=[120, 120, 0, 1], period=frames, meanwhile=stop_and_go)

    check(measure(tmp_path, 256, take_of), TempoRamp(120, 120, 0, 1))


@at_length
def test_it_stays_in_phase_through_a_ramp(tmp_path: Path) -> None:
    """From 100 to 140 bpm in eight seconds; what comes two periods later is not known sooner."""
    take = record(tmp_path, [("play", 14.0)], tempo=[100, 140, 3, 8])
    check(take, TempoRamp(100, 140, 3, 8), RAMP_FRAMES)


def test_it_goes_where_the_transport_goes(tmp_path: Path) -> None:
    """Stopped, moved to 5.25 s, rolled, moved to 2.5 s while it rolls; silent while it stands."""
    orders = [("play", 4.0), ("stop", 0.5), (f"locate {int(5.25 * SAMPLE_RATE)}", 0.5), ("play", 4.0)]
    orders += [(f"locate {int(2.5 * SAMPLE_RATE)}", 5.0)]

    def take_of(folder: Path, frames: int) -> Take:
        return record(folder, orders, tempo=[120, 120, 0, 1], period=frames)

    take = measure(tmp_path, 1024, take_of)
    check(take, TempoRamp(120, 120, 0, 1))
    assert [round(roll[0]["frame"] / SAMPLE_RATE, 2) for roll in take.rolls()] == [0.0, 5.25, 2.5]
    heads = [frame for frame, velocity in take.notes if velocity == BAR_HEAD_VELOCITY]
    for roll in take.rolls():
        assert [frame for frame in heads if roll[0]["start"] <= frame <= roll[-1]["start"] + 1024]


def test_without_a_timebase_master_it_has_its_own_tempo_from_the_transports_beginning(tmp_path: Path) -> None:
    """90 bpm; a place in the middle of the second bar."""
    orders = [("play", 4.0), ("stop", 0.5), (f"locate {4 * SAMPLE_RATE}", 0.5), ("play", 5.0)]
    take = measure(tmp_path, 1024, lambda folder, frames: record(folder, orders, period=frames))
    check(take, TempoRamp(90, 90, 0, 1))


@at_length
def test_with_a_master_of_another_make_it_is_within_two_of_its_ticks(tmp_path: Path) -> None:
    """jack_transport adds up rounded ticks, so its beats are slower than its tempo; a tick is a quarter of a ms."""
    take = record(tmp_path, [("master", 0.3), ("tempo 132", 0.3), ("play", 8.0)])
    found = []
    for frame, _ in take.notes:
        cycle = take.cycle_at(frame)
        ticks = ((cycle["bar"] - 1) * cycle["beats_per_bar"] + cycle["beat"] - 1) * cycle["ticks_per_beat"]
        since = (frame - cycle["start"]) / SAMPLE_RATE * cycle["beats_per_minute"] / 60 * cycle["ticks_per_beat"]
        place, unit = ticks + cycle["tick"] + since, cycle["ticks_per_beat"] / TICKS_PER_BEAT
        found.append(place - round(place / unit) * unit)
    print(f"{len(found)} notes, {min(found):.2f} to {max(found):.2f} ticks from theirs")
    assert len(found) > 8
    assert max(abs(error) for error in found) < 2


@at_length
def test_it_plays_with_klick(tmp_path: Path) -> None:
    """A metronome of another make, which leads; each of its clicks begins where our notes of that beat do.

    Where a beat has no note of ours, the nearest is whole ticks away.
    """
    words, own, _ = command(tmp_path, "--clock", "jack", "--tempo", 90)
    clicks, heard = tmp_path / "clicks.json", tmp_path / "heard.mid"
    with JackServer(1024) as server, contextlib.ExitStack() as stack:
        environment = {**own, **server.environment}

        def start(*words: str | Path) -> Program:
            return stack.enter_context(Program(words, environment))

        recorder = start(sys.executable, "-m", "tests.peers.jack_recorder", heard)
        recorder.wait_for_line("RECORDING")
        listener = start(sys.executable, "-m", "tests.peers.jack_clicks", clicks)
        listener.wait_for_line("LISTENING")
        start("klick", "-T", "120")
        server.connect(server.wait_for_port("klick:out"), jack_clicks.PORT)
        start(*words).wait_for_line("Ctrl-C stops")
        server.connect(server.wait_for_port("MusicRNN:out"), jack_recorder.PORT)
        orders = [("play", 6.0), ("stop", 0.5), (f"locate {5 * SAMPLE_RATE // 2}", 0.5), ("play", 5.0)]
        conduct(start("jack_transport"), orders)
        for one in (listener, recorder):
            one.stop()
            one.wait_for_line("WROTE")
    notes = sorted({frame for frame, _ in Take.read(heard).notes})
    found = [min((note - click for note in notes), key=abs) for click in json.loads(clicks.read_text())]
    print(f"{len(found)} clicks, notes {sorted(found)} frames after them")
    tick = SAMPLE_RATE * 60 / 120 / TICKS_PER_BEAT
    assert len(found) > 20
    assert all(abs(error - round(error / tick) * tick) <= MOST_FRAMES for error in found)
    assert sum(abs(error) <= MOST_FRAMES for error in found) > 15


def test_a_server_that_dies_and_comes_back_is_followed_again(tmp_path: Path) -> None:
    """The music goes on without it, and stops with the new server's transport, which stands; then it rolls again."""
    words, own, port = command(tmp_path, "--clock", "jack", "--tempo", 120)
    heard = tmp_path / "heard.mid"
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(JackServer(1024))
        environment = {**own, **server.environment}
        daemon = stack.enter_context(Program(words, environment))
        daemon.wait_for_line("Ctrl-C stops")
        with Program(["jack_transport"], environment) as transport:
            transport.send_line("play")
            wait_for_status(port, "JACK transport at our own tempo (no timebase master), rolling", playing=True)
            server.kill()
        wait_for_status(port, "no clock comes any more", playing=True)
        stack.enter_context(JackServer(1024, server.name))
        wait_for_status(
            port, "JACK transport at our own tempo (no timebase master), waiting for the host", playing=False
        )
        words = [sys.executable, "-m", "tests.peers.jack_recorder", heard]
        recorder = stack.enter_context(Program(words, environment))
        recorder.wait_for_line("RECORDING")
        server.connect(server.wait_for_port("MusicRNN:out"), jack_recorder.PORT)
        conduct(stack.enter_context(Program(["jack_transport"], environment)), [("locate 0", 0.5), ("play", 8.0)])
        recorder.stop()
        recorder.wait_for_line("WROTE")
    check(Take.read(heard), TempoRamp(120, 120, 0, 1))


def status(port: str) -> dict[str, Value]:
    """Return the first value of each part of the daemon's status; empty where no answer comes for a while."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(1)
        asking.sendto(message_bytes("/musicrnn/status"), ("127.0.0.1", int(port)))
        try:
            answer = messages(asking.recv(MOST_BYTES), MOST_BYTES)
        except TimeoutError:
            return {}
    return {one.address.rpartition("/")[2]: one.values[0] for one in answer if one.values}


def wait_for_status(port: str, words: str, *, playing: bool) -> None:
    """Wait until the daemon's status has these words, and plays or not."""

    def says() -> bool:
        found = status(port)
        return words in f"{found.get('clock')}; {found.get('message')}" and found.get("playing") == playing

    wait_until(says, 30, f"the status {words!r}, playing {playing}")
