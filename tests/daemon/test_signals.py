"""Signals: the first asks, the second insists."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

import pytest

from musicrnn.daemon.signals import EndedBySignal, Signals


def moments(*seconds: float) -> Callable[[], float]:
    """Return a clock that tells these moments, one after the other."""
    left = iter(seconds)
    return lambda: next(left)


def test_the_first_signal_only_asks() -> None:
    """Nothing is raised where the program happens to be."""
    asked: list[None] = []
    with Signals(lambda: asked.append(None)).installed() as signals:
        os.kill(os.getpid(), signal.SIGTERM)
    assert signals.came == [signal.SIGTERM]
    assert len(asked) == 1


def test_the_second_breaks_off_what_is_going_on() -> None:
    """Whatever it is."""
    with Signals(lambda: None, now=moments(100.0, 100.4)).installed() as signals:
        os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(EndedBySignal):
            os.kill(os.getpid(), signal.SIGTERM)
    assert signals.came == [signal.SIGINT, signal.SIGTERM]


def test_signals_at_the_same_time_are_one() -> None:
    """As `timeout` sends them, to the process and to its group; one that comes later still is the second."""
    with Signals(lambda: None, now=moments(100.0, 100.001, 100.2, 100.4)).installed() as signals:
        for _ in range(3):
            os.kill(os.getpid(), signal.SIGTERM)
        with pytest.raises(EndedBySignal):
            os.kill(os.getpid(), signal.SIGTERM)
    assert len(signals.came) == 4


def test_the_release_of_notes_is_not_broken_off() -> None:
    """However many signals come."""
    now = moments(*(100.0 + number for number in range(5)))
    with Signals(lambda: None, may_break=lambda: False, now=now).installed() as signals:
        for _ in range(5):
            os.kill(os.getpid(), signal.SIGINT)
    assert len(signals.came) == 5


def test_a_pause_is_asked_for_and_no_end() -> None:
    """Ctrl-Z does not count as a signal to end."""
    paused: list[None] = []
    with Signals(lambda: None, pause=lambda: paused.append(None)).installed() as signals:
        os.kill(os.getpid(), signal.SIGTSTP)
    assert signals.came == []
    assert len(paused) == 1


def test_the_handlers_of_before_come_back() -> None:
    """Ctrl-C is a KeyboardInterrupt again."""
    before = signal.getsignal(signal.SIGINT)
    with Signals(lambda: None).installed():
        assert signal.getsignal(signal.SIGINT) != before
    assert signal.getsignal(signal.SIGINT) == before
