"""The machine's clock."""

from __future__ import annotations

import ctypes
import sys
import threading
import time
from types import SimpleNamespace

import pytest

from musicrnn.daemon.clock import MonotonicClock, seconds_asleep


def test_a_wait_ends_no_earlier_than_its_moment() -> None:
    """Without a wake-up, the moment has come."""
    clock = MonotonicClock()
    deadline = clock.now() + 0.02
    clock.wait_until(deadline)
    assert clock.now() >= deadline - 1e-3
    clock.close()


def test_a_wait_that_looks_early_ends_no_earlier_and_is_cut_short_too() -> None:
    """Not by a microsecond before its moment; a wake-up ends it as ever."""
    clock = MonotonicClock()
    clock.early = 0.005
    for wait in (0.02, 0.001, -1.0):
        deadline = clock.now() + wait
        clock.wait_until(deadline)
        assert clock.now() >= deadline
    clock.wake()
    far = clock.now() + 3600
    clock.wait_until(far)
    assert clock.now() < far
    clock.close()


def test_a_wake_before_the_wait_ends_it_at_once() -> None:
    """Nothing is lost between looking for commands and waiting for them; many wakes are one."""
    clock = MonotonicClock()
    for _ in range(10_000):
        clock.wake()
    far = clock.now() + 3600
    clock.wait_until(far)
    assert clock.now() < far
    clock.close()


def test_another_thread_ends_a_wait() -> None:
    """As a control surface does."""
    clock = MonotonicClock()
    far = clock.now() + 3600
    thread = threading.Thread(target=clock.wake)
    thread.start()
    clock.wait_until(far)
    thread.join()
    assert clock.now() < far
    clock.close()


def test_a_moment_that_is_past_is_not_waited_for() -> None:
    """Late is late."""
    clock = MonotonicClock()
    began = clock.now()
    clock.wait_until(began - 5.0)
    assert clock.now() < began + 5.0
    clock.close()


def test_waking_a_closed_clock_is_nothing() -> None:
    """A thread that ends later does no harm."""
    clock = MonotonicClock()
    clock.close()
    clock.wake()


def test_the_time_asleep_does_not_shrink() -> None:
    """Or it is 0 on a system that does not tell."""
    first = seconds_asleep()
    assert seconds_asleep() >= first - 1e-3


def test_on_windows_it_is_as_fine_as_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """There `time.monotonic` moves every 16 ms, and so end waits unless another period is asked for."""
    monkeypatch.setattr(sys, "platform", "win32")
    periods: list[int] = []
    monkeypatch.setattr(ctypes, "WinDLL", lambda _: SimpleNamespace(timeBeginPeriod=periods.append), raising=False)
    monkeypatch.setattr(time, "monotonic", lambda: 1000.0)
    clock = MonotonicClock()
    assert periods == [1]
    assert clock.now() < clock.now()
    clock.close()
