"""What a killed player may have left sounding is known, however much of what it was sent it took along."""

from __future__ import annotations

import random
from collections import deque
from dataclasses import dataclass, field

import pytest

from musicrnn.daemon.player.core import Core, is_on
from musicrnn.daemon.player.wire import Beat, Down, Panic, Play
from musicrnn.daemon.player_account import FETCHED_SECONDS, NOTICED_SECONDS, PlayerAccount

ON, OFF = b"\x90\x3c\x40", b"\x80\x3c\x00"
OTHER_ON, OTHER_OFF = b"\x91\x3e\x40", b"\x81\x3e\x00"
SILENCERS = [b"\xb0\x40\x00", b"\xb0\x7b\x00", b"\xb0\x78\x00"]
STEP, BEAT_SECONDS, LATENCY, MOST_DELAY = 0.005, 0.1, 0.01, 0.04


def left_by(account: PlayerAccount, answered: int = 0) -> list[bytes]:
    """Return what a successor is to send."""
    return PlayerAccount().succeed(account, answered)


def test_what_sounds_is_ended() -> None:
    """Then comes what silences the channel."""
    account = PlayerAccount()
    account.passes(1.0, ON)
    assert left_by(account) == [OFF, *SILENCERS]


def test_what_was_let_go_may_sound_until_a_beat_is_answered() -> None:
    """One that was sent after it, and so much later than its moment that it is out."""
    account = PlayerAccount()
    account.passes(1.0, ON)
    account.asks(1, 1.0, 0)
    account.passes(1.5, OFF)
    account.asks(2, 1.5 + FETCHED_SECONDS / 2, 1)
    assert left_by(account, 2) == [OFF, *SILENCERS]
    account.asks(3, 1.6 + FETCHED_SECONDS, 2)
    assert left_by(account, 2) == [OFF, *SILENCERS]
    assert left_by(account, 3) == SILENCERS


def test_what_was_let_go_at_a_port_that_may_have_gone_may_sound_until_its_loss_would_be_known() -> None:
    """A device that is unplugged takes all that it is sent, so the answers of its player say nothing of it."""
    account = PlayerAccount(NOTICED_SECONDS)
    account.passes(1.0, ON)
    account.passes(1.5, OFF)
    account.asks(1, 1.4 + NOTICED_SECONDS, 0)
    assert left_by(account, 1) == [OFF, *SILENCERS]
    account.asks(2, 1.6 + NOTICED_SECONDS, 1)
    assert left_by(account, 2) == SILENCERS


def test_an_end_in_the_future_is_not_out_because_a_beat_is_answered() -> None:
    """The player has it, and keeps it until its moment."""
    account = PlayerAccount()
    account.passes(1.0, ON)
    account.passes(9.0, OFF)
    account.asks(1, 2.0, 0)
    assert left_by(account, 1) == [OFF, *SILENCERS]


def test_an_end_that_was_given_late_is_not_out_because_an_earlier_beat_is_answered() -> None:
    """It went into the pipe after that beat."""
    account = PlayerAccount()
    account.passes(1.0, ON)
    account.asks(1, 3.0, 0)
    account.passes(1.0, OFF)
    assert left_by(account, 1) == [OFF, *SILENCERS]


def test_what_a_panic_ends_may_sound_too() -> None:
    """It may still be in the pipe."""
    account = PlayerAccount()
    account.passes(1.0, ON)
    account.panics(1.5)
    assert left_by(account) == [OFF, *SILENCERS]
    account.asks(1, 3.0, 0)
    assert left_by(account, 1) == SILENCERS


def test_a_successor_that_is_killed_at_once_leaves_the_same() -> None:
    """And one that is killed later: what it was to end was heard by those who were there, which a bridge may not be."""
    first, second = PlayerAccount(), PlayerAccount()
    first.passes(1.0, ON)
    first.passes(1.0, OTHER_ON)
    first.passes(2.0, OFF)
    ends = second.succeed(first, 0)
    assert ends[:2] == [OFF, OTHER_OFF]
    assert sorted(left_by(second)) == sorted(ends)
    second.asks(1, 4.0, 0)
    assert sorted(left_by(second, 1)) == sorted(ends)


def test_what_a_successor_was_to_end_and_what_was_struck_and_ended_since_is_left_to_nobody() -> None:
    """Only once that end is out for sure; a note that was struck before does not count."""
    first, second = PlayerAccount(), PlayerAccount()
    first.passes(1.0, ON)
    first.passes(1.0, OTHER_ON)
    second.succeed(first, 0)
    both = [OFF, OTHER_OFF, *SILENCERS, *(b"\xb1" + data[1:] for data in SILENCERS)]
    for beat, (seconds, data) in enumerate(((3.0, ON), (4.0, OFF)), 1):
        second.passes(seconds, data)
        second.asks(beat, seconds, beat - 1)
        assert sorted(left_by(second, beat)) == sorted(both)
    second.asks(3, 5.0, 2)
    assert sorted(left_by(second, 3)) == sorted(both[1:])


