"""The silence watchdog: after how long it acts, how A falls, and how it comes back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musicrnn.models.generator import Choice
from musicrnn.models.watchdog import Quiet, Watchdog

BAR, LONGEST = 4, 32
DOG = Watchdog(bars=2, notes=2)


def quiet_after(watchdog: Watchdog, *sounding: int, struck: bool = True) -> Quiet:
    """Return how quiet it is after ticks with so many notes each."""
    quiet = Quiet()
    for notes in sounding:
        quiet = watchdog.after(quiet, notes, struck=struck, bar_ticks=BAR, longest=LONGEST)
    return quiet


def test_it_waits_for_so_many_bars() -> None:
    """Seven ticks of one note are nothing to it, the eighth is."""
    assert quiet_after(DOG, *[1] * 7) == Quiet(ticks=7)
    assert quiet_after(DOG, *[1] * 8) == Quiet(ticks=8, ease=0.02, alarm=True)


def test_enough_notes_in_between_make_it_wait_anew() -> None:
    """Two notes in one tick are enough."""
    assert quiet_after(DOG, *[1] * 7, 2, *[1] * 7) == Quiet(ticks=7)


def test_a_falls_by_two_hundredths_a_tick_and_comes_back_by_a_third_of_the_way() -> None:
    """The constants of the bi-axial RNN (P43)."""
    eased = quiet_after(DOG, *[0] * 12)
    assert eased.ease == pytest.approx(0.10)
    again = quiet_after(DOG, *[0] * 12, 3, 3)
    assert not again.alarm
    assert again.ease == pytest.approx(0.10 * 0.7 * 0.7)
    assert quiet_after(DOG, *[0] * 12, *[3] * 20).ease == 0.0


def test_a_note_held_for_longer_than_any_may_sound_is_silence() -> None:
    """The model still holds it, and nobody hears it."""
    assert not quiet_after(DOG, *[3] * (LONGEST + 2 * BAR - 2), struck=False).alarm
    assert quiet_after(DOG, *[3] * (LONGEST + 2 * BAR - 1), struck=False).alarm


def test_with_no_bars_it_sleeps() -> None:
    """However long it is silent."""
    assert quiet_after(Watchdog(), *[0] * 1000) == Quiet()


@given(st.lists(st.integers(0, 4), max_size=200), st.floats(0, 16), st.floats(0, 4), st.floats(0, 16))
def test_a_never_rises_and_never_falls_below_the_least(
    sounding: list[int], mu: float, sigma: float, least: float
) -> None:
    """Whatever sounds."""
    watchdog = Watchdog(bars=1, step=0.3, least=least)
    quiet = quiet_after(watchdog, *sounding)
    choice = Choice(mu, sigma, watchdog=watchdog).eased(quiet.ease)
    assert 0.0 <= quiet.ease <= 1.0
    assert min(mu, least) <= choice.mu <= mu
    assert 0.0 <= choice.sigma <= sigma


def test_a_choice_that_is_not_eased_is_the_same() -> None:
    """Also where chance is only at some places; while A is eased it is everywhere, or greed would keep the silence."""
    choice = Choice(2.0, 0.5, chance="attacks", watchdog=DOG)
    assert choice.eased(0.0) is choice
    assert choice.eased(0.5) == Choice(1.0, 0.25, chance="always", watchdog=DOG)
