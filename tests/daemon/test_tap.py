"""Taps tell a tempo."""

from __future__ import annotations

import pytest

from musicrnn.daemon.tap import Taps


def tempos(*moments: float) -> list[float | None]:
    """Tap at these moments."""
    taps = Taps()
    return [taps.tap(moment) for moment in moments]


def test_two_taps_are_a_tempo_and_more_even_it_out() -> None:
    """Half a second is 120 bpm; the third comes early."""
    assert tempos(10.0, 10.5, 10.9) == [None, 120.0, pytest.approx(133.33)]


def test_a_pause_begins_anew() -> None:
    """Three seconds are a beat at 20 bpm, and longer is none."""
    assert tempos(10.0, 10.5, 13.6, 14.6) == [None, 120.0, None, 60.0]


def test_a_very_different_beat_begins_anew_with_the_tap_before_it() -> None:
    """From half seconds to whole ones."""
    assert tempos(10.0, 10.5, 11.0, 12.01) == [None, 120.0, 120.0, pytest.approx(59.41)]


def test_two_taps_at_once_are_the_fastest_tempo_at_most() -> None:
    """And at the very same moment none."""
    assert tempos(10.0, 10.0001) == [None, 999.0]
    assert tempos(10.0, 10.0) == [None, None]
