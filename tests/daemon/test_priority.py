"""Punctuality is lent, not given."""

from __future__ import annotations

import contextlib
import gc
import os
import sys
import weakref
from collections.abc import Iterator

import pytest

from musicrnn.control import Start
from musicrnn.daemon.priority import FIFO, SECOND, SWITCH_SECONDS, punctual, unhindered
from musicrnn.models.generator import Generator
from musicrnn.testing import random_model, small_vocabulary
from tests.daemon.driving import driver


@pytest.mark.skipif(not hasattr(os, "sched_getscheduler"), reason="this system has no such scheduling")
def test_scheduling_is_as_before_afterwards() -> None:
    """Whether real time was granted or not, and it was if the scheduler says so."""
    before = os.sched_getscheduler(0), sys.getswitchinterval()
    with punctual() as granted:
        assert (os.sched_getscheduler(0) & ~0x40000000 == os.SCHED_FIFO) is granted
        assert sys.getswitchinterval() == pytest.approx(SWITCH_SECONDS)
    assert (os.sched_getscheduler(0), sys.getswitchinterval()) == before


@pytest.mark.skipif(not hasattr(os, "sched_getscheduler"), reason="this system has no such scheduling")
def test_what_is_unhindered_comes_after_what_is_punctual() -> None:
    """Where real time is granted to the one, it is to the other; and it is given back."""
    before = os.sched_getscheduler(0)
    with punctual() as granted:
        pass
    with unhindered():
        assert os.sched_getparam(0).sched_priority == (SECOND if granted else 0)
    assert SECOND < FIFO
    assert os.sched_getscheduler(0) == before


@contextlib.contextmanager
def collections_seen() -> Iterator[list[int]]:
    """Yield the generations that the garbage collector goes through within."""
    seen: list[int] = []

    def note(phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            seen.append(info["generation"])

    gc.callbacks.append(note)
    try:
        yield seen
    finally:
        gc.callbacks.remove(note)


def test_the_collector_never_goes_through_what_is_old_while_it_plays() -> None:
    """Neither what was built before nor what has been kept since: that took 23 ms after 64 bars at 24 ticks a beat."""
    before, frozen = gc.get_threshold(), gc.get_freeze_count()
    with punctual(), collections_seen() as seen:
        assert gc.get_freeze_count() > 10_000
        kept = [[number] for number in range(300_000)]
    assert len(kept) == 300_000
    assert set(seen) == {0, 1}
    assert (gc.get_threshold(), gc.get_freeze_count()) == (before, frozen)


@contextlib.contextmanager
def cycles_seen() -> Iterator[list[object]]:
    """Yield what is filled, at the end, with all of ours that only the garbage collector would have found."""
    cycles: list[object] = []
    gc.collect()
    gc.disable()
    try:
        yield cycles
        gc.set_debug(gc.DEBUG_SAVEALL)
        gc.collect()
        cycles += [thing for thing in gc.garbage if type(thing).__module__.startswith("musicrnn")]
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()


def test_music_and_changes_of_model_leave_the_collector_nothing() -> None:
    """What is not used any more goes at once, so that nothing piles up which only a full collection would find."""
    player = driver(random_model(small_vocabulary(), calm=3.0))
    player.do(Start())
    player.ticks(40)
    with cycles_seen() as cycles:
        for seed in range(3):
            model = random_model(small_vocabulary(), seed)
            gone = weakref.ref(model)
            player.engine.take_over(Generator(model), "other")
            del model
            player.ticks(40)
            player.engine.take_over(Generator(random_model(small_vocabulary(), seed)), "another")
            player.ticks(40)
            player.engine.take_retired()
            assert gone() is None
    assert cycles == []


def test_a_cycle_would_be_seen() -> None:
    """So the test above can fail."""
    with cycles_seen() as cycles:
        model = random_model(small_vocabulary())
        model.__dict__["itself"] = model
        del model
    assert len(cycles) > 0
