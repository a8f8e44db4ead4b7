"""Time that jumps, stands still or is set: the table of docs/faults.md, T1 to T10."""

from __future__ import annotations

import ast
import math
import os
import random
import subprocess
import sys
from collections import Counter
from itertools import pairwise
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

import musicrnn
from musicrnn.control import Quit, Ramp, Set, Start, Tap
from musicrnn.daemon.engine import Engine
from musicrnn.daemon.inbox import Inbox, Request
from musicrnn.daemon.protocols import TimedMessage
from musicrnn.daemon.runtime import NoKeeper, Runtime
from musicrnn.daemon.session import Entry
from musicrnn.errors import ControlError
from musicrnn.models.frames import Sounding
from musicrnn.models.generator import Generator
from musicrnn.testing import ManualClock, RecordingPort, ScriptedModel, small_vocabulary
from tests.daemon.driving import PLAY, Driver, driver
from tests.simulation.session import SimulatedSession
from tests.simulation.soak import COMMAND

GAPS = 1000
SHORTEST, LONGEST = 0.1, 8 * 3600.0
WAITS = 7
FRAMES = [(Sounding(0, 60), Sounding(1, 45)), (Sounding(0, 60, False), Sounding(1, 45, False))]
MOST_AT_ONCE = 2  # the notes of a tick; at 120 bpm no second tick is so little late that it is still played
SOURCE = Path(musicrnn.__file__).parent


class GappyClock(ManualClock):
    """A clock that after every seventh wait has lost a gap, or jumped over it; ``quit`` is called after the last."""

    def __init__(self, quit_after: int, inbox: Inbox) -> None:
        super().__init__()
        self.asleep = 0.0
        self.gaps: list[float] = []
        self.suspends = 0
        self._left, self._chance, self._inbox = quit_after, random.Random(5), inbox

    def wait_until(self, seconds: float) -> None:
        """Wait; now and then the machine is suspended, or the process is stopped."""
        super().wait_until(seconds)
        if len(self.waits) % WAITS:
            return
        if not self._left:
            self._inbox.put(Request(Quit()))
            return
        self._left -= 1
        self._lose(math.exp(self._chance.uniform(math.log(SHORTEST), math.log(LONGEST))))

    def _lose(self, seconds: float) -> None:
        self.gaps.append(self.now())
        if self._chance.random() < 0.5:
            self.asleep += seconds
            self.suspends += seconds > 1.0
        else:
            self.advance(seconds)


class StampingPort(RecordingPort):
    """A port that keeps the moment at which each message was really sent."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__()
        self._clock = clock
        self.sent: list[tuple[float, bytes]] = []

    def send(self, message: TimedMessage) -> None:
        """Keep a message and the moment."""
        super().send(message)
        self.sent.append((self._clock.now(), message.data))


def test_a_thousand_gaps_of_up_to_eight_hours_leave_no_note_and_no_burst() -> None:
    """Half of them the machine is suspended and its monotonic clock stands; in the others the process is stopped."""
    inbox = Inbox(lambda: None)
    clock = GappyClock(GAPS, inbox)
    port, entries = StampingPort(clock), list[Entry]()
    engine = Engine(Generator(ScriptedModel(small_vocabulary(), FRAMES)), PLAY)
    runtime = Runtime(engine, clock, port, inbox, log=entries.extend, keeper=NoKeeper(), asleep=lambda: clock.asleep)
    runtime.run([Start()])
    assert len(clock.gaps) == GAPS
    assert sum(entry["do"] == "panic" for entry in entries) == clock.suspends > 300
    begun = [moment for moment, data in port.sent if data[0] & 0xF0 == 0x90]
    assert max(Counter(round(moment / 0.01) for moment in begun).values()) <= MOST_AT_ONCE
    assert not keys_down(port.sent)
    played = sum(any(first <= moment < last for moment in begun) for first, last in pairwise(clock.gaps))
    assert played == GAPS - 1


def keys_down(sent: list[tuple[float, bytes]]) -> Counter[tuple[int, int]]:
    """Return how often each key is down at the end."""
    down: Counter[tuple[int, int]] = Counter()
    for _, data in sent:
        if data[0] & 0xE0 == 0x80:
            down[data[0] & 15, data[1]] += 1 if data[0] & 0xF0 == 0x90 else -1
    return +down


WALL = {"time.time", "time.time_ns", "time.localtime", "time.gmtime", "time.ctime", "time.strftime"}
NAMES_FILES = {"daemon/keepsakes.py", "daemon/run.py"}
STEPPED = """
import runpy, sys, time
steps = {"n": 0}
def stepped():
    steps["n"] += 1
    return 1.7e9 + (3600.0 if steps["n"] % 2 else -3600.0)
time.time = stepped
time.time_ns = lambda: int(stepped() * 1e9)
for _ in range(1000):
    time.time()
runpy.run_module("tests.simulation", run_name="__main__", alter_sys=True)
"""


def test_what_plays_reads_the_wall_clock_for_nothing_but_the_names_of_files() -> None:
    """Neither the daemon, nor the models, nor the commands it takes."""
    found: set[str] = set()
    for folder in ("daemon", "models", "config"):
        for path in (SOURCE / folder).rglob("*.py"):
            if reads_wall_clock(ast.parse(path.read_text(encoding="utf-8"))):
                found.add(path.relative_to(SOURCE).as_posix())
    assert found == NAMES_FILES


def reads_wall_clock(tree: ast.AST) -> bool:
    """Tell whether a module asks what time it is."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            names.add(ast.unparse(node))
        elif isinstance(node, ast.ImportFrom):
            names |= {f"{node.module}.{name.name}" for name in node.names}
    today = [name for name in names if name.startswith("date") and name.endswith((".now", ".today", ".utcnow"))]
    return bool(names & WALL or today)


def test_a_wall_clock_that_steps_by_two_hours_changes_nothing() -> None:
    """Each time that it is read, in a process of its own: every message, log line and answer is as it was."""
    here = SimulatedSession(3).run()
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    words = [sys.executable, "-c", STEPPED, *COMMAND.split()[3:], "3"]
    there = subprocess.run(words, env=environment, capture_output=True, text=True, check=True)
    assert here.digest in there.stdout


NUMBERS = st.floats() | st.integers() | st.sampled_from([0, -120, 1e9, 19.999, 999.001, 20, 999, 300])


@given(st.lists(st.tuples(st.sampled_from(["tempo", "ramp", "tap"]), NUMBERS, st.integers(0, 4)), max_size=12))
def test_the_tempo_stays_between_20_and_999_whatever_is_asked_for(script: list[tuple[str, float, int]]) -> None:
    """What is not finite or out of range is refused, and the tempo of before holds; ticks go on."""
    player = driver(ScriptedModel(small_vocabulary(), FRAMES))
    player.do(Start())
    for what, number, ticks in script:
        before = tempo_of(player)
        try:
            player.do(Tap() if what == "tap" else Ramp(number, 2.0) if what == "ramp" else Set("tempo", number))
        except ControlError:
            assert tempo_of(player) == before
        player.ticks(ticks)
        assert 20.0 <= tempo_of(player) <= 999.0
    tick = player.engine.tick
    player.ticks(2)
    assert player.engine.tick > tick


def tempo_of(player: Driver) -> float:
    """Return the tempo that the status tells."""
    return player.engine.status(player.clock.now()).tempo
