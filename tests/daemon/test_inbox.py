"""Where commands wait."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from musicrnn.control import Command, Continue, Model, Panic, Quit, Reset, Set, Start, Stop
from musicrnn.daemon.inbox import Inbox, Request

COMMANDS: st.SearchStrategy[Command] = st.one_of(
    st.builds(Set, st.sampled_from(["mu", "sigma"]), st.floats(0, 16)),
    st.sampled_from([Start(), Stop(), Reset(), Panic(), Quit()]),
)


def _inbox(limit: int = 4) -> tuple[Inbox, list[None]]:
    notices: list[None] = []
    return Inbox(lambda: notices.append(None), limit), notices


def test_commands_come_out_in_order_once() -> None:
    """First in, first out; the first of them is announced."""
    inbox, notices = _inbox()
    for command in (Start(), Set("mu", 1.0), Reset()):
        assert inbox.put(Request(command))
    assert [request.command for request in inbox.take()] == [Start(), Set("mu", 1.0), Reset()]
    assert inbox.take() == []
    assert len(notices) == 1


def test_what_is_urgent_is_always_announced() -> None:
    """Panic does not wait behind a fader."""
    inbox, notices = _inbox()
    inbox.put(Request(Set("mu", 1.0)))
    assert _state(inbox) == (True, False)
    inbox.put(Request(Panic()))
    assert _state(inbox) == (True, True)
    assert len(notices) == 2
    inbox.take()
    assert _state(inbox) == (False, False)


def _state(inbox: Inbox) -> tuple[bool, bool]:
    return inbox.waiting, inbox.urgent


def test_the_last_value_of_a_control_wins() -> None:
    """A flood of one control takes the room of one."""
    inbox, _ = _inbox()
    for number in range(1000):
        assert inbox.put(Request(Set("mu", number / 100)))
    assert [request.command for request in inbox.take()] == [Set("mu", 9.99)]


def test_a_full_queue_takes_only_what_is_urgent() -> None:
    """Panic, stop and quit always go in; what does not is counted."""
    inbox, _ = _inbox(limit=2)
    assert [inbox.put(Request(Reset())) for _ in range(4)] == [True, True, False, False]
    assert inbox.put(Request(Panic()))
    assert inbox.put(Request(Stop()))
    assert inbox.put(Request(Quit()))
    assert inbox.dropped == 2


def test_a_value_takes_the_place_of_an_older_one_however_full_it_is() -> None:
    """Urgent commands have made it longer than its limit; neither the old value nor the new one is lost."""
    inbox, _ = _inbox(limit=2)
    for command in (Set("mu", 1.0), Reset(), Panic(), Stop()):
        inbox.put(Request(command))
    assert inbox.put(Request(Set("mu", 2.0)))
    assert [request.command for request in inbox.take()] == [Reset(), Panic(), Stop(), Set("mu", 2.0)]


def test_models_that_are_wanted_together_all_come_out() -> None:
    """Which of them is loaded, and who is told that it is another, is for the loader: the last name may be nobody's."""
    inbox, _ = _inbox()
    wanted: list[Command] = [Model("songs"), Model("chorales"), Model("nobodys")]
    for command in wanted:
        inbox.put(Request(command))
    assert [request.command for request in inbox.take()] == wanted


def test_a_stop_after_one_that_waits_is_the_second_of_two() -> None:
    """In one bundle they come together; what plays on meanwhile calls the first one off."""
    inbox, _ = _inbox()
    together: list[Command] = [Stop(), Set("mu", 1.0), Stop()]
    apart: list[Command] = [Stop(), Continue(), Stop()]
    for command in together:
        inbox.put(Request(command))
    assert [request.command for request in inbox.take()] == [Set("mu", 1.0), Stop(again=True)]
    for command in apart:
        inbox.put(Request(command))
    assert [request.command for request in inbox.take()] == [Continue(), Stop()]


@given(st.lists(COMMANDS))
def test_it_stays_bounded_and_loses_nothing_urgent(commands: list[Command]) -> None:
    """Whatever comes, the queue holds its limit and the three urgent commands at most."""
    inbox, _ = _inbox(limit=4)
    for command in commands:
        inbox.put(Request(command))
    waiting = [request.command for request in inbox.take()]
    assert len(waiting) <= 4 + 3
    urgent = {type(command) for command in commands if isinstance(command, Panic | Stop | Quit)}
    assert urgent <= {type(command) for command in waiting}
