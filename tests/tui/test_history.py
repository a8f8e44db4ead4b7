"""What can be taken back."""

from __future__ import annotations

from musicrnn.control import ControlValue
from musicrnn.tui.history import DEPTH, Change, History

PARTS = {"alto", "bass", "flute"}


def with_changes(*changes: Change) -> History:
    """Return a history of changes."""
    history = History()
    for change in changes:
        history.add(change)
    return history


def taken_back(history: History) -> list[tuple[str, ControlValue]]:
    """Return what each change in turn is taken back to."""
    found = []
    while (change := history.take_back(PARTS)) is not None:
        found.append((change.name, change.before))
    return found


def test_changes_are_taken_back_from_the_last_on() -> None:
    """So many of them at most."""
    history = with_changes(*(Change("seed", "", number, number + 1) for number in range(DEPTH + 2)))
    assert taken_back(history) == [("seed", number) for number in reversed(range(2, DEPTH + 2))]


def test_a_change_that_goes_on_is_one() -> None:
    """A drag: back to where it began."""
    history = with_changes(Change("mu", "", 1.0, 1.1))
    history.add(Change("mu", "", 1.1, 1.2), same=True)
    assert taken_back(history) == [("mu", 1.0)]


def test_what_was_refused_is_forgotten_once_the_value_is_told() -> None:
    """All of it; what held before, in the 32 bits that come back, stays, also where another has changed it since."""
    history = with_changes(
        Change("mu", "", 1.0, 1.05), Change("tempo", "", 120.0, 121.0), Change("tempo", "", 121.0, 122.0)
    )
    history.told("mu", "", 1.0499999523162842)
    history.doubt()
    history.told("mu", "", 2.0)
    history.told("tempo", "", 120.0)
    assert taken_back(history) == [("mu", 1.0)]


def test_what_holds_though_something_was_refused_is_taken_back() -> None:
    """The refusal was of something else; values that came before the change are of no weight."""
    history = with_changes(Change("mute", "bass", 0, 1), Change("mute", "alto", 0, 1))
    history.told("mute", "bass", 0)
    history.doubt()
    history.told("mute", "bass", 1)
    history.told("mute", "alto", 0)
    assert taken_back(history) == [("mute", 0)]


def test_what_is_never_told_after_a_refusal_is_passed_over() -> None:
    """Of a part that the model has, but of which no value comes."""
    history = with_changes(Change("mu", "", 1.0, 2.0))
    history.told("mu", "", 2.0)
    history.add(Change("mute", "flute", 0, 1))
    history.doubt()
    assert taken_back(history) == [("mu", 1.0)]


def test_what_is_of_a_part_that_is_not_there_stays_until_it_is() -> None:
    """The newest that can be taken back is; a refusal meanwhile costs it nothing, as its value is told later."""
    history = with_changes(
        Change("mu", "", 1.0, 2.0),
        Change("mute", "alto", 0, 1),
        Change("mute", "bass", 0, 1),
        Change("mu", "", 2.0, 3.0),
    )
    history.told("mu", "", 3.0)
    history.doubt()
    drums = {"drums"}
    assert [history.take_back(drums), history.take_back(drums), history.take_back(drums)] == [
        Change("mu", "", 2.0, 3.0, held=True),
        Change("mu", "", 1.0, 2.0, held=True),
        None,
    ]
    history.told("mute", "bass", 1)
    history.told("mute", "alto", 0)
    assert taken_back(history) == [("mute", 0)]
