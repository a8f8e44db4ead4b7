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


def test_a_beat_of_less_than_half_begins_anew_too() -> None:
    """And one of a little more than half evens out with those before."""
    assert tempos(10.0, 11.0, 11.45) == [None, 60.0, pytest.approx(133.33)]
    assert tempos(10.0, 11.0, 11.55) == [None, 60.0, pytest.approx(77.42)]


def test_the_last_eight_taps_tell() -> None:
    """What lies before them does not."""
    moments = [10.0, 10.6, *(11.1 + 0.5 * number for number in range(6))]
    assert tempos(*moments)[-1] == pytest.approx(60.0 / (3.6 / 7), abs=0.01)
    assert tempos(*moments, 14.1)[-1] == pytest.approx(60.0 / 0.5, abs=0.01)


def test_a_tap_long_before_the_one_before_it_begins_anew() -> None:
    """A clock may have been set back."""
    assert tempos(10.0, 9.9, 10.4) == [None, None, 120.0]


def test_the_fastest_tempo_can_be_tapped() -> None:
    """60 ms are 999 bpm."""
    assert tempos(10.0, 10.06) == [None, 999.0]


def test_a_pad_that_bounces_is_tapped_once() -> None:
    """Two attacks 12 ms apart, as double triggers are, tell no tempo, and spoil none."""
    assert tempos(10.0, 10.012) == [None, None]
    assert tempos(10.0, 10.012, 10.5, 10.512, 11.0) == [None, None, 120.0, None, 120.0]


def test_taps_at_once_are_one_in_whatever_order_they_are_heard() -> None:
    """A pad's own moment may lie before that of a key, which is when it is read."""
    assert tempos(10.0, 10.0, 9.99, 10.5) == [None, None, None, 120.0]


def test_a_key_that_is_held_in_a_terminal_is_tapped_no_more() -> None:
    """It comes 30 times a second, after half a second; the next tap of its own begins anew."""
    held = [10.5 + number / 30 for number in range(100)]
    assert tempos(10.0, *held, held[-1] + 0.6, held[-1] + 1.2) == [None, 120.0, *[None] * 100, 100.0]