def test_what_a_listener_was_left_with_is_left_to_the_next_player_too() -> None:
    """Its note-off was heard by nobody, though it is out for sure."""
    account = PlayerAccount()
    account.passes(1.0, ON)
    account.leaves((0, 60))
    account.passes(2.0, OFF)
    account.asks(1, 9.0, 0)
    assert left_by(account, 1) == [OFF, *SILENCERS]


def test_what_a_listener_was_left_with_is_over_once_that_key_was_struck_and_let_go_again() -> None:
    """Whatever was struck before, itself included."""
    account = PlayerAccount()
    for data in (OTHER_ON, OTHER_OFF, ON, OFF):
        account.passes(1.0, data)
    account.leaves((0, 60))
    account.asks(1, 3.0, 0)
    assert OFF in left_by(account, 1)
    account.passes(4.0, ON)
    account.passes(5.0, OFF)
    account.asks(2, 9.0, 1)
    assert OFF not in left_by(account, 2)


@dataclass
class Trial:
    """An engine, a pipe that holds up what goes through, a player, and who listens; in virtual time."""

    chance: random.Random
    now: float = 0.0
    account: PlayerAccount = field(default_factory=PlayerAccount)
    core: Core = field(default_factory=Core)
    pipe: deque[tuple[float, Down]] = field(default_factory=deque)
    answers: deque[tuple[float, int]] = field(default_factory=deque)
    down: set[tuple[int, int]] = field(default_factory=set)
    given: dict[tuple[int, int], float] = field(default_factory=dict)
    struck: set[tuple[int, int]] = field(default_factory=set)
    latest: float = 0.0
    beat: int = 0
    answered: int = 0

    def run(self, steps: int) -> None:
        """Let time go by: notes begin and end, sometimes all of them."""
        for step in range(steps):
            self.now = step * STEP
            if self.chance.random() < 0.3:
                self.play()
            if self.chance.random() < 0.01:
                self.put(Panic())
                self.account.panics(self.now + LATENCY)
                self.given |= dict.fromkeys(self.struck, self.now + LATENCY)
                self.struck.clear()
            if step % round(BEAT_SECONDS / STEP) == 0:
                self.ask()
            self.pass_on()

    def play(self) -> None:
        """Begin a note, or end it where it sounds, a little ahead of its moment."""
        key = self.chance.randrange(3), 60 + self.chance.randrange(4)
        kind, velocity = (0x80, 0) if key in self.struck else (0x90, 64)
        self.struck ^= {key}
        data = bytes((kind | key[0], key[1], velocity))
        self.latest = max(self.latest, self.now + self.chance.choice((-0.01, 0.0, 0.002, 0.05)))
        self.put(Play(self.latest, data))
        self.account.passes(self.latest + LATENCY, data)
        self.given[key] = max(self.latest, self.now) + LATENCY

    def ask(self) -> None:
        """Send a beat."""
        while self.answers and self.answers[0][0] <= self.now:
            self.answered = self.answers.popleft()[1]
        self.beat += 1
        self.account.asks(self.beat, self.now, self.answered)
        self.put(Beat(self.beat))

    def put(self, record: Down) -> None:
        """Write into the pipe."""
        due = max(self.now + self.chance.random() * MOST_DELAY, self.pipe[-1][0] if self.pipe else 0.0)
        self.pipe.append((due, record))

    def pass_on(self) -> None:
        """Let the player take what has come through, send what is due, and answer."""
        before = self.core.beat
        while self.pipe and self.pipe[0][0] <= self.now:
            self.core.put(self.pipe.popleft()[1], self.now)
        self.core.take()
        while (message := self.core.pop(self.now - LATENCY)) is not None:
            self.hear(message[1])
        if self.core.beat != before:
            self.answers.append((self.now + self.chance.random() * MOST_DELAY, self.core.beat))

    def hear(self, data: bytes) -> None:
        """Be who listens."""
        key = data[0] & 0x0F, data[1]
        if is_on(data):
            self.down.add(key)
        elif data[0] & 0xF0 == 0x80:
            self.down.discard(key)


@pytest.mark.parametrize("seed", range(200))
def test_whatever_is_left_sounding_is_ended_and_little_else(seed: int) -> None:
    """Killed at any moment; what has long been over is left alone."""
    trial = Trial(random.Random(seed))
    trial.run(trial.chance.randrange(20, 1_000))
    ends = {(data[0] & 0x0F, data[1]) for data in left_by(trial.account, trial.answered) if data[0] & 0xF0 == 0x80}
    assert trial.down <= ends
    long_over = trial.now - 2 * BEAT_SECONDS - 2 * MOST_DELAY - FETCHED_SECONDS - 2 * STEP
    assert not {key for key in ends - trial.struck if trial.given[key] < long_over}
