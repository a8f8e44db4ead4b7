"""What is told to whoever plays by hand where a controller is refused."""

from __future__ import annotations

import pytest

from musicrnn.control import Keep, Record, Set
from musicrnn.daemon.complaints import Complaints


def test_a_knob_that_is_turned_is_told_once_a_second_and_hides_nothing_else() -> None:
    """Each of its steps is refused; that a take was lost must be seen all the same."""
    complaints = Complaints(lambda: None)
    told = []
    for step in range(300):
        complaints.refuser(Set("tempo", 100.0 + step))(f"tempo {step}")
        if step == 50:
            complaints.refuser(Record())("no room")
        told.append((step, complaints.due(step / 100.0)))
    assert [(step, words) for step, words in told if words] == [(0, "tempo 0"), (100, "tempo 100"), (200, "no room")]
    assert complaints.due(3.0) == "tempo 299"
    assert complaints.due(9.0) == ""


def test_what_waits_at_the_end_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """And whatever comes after it."""
    woken: list[int] = []
    complaints = Complaints(lambda: woken.append(1))
    complaints.refuser(Record())("a take")
    complaints.end()
    complaints.refuser(Keep(8))("bars")
    assert capsys.readouterr().err == "musicrnn-daemon: a take\nmusicrnn-daemon: bars\n"
    assert woken == [1]
