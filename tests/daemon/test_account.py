"""What the engine has said: for how long it stands, and when it is taken back."""

from __future__ import annotations

from musicrnn.daemon.account import MESSAGE_SECONDS, Account


def test_what_was_said_stands_for_a_minute() -> None:
    """Cut where it is long; each word counts, so that what is said again can be told from what stands."""
    account = Account()
    assert (account.message(0.0), account.said) == ("", 0)
    account.say("x" * 300, 10.0)
    account.say("y" * 300, 10.0)
    assert account.message(10.0 + MESSAGE_SECONDS) == "y" * 200
    assert account.message(10.1 + MESSAGE_SECONDS) == ""
    assert account.said == 2
    assert MESSAGE_SECONDS == 60.0


def test_only_what_is_true_no_more_is_taken_back() -> None:
    """By how it ends."""
    account = Account()
    account.say("the clock is lost", 10.0)
    account.unsay("is late")
    assert account.message(11.0) == "the clock is lost"
    account.unsay("is lost")
    assert account.message(11.0) == ""


def test_no_message_goes_out_before_one_that_was_sent() -> None:
    """A moment that lies before it is put off to it."""
    account = Account()
    moments = [message.seconds for moment in (2.0, 1.0, 3.0) for message in account.timed(moment, [b"\xf8"])]
    assert moments == [2.0, 2.0, 3.0]
    assert account.sent == 3.0


def test_an_entry_is_given_to_the_log_once() -> None:
    """With its tick and its facts."""
    account = Account()
    account.log(7, "stop", late=1)
    assert account.take_entries() == [{"tick": 7, "do": "stop", "late": 1}]
    assert account.take_entries() == []
