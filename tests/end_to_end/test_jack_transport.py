"""The daemon on the beats of a real JACK transport, heard by a third program that stamps frames."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.end_to_end.test_clock import command
from tests.peers.jack_recorder import PORT
from tests.peers.jack_tempo import TempoRamp
from tests.peers.jackd import SAMPLE_RATE, JackServer
from tests.peers.program import Program

pytestmark = pytest.mark.jack

ROLLING = 1
BAR_HEAD_VELOCITY = 96
TICKS_PER_BEAT = 4  # of the bundled chorales
MOST_FRAMES = 1.01


@dataclass(frozen=True)
class Take:
    """What the recorder stamped: notes that begin, with their velocity, and the transport, cycle by cycle."""

    notes: list[tuple[int, int]]
    cycles: list[dict[str, float]]
    xruns: int

    @staticmethod
    def read(path: Path) -> Take:
        """Read what the recorder wrote."""
        content = json.loads(path.with_suffix(".json").read_text())
        events = [(one["frame"], bytes.fromhex(one["hex"])) for one in content["events"]]
        notes = [(frame, data[2]) for frame, data in events if data[0] & 0xF0 == 0x90 and data[2]]
        return Take(notes, content["cycles"], content["xruns"])

    def cycle_at(self, frame: int) -> dict[str, float]:
        """Return the cycle in which a frame was."""
        return max((one for one in self.cycles if one["start"] <= frame), key=lambda one: one["start"])

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
    orders: Sequence[tuple[str, float]],
    master: Sequence[str] = (),
    more: Sequence[object] = (),
    *,
    period: int = 1024,
) -> Take:
    """Let the daemon follow the transport, which jack_transport is told these orders, with the seconds after each."""
    words, own, _ = command(folder, "--clock", "jack", "--tempo", 90, *more)
    heard = folder / "heard.mid"
    with JackServer(period) as server, contextlib.ExitStack() as stack:
        environment = {**own, **server.environment}
        recorder = stack.enter_context(Program([sys.executable, "-m", "tests.peers.jack_recorder", heard], environment))
        recorder.wait_for_line("RECORDING")
        if master:
            leader = stack.enter_context(
                Program([sys.executable, "-m", "tests.peers.jack_tempo", *master], environment)
            )
            leader.wait_for_line("LEADING")
        daemon = stack.enter_context(Program(words, environment))
        daemon.wait_for_line("Ctrl-C stops")
        server.connect(server.wait_for_port("MusicRNN:out"), PORT)
        transport = stack.enter_context(Program(["jack_transport"], environment))
        for order, seconds in [*orders, ("stop", 0.5), ("quit", 0.5)]:
            transport.send_line(order)
            subprocess.run(["sleep", str(seconds)], check=True)
        daemon.stop()
        print(*daemon.printed[-8:], sep="\n")
        recorder.stop()
        recorder.wait_for_line("WROTE")
    return Take.read(heard)


def errors(
    take: Take, beat_at: Callable[[float], float], bpm_at: Callable[[float], float]
) -> list[tuple[float, float]]:
    """Return how far each note is from its tick, in frames, and each head of a bar from the host's."""
    found = []
    for frame, velocity in take.notes:
        cycle = take.cycle_at(frame)
        assert cycle["state"] == ROLLING, f"a note at frame {frame} while the transport stood"
        at = (cycle["frame"] + frame - cycle["start"]) / SAMPLE_RATE
        frames_per_beat = 60 / bpm_at(at) * SAMPLE_RATE
        beat = beat_at(at)
        head = (beat - round(beat / 4) * 4) * frames_per_beat if velocity == BAR_HEAD_VELOCITY else 0.0
        found.append(((beat - round(beat * TICKS_PER_BEAT) / TICKS_PER_BEAT) * frames_per_beat, head))
    return found


def check(take: Take, ramp: TempoRamp) -> None:
    """Each note within a frame of its tick, each head of a bar within a frame of the host's, the first note at once."""
    found = errors(take, ramp.beats, ramp.bpm)
    print(f"{len(found)} notes, {take.xruns} xruns, errors {min(found)} to {max(found)} frames")
    assert len(found) > 8
    assert max(abs(error) for pair in found for error in pair) <= MOST_FRAMES


@pytest.mark.parametrize("period", [256, 1024])
@pytest.mark.parametrize("bpm", [40, 120, 240])
def test_every_note_is_on_the_beat_of_the_transport_to_the_frame(bpm: int, period: int, tmp_path: Path) -> None:
    """The very first one too: the transport is held back until it is ready."""
    take = record(tmp_path, [("play", 960 / bpm)], [str(bpm), str(bpm), "0", "1"], period=period)
    check(take, TempoRamp(bpm, bpm, 0, 1))
    first = take.rolls()[0][0]
    assert first["frame"] == 0
    assert take.notes[0][0] == first["start"]


def test_it_stays_in_phase_through_a_ramp(tmp_path: Path) -> None:
    """From 100 to 140 bpm in eight seconds."""
    take = record(tmp_path, [("play", 16.0)], ["100", "140", "4", "8"])
    found = errors(take, TempoRamp(100, 140, 4, 8).beats, TempoRamp(100, 140, 4, 8).bpm)
    print(f"{len(found)} notes, {take.xruns} xruns, errors {min(found)} to {max(found)} frames")
    assert max(abs(error) for pair in found for error in pair) <= 6 * MOST_FRAMES


def test_it_goes_where_the_transport_goes(tmp_path: Path) -> None:
    """Stopped, moved to 5.25 s, rolled, moved to 2.5 s while it rolls; silent while it stands."""
    orders = [("play", 4.0), ("stop", 0.5), (f"locate {int(5.25 * SAMPLE_RATE)}", 0.5), ("play", 4.0)]
    orders += [(f"locate {int(2.5 * SAMPLE_RATE)}", 5.0)]
    take = record(tmp_path, orders, ["120", "120", "0", "1"])
    check(take, TempoRamp(120, 120, 0, 1))
    assert [round(roll[0]["frame"] / SAMPLE_RATE, 2) for roll in take.rolls()] == [0.0, 5.25, 2.5]
    for roll in take.rolls():
        heads = [frame for frame, velocity in take.notes if velocity == BAR_HEAD_VELOCITY]
        assert [frame for frame in heads if roll[0]["start"] <= frame <= roll[-1]["start"] + 1024]


def test_without_a_timebase_master_it_has_its_own_tempo_from_the_transports_beginning(tmp_path: Path) -> None:
    """90 bpm; a place in the middle of the second bar."""
    orders = [("play", 4.0), ("stop", 0.5), (f"locate {4 * SAMPLE_RATE}", 0.5), ("play", 5.0)]
    check(record(tmp_path, orders), TempoRamp(90, 90, 0, 1))
