"""What the player does, while what the daemon tells comes later than it."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from musicrnn.tui.hand import NAMES, Hand
from musicrnn.tui.packets import Message, Value
from musicrnn.tui.pending import ECHO_SECONDS
from musicrnn.tui.state import PREFIX, State


@dataclass
class Desk:
    """A hand, what it has sent, and a clock that only the test moves."""

    sent: list[tuple[Value, ...]] = field(default_factory=list)
    now: float = 100.0

    def __post_init__(self) -> None:
        self.state = State()
        self.hand = Hand(self.state, lambda *values: self.sent.append(values), lambda: self.now)
        self.tell("stream/parts", "soprano", 60, 81, 0, 1)

    def choose(self, name: str) -> None:
        """Choose a control by its name."""
        self.hand.choose(NAMES.index(name) - self.hand.chosen)

    def tell(self, name: str, *values: Value) -> None:
        """Let the daemon tell something."""
        self.hand.hear(Message(PREFIX + name, values))

    def nudge(self, direction: int = 1) -> None:
        """Press an arrow once."""
        self.hand.nudge(direction, coarse=False)


def test_a_held_key_loses_no_step_to_what_was_told_before_it_was_obeyed() -> None:
    """Each step is told one step late; each is taken back by itself."""
    desk = Desk()
    for told in (1.0, 1.05, 1.1):
        desk.nudge()
        desk.tell("mu", told)
    assert [values[1] for values in desk.sent] == pytest.approx([1.05, 1.1, 1.15])
    desk.tell("mu", 1.15)
    assert [desk.hand.undo() for _ in range(4)] == ["mu", "mu", "mu", ""]
    assert [values[1] for values in desk.sent[3:]] == pytest.approx([1.1, 1.05, 1.0])


def test_a_switch_is_turned_over_twice_though_the_first_is_told_late() -> None:
    """Of a part: on and off again."""
    desk = Desk()
    for _ in range(2):
        desk.hand.switch("mute", "soprano")
        desk.tell("mute", "soprano", 0)
        desk.tell("mute", "alto", 1)
    assert desk.sent == [("mute", "soprano", 1), ("mute", "soprano", 0)]
    assert desk.state.value("mute", "alto") == 1


def test_a_value_that_has_come_back_is_waited_for_no_longer() -> None:
    """In 32 bits; what another surface gives the control then holds at once, and the next step begins there."""
    desk = Desk()
    desk.nudge()
    desk.tell("mu", 1.0499999523162842)
    desk.tell("mu", 2.0)
    desk.nudge()
    assert desk.sent[-1][1] == pytest.approx(2.05)


def test_the_seed_beside_it_is_another() -> None:
    """Whole numbers are sent with all their digits."""
    desk = Desk()
    desk.tell("seed", 187093702)
    desk.choose("seed")
    for _ in range(2):
        desk.nudge()
        desk.tell("seed", 187093702)
    assert desk.sent == [("seed", 187093703), ("seed", 187093704)]


@pytest.mark.parametrize("told_again", [False, True])
def test_another_surface_that_changes_it_at_the_same_time_holds_after_that_time(told_again: bool) -> None:
    """What it told last, also where that is told only once; what was told before the change is of no weight."""
    desk = Desk()
    desk.tell("mu", 3.0)
    desk.nudge()
    desk.tell("mu", 4.0)
    desk.tell("mu", 5.0)
    desk.now += ECHO_SECONDS - 0.01
    desk.hand.settle()
    assert desk.state.value("mu") == pytest.approx(3.05)
    desk.now += 0.01
    drawn = desk.state.revision
    if told_again:
        desk.tell("mu", 6.0)
    desk.hand.settle()
    assert desk.state.value("mu") == (6.0 if told_again else 5.0)
    assert desk.state.revision > drawn


def test_a_step_after_that_time_begins_where_the_other_surface_has_it() -> None:
    """Also where nothing was drawn since."""
    desk = Desk()
    desk.nudge()
    desk.tell("mu", 5.0)
    desk.now += ECHO_SECONDS
    desk.nudge()
    assert desk.sent[-1][1] == pytest.approx(5.05)


def test_a_change_stays_where_nothing_is_told_in_its_place() -> None:
    """A daemon that tells once a second, or none that answers."""
    desk = Desk()
    desk.nudge()
    desk.now += 2 * ECHO_SECONDS
    desk.nudge()
    assert [values[1] for values in desk.sent] == pytest.approx([1.05, 1.1])


def test_what_is_refused_is_at_once_as_it_was() -> None:
    """Before the first of the changes that are waited for; and it is not taken back."""
    desk = Desk()
    desk.nudge()
    desk.tell("mu", 1.05)
    desk.choose("tempo")
    desk.tell("tempo", 98.5)
    desk.nudge()
    desk.nudge()
    desk.tell("error", "tempo must be set in the host while play.clock is not internal, got 99.5")
    assert desk.state.value("tempo") == 98.5
    desk.tell("tempo", 98.75)
    assert desk.state.value("tempo") == 98.75
    assert [desk.hand.undo() for _ in range(2)] == ["mu", ""]


def test_what_was_told_meanwhile_holds_where_a_change_is_refused() -> None:
    """It is newer than what held before."""
    desk = Desk()
    desk.choose("tempo")
    desk.nudge()
    desk.tell("tempo", 97.0)
    desk.nudge()
    desk.tell("error", "tempo must be set in the host while play.clock is not internal, got 121")
    assert desk.state.value("tempo") == 97.0


def test_a_refusal_of_something_else_costs_no_step_and_no_change() -> None:
    """What is told late then is of no weight either."""
    desk = Desk()
    desk.nudge()
    desk.nudge()
    desk.tell("error", "the last bars must have notes, got none; nothing was written")
    desk.tell("mu", 1.05)
    desk.nudge()
    assert [values[1] for values in desk.sent] == pytest.approx([1.05, 1.1, 1.15])
    desk.tell("mu", 1.15)
    assert [desk.hand.undo() for _ in range(4)] == ["mu", "mu", "mu", ""]


@pytest.mark.parametrize(("bar", "tick", "kept"), [(2, 36, True), (2, 12, True), (0, 4, False), (2, 32, False)])
def test_what_was_given_to_a_daemon_that_is_gone_is_not_taken_back(bar: int, tick: int, kept: bool) -> None:
    """Another begins at the first bar; a model with fewer ticks a beat goes on in the same one."""
    desk = Desk()
    desk.tell("stream/place", 1, 2, 1, 36, 120.0, 0.0)
    desk.nudge()
    desk.tell("stream/place", 1, bar, int(tick != 32), tick, 120.0, 0.0)
    assert desk.hand.undo() == ("mu" if kept else "")


def test_a_mute_is_taken_back_once_a_model_with_that_part_is_back() -> None:
    """Nothing is sent while another plays."""
    desk = Desk()
    desk.hand.switch("mute", "soprano")
    desk.tell("mute", "soprano", 1)
    desk.tell("stream/parts", "drums", 35, 81, 1, 10)
    assert desk.hand.undo() == ""
    desk.tell("stream/parts", "soprano", 60, 81, 0, 1)
    assert desk.hand.undo() == "mute soprano"
    assert desk.sent == [("mute", "soprano", 1), ("mute", "soprano", 0)]
