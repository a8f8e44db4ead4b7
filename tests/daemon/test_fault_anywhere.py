"""A fault at any call of the daemon's own code, while it plays, leaves no note on."""

from __future__ import annotations

import contextlib
import dataclasses
import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from types import CodeType, FrameType

import musicrnn.daemon
from musicrnn.control import Set, Start
from musicrnn.daemon.engine import Engine
from musicrnn.daemon.inbox import Inbox, Request
from musicrnn.daemon.runtime import NoKeeper, Runtime
from musicrnn.daemon.session import Entry
from musicrnn.models.frames import Sounding
from musicrnn.models.generator import Generator
from musicrnn.testing import ManualClock, RecordingPort, ScriptedModel, small_vocabulary
from tests.daemon.driving import PLAY

FOLDER = str(Path(musicrnn.daemon.__file__).parent)
FRAMES = [(Sounding(0, 60), Sounding(1, 45)), (Sounding(0, 60, False), Sounding(2, 36)), (Sounding(0, 64),)]
SILENCERS = {64, 123, 120}
Site = tuple[str, int, str]


class Fault(Exception):  # noqa: N818  what a fault in the program would raise
    """Raised where it is told to."""


class Session:
    """One bar of music through the whole loop; `run` calls ``before`` with the number and the site of each call."""

    def __init__(self) -> None:
        clock, self.port = ManualClock(), RecordingPort()
        inbox = Inbox(clock.wake)
        inbox.put(Request(Set("mu", 2.0)))
        model = ScriptedModel(small_vocabulary(), FRAMES)
        engine = Engine(Generator(model), dataclasses.replace(PLAY, bars=1))
        entries: list[Entry] = []
        self.runtime = Runtime(engine, clock, self.port, inbox, log=entries.extend, keeper=NoKeeper())
        self.calls = 0

    def run(self, before: Callable[[int, Site], None]) -> None:
        """Play to the end, or to a fault; what is done at last is not disturbed."""

        def look(frame: FrameType, event: str, _: object) -> None:
            if event == "call" and self._counts(frame.f_code) and frame.f_back is not None:
                self.calls += 1
                caller = frame.f_back
                before(self.calls, (caller.f_code.co_qualname, caller.f_lineno, frame.f_code.co_qualname))

        outer = sys.getprofile()
        sys.setprofile(look)
        try:
            self.runtime.run([Start()])
        finally:
            sys.setprofile(outer)

    def _counts(self, code: CodeType) -> bool:
        """Tell whether a call is one of the daemon's own; a generator that goes on is none."""
        ours = code.co_filename.startswith(FOLDER) and not code.co_flags & inspect.CO_GENERATOR
        return ours and code.co_name not in ("run", "_fall_silent") and not self.runtime.silencing


def sites() -> list[int]:
    """Return for each site at which something is called the number of the call in the middle of all from there."""
    calls: dict[Site, list[int]] = {}
    Session().run(lambda number, site: calls.setdefault(site, []).append(number))
    return [numbers[len(numbers) // 2] for numbers in calls.values()]


def test_a_fault_at_any_call_leaves_no_note_and_silences_each_channel() -> None:
    """In the engine, the runtime and all that they use of the daemon's own: one fault at each site of a call."""
    numbers = sites()
    assert len(numbers) > 100
    for number in numbers:
        messages = messages_with_fault_at(number)
        assert not left_on(messages), number
        channels = {data[0] & 15 for data in messages if data[0] & 0xF0 == 0x90}
        last = {(data[0] & 15, data[1]) for data in messages if data[0] & 0xF0 == 0xB0}
        assert last >= {(channel, controller) for channel in channels for controller in SILENCERS}, number


def messages_with_fault_at(number: int) -> list[bytes]:
    """Return what a session sends in which the call of that number raises."""
    session = Session()

    def break_at(call: int, site: Site) -> None:
        if call == number:
            raise Fault(f"at {site}")

    with contextlib.suppress(Fault):
        session.run(break_at)
    assert session.calls >= number
    assert session.port.closed
    return [message.data for message in session.port.messages]


def left_on(messages: list[bytes]) -> set[tuple[int, int]]:
    """Return the keys (channel, pitch) that are down at the end."""
    down: set[tuple[int, int]] = set()
    for data in messages:
        if data[0] & 0xE0 == 0x80:
            (down.add if data[0] & 0xF0 == 0x90 else down.discard)((data[0] & 15, data[1]))
    return down
