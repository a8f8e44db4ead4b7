"""The state stream: leases, rates, and what each update says."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace

import pytest

from musicrnn.control import Command, Set, Start, Status
from musicrnn.daemon.inbox import Inbox
from musicrnn.daemon.osc_desk import OscDesk
from musicrnn.daemon.osc_packets import Value, message_bytes, messages
from musicrnn.daemon.stream import MOST, Address
from musicrnn.models.frames import Frame, Sounding
from musicrnn.models.generator import Generator
from musicrnn.models.sampling import log_probabilities
from musicrnn.models.score import Part
from musicrnn.models.vocabulary import Vocabulary
from musicrnn.testing import ScriptedModel, small_vocabulary
from tests.daemon.driving import Driver, driver

HERE: Address = ("127.0.0.1", 5000)
C5, E3, KICK = Sounding(0, 72), Sounding(1, 52), Sounding(2, 36)
SCRIPT: list[Frame] = [(C5, E3, KICK), (C5._replace(attack=False), E3._replace(attack=False)), (), ()]
Heard = dict[str, list[tuple[Value, ...]]]


@dataclass
class Looker:
    """An engine that plays, and one or more who look on; ``kept`` are the files that were written."""

    player: Driver = field(default_factory=lambda: driver(ScriptedModel(small_vocabulary(), SCRIPT), lookahead=3))
    sent: dict[Address, Heard] = field(default_factory=lambda: defaultdict(lambda: defaultdict(list)))
    kept: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self.desk = OscDesk(Inbox(lambda: None), self.status, self._send, self.player.engine.watch)

    def status(self) -> Status:
        """Return what the engine says."""
        return replace(self.player.engine.status(self.now), kept_lately=self.kept)

    @property
    def now(self) -> float:
        """The moment on the engine's clock."""
        return self.player.clock.now()

    def _send(self, data: bytes, who: Address) -> None:
        for message in messages(data, 65536):
            self.sent[who][message.address].append(message.values)

    def ask(self, address: str, *values: Value, who: Address = HERE) -> None:
        """Send a question."""
        self.desk.packet(message_bytes(f"/musicrnn/{address}", *values), who, self.now)

    def play(self, ticks: int, *commands: Command) -> None:
        """Obey, and play so many ticks."""
        self.player.do(*commands)
        self.player.ticks(ticks)
        self.player.prepare()
        engine = self.player.engine
        engine.watch.ahead = engine.ahead()

    def update(self, who: Address = HERE) -> Heard:
        """Let what is due be sent, and return it."""
        self.sent.clear()
        self.desk.stream.publish(self.now)
        return self.sent[who]


def looker(*commands: Command) -> Looker:
    """Return one who has subscribed to an engine that has started."""
    one = Looker()
    one.ask("subscribe", 10.0, 30.0)
    one.play(0, Start(), *commands)
    return one


def test_a_subscription_is_confirmed_and_the_first_update_has_everything() -> None:
    """Controls, model, parts and where the music is."""
    one = looker()
    assert one.sent[HERE]["/musicrnn/subscribed"] == [(10.0, 30.0)]
    one.play(2)
    heard = one.update()
    assert heard["/musicrnn/mu"] == [(1.0,)]
    assert heard["/musicrnn/scale"] == [("chromatic",)]
    assert heard["/musicrnn/mute"] == [("soprano", 0), ("bass", 0), ("drums", 0)]
    assert heard["/musicrnn/stream/model"] == [("scripted", "", 4, 16, 4, 4)]
    assert heard["/musicrnn/stream/parts"][0][:5] == ("soprano", 60, 72, 0, 1)
    assert heard["/musicrnn/stream/place"][0][:5] == (1, 0, 0, 2, 120.0)


def test_ticks_played_and_ticks_to_come_are_in_the_same_form() -> None:
    """Tick, count, then part, pitch, velocity; 0 goes on."""
    one = looker()
    one.play(2)
    heard = one.update()
    assert heard["/musicrnn/stream/played"] == [
        (0, 3, 0, 72, 96, 1, 52, 96, 2, 36, 96, 1, 2, 0, 72, 0, 1, 52, 0),
    ]
    assert heard["/musicrnn/stream/coming"] == [(2, 0, 3, 0, 4, 3, 0, 72, 88, 1, 52, 88, 2, 36, 88)]
    assert heard["/musicrnn/stream/sounding"] == [(0, 72, 1, 52)]


def test_what_is_not_heard_is_marked_and_what_is_transposed_is_as_heard() -> None:
    """Drums stay."""
    one = looker(Set("transpose", -2), Set("mute", 1, "bass"))
    one.play(1)
    heard = one.update()
    assert heard["/musicrnn/stream/played"] == [(0, 3, 0, 70, 96, 65, 50, 96, 2, 36, 96)]
    assert heard["/musicrnn/stream/sounding"] == [(0, 70, 2, 36)]


def test_only_what_changed_is_sent_again() -> None:
    """And every three seconds all of it: a datagram may be lost."""
    one = looker()
    one.play(1)
    one.update()
    one.play(4, Set("mu", 2.0))
    heard = one.update()
    assert heard["/musicrnn/mu"] == [(2.0,)]
    assert "/musicrnn/sigma" not in heard
    assert "/musicrnn/stream/parts" not in heard
    one.play(24)
    assert {"/musicrnn/sigma", "/musicrnn/stream/parts"} <= set(one.update())


def test_the_network_s_belief_is_of_the_tick_played_last() -> None:
    """A model that is sure is believed."""
    one = looker()
    one.play(1)
    heard = one.update()
    ((tick, *classes),) = heard["/musicrnn/stream/belief"]
    assert tick == 0
    assert classes == pytest.approx([1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0], abs=1e-6)
    assert heard["/musicrnn/stream/likeliest"][0][:2] == (0, "soprano:C5")
    assert heard["/musicrnn/stream/chosen"][0][1::2] == ("soprano:C5", "bass:E3", "drums:C2", "TICK")
    assert heard["/musicrnn/stream/figures"][0] == pytest.approx((0, 1.0, 0.0, 12.0), abs=1e-6)
    one.play(1)
    ((tick, *classes),) = one.update()["/musicrnn/stream/belief"]
    assert tick == 1
    assert [classes[0], classes[4]] == pytest.approx([1.0, 1.0]), "what goes on sounds as well"


def test_a_lease_ends_by_itself_and_is_told() -> None:
    """Then nothing is watched any more."""
    one = looker()
    one.ask("subscribe", 10.0, 2.0)
    one.play(20)
    heard = one.update()
    assert heard["/musicrnn/unsubscribed"] == [()]
    assert not one.player.engine.watch.on
    assert one.desk.stream.next_moment() is None
    assert one.update() == {}


def test_a_lease_is_renewed() -> None:
    """And its rate may change."""
    one = looker()
    one.ask("subscribe", 10.0, 2.0)
    one.play(8)
    one.ask("subscribe", 50.0, 2.0)
    one.play(12)
    assert "/musicrnn/stream/place" in one.update()
    assert len(one.desk.stream) == 1


def test_an_unsubscriber_hears_no_more() -> None:
    """Whoever was none is told the same."""
    one = looker()
    one.ask("unsubscribe")
    assert one.sent[HERE]["/musicrnn/unsubscribed"] == [()]
    assert one.update() == {}


@pytest.mark.parametrize("port", [5555, 5555.0])
def test_a_port_is_any_whole_number(port: float) -> None:
    """Of whichever kind: there are clients whose numbers are all floats."""
    one = Looker()
    there: Address = (HERE[0], 5555)
    one.ask("subscribe", 10.0, 30.0, port)
    assert one.sent[there]["/musicrnn/subscribed"] == [(10.0, 30.0)]
    one.ask("unsubscribe", port)
    assert one.sent[there]["/musicrnn/unsubscribed"] == [()]
    one.ask("subscribe", 10.0, 30.0, 5555.5)
    assert "port must be a whole number, got 5555.5" in str(one.sent[HERE]["/musicrnn/error"])


def test_each_has_its_own_rate() -> None:
    """One update a second is not ten."""
    one = Looker()
    slow: Address = ("127.0.0.1", 6000)
    one.ask("subscribe", 10.0, 60.0)
    one.ask("subscribe", 1.0, 60.0, who=slow)
    one.play(0, Start())
    one.update()
    counts = {HERE: 0, slow: 0}
    for _ in range(24):
        one.play(1)
        one.update()
        for who in counts:
            counts[who] += len(one.sent[who]["/musicrnn/stream/place"])
    assert counts == {HERE: 23, slow: 2}, "the first tick comes before the second update"


def test_a_slow_subscriber_misses_no_tick() -> None:
    """Ticks wait for the next update."""
    one = Looker()
    one.ask("subscribe", 1.0, 60.0)
    one.play(1, Start())
    one.update()
    one.play(8)
    (values,) = one.update()["/musicrnn/stream/played"]
    ticks, at = [], 0
    while at < len(values):
        count = values[at + 1]
        assert isinstance(count, int)
        ticks.append(values[at])
        at += 2 + 3 * count
    assert ticks == list(range(1, 9))


def test_there_are_only_so_many_subscribers() -> None:
    """The next one is told why not, and may come when one has gone."""
    one = Looker()
    for number in range(MOST):
        one.ask("subscribe", who=("127.0.0.1", 6000 + number))
    one.ask("subscribe")
    assert "at most 8 subscribers" in str(one.sent[HERE]["/musicrnn/error"])
    one.ask("unsubscribe", who=("127.0.0.1", 6000))
    one.ask("subscribe")
    assert one.sent[HERE]["/musicrnn/subscribed"] == [(10.0, 30.0)]


@pytest.mark.parametrize(
    "values", [(0.5, 10.0), (51.0, 10.0), (10.0, 61.0), (10.0, 0.0), (float("nan"), 10.0), (10.0,)]
)
def test_a_wrong_rate_or_lease_is_refused(values: tuple[float, ...]) -> None:
    """With the rule."""
    one = Looker()
    one.ask("subscribe", *values)
    assert len(one.sent[HERE]["/musicrnn/error"]) == 1
    assert not one.player.engine.watch.on


def test_events_are_told() -> None:
    """A new bar, a stop, a word to people."""
    one = looker()
    one.play(1)
    one.update()
    one.play(16)
    assert one.update()["/musicrnn/event/bar"] == [(1,)]
    one.player.engine.say("something is odd", one.now)
    one.play(1)
    assert one.update()["/musicrnn/event/warning"] == [("something is odd",)]


def test_a_warning_is_told_each_time_it_is_given() -> None:
    """In the same words, too; not again for as long as it stands, nor where it is taken back."""
    one = looker()
    one.play(1)
    one.update()
    told = []
    for refused in (True, False, True, True, False):
        if refused:
            one.player.engine.say("the tempo must be set in the host", one.now)
        one.play(1)
        told.append(len(one.update().get("/musicrnn/event/warning", [])))
    assert told == [1, 0, 1, 1, 0]
    one.player.engine.say("", one.now)
    one.play(1)
    assert "/musicrnn/event/warning" not in one.update()


def test_another_model_s_ticks_are_its_own() -> None:
    """Nothing of the one before goes on in them, whatever parts it had."""
    one = looker()
    one.play(15)
    one.update()
    alone = Vocabulary(4, (Part("flute", 60, 72, channel=3),))
    one.player.engine.take_over(Generator(ScriptedModel(alone, [(Sounding(0, 64),)])), "flute")
    one.play(1)
    one.update()
    one.play(1)
    heard = one.update()
    assert heard["/musicrnn/stream/parts"][0][0] == "flute"
    assert heard["/musicrnn/stream/played"] == [(16, 1, 0, 64, 96)]


def test_each_file_that_was_kept_is_told_once() -> None:
    """Also of two that were written between two updates; none from before the subscription."""
    one = looker()
    told = []
    for kept in ("a",), ("a", "b", "c"), ("a", "b", "c"), ("b", "c", "d"):
        one.kept = kept
        one.play(1)
        told.append(one.update()["/musicrnn/event/kept"])
    assert told == [[], [("b",), ("c",)], [], [("d",)]]


def test_nothing_is_kept_for_those_who_look_on_while_nobody_does() -> None:
    """It costs nothing."""
    one = Looker()
    one.play(12, Start())
    assert not one.player.engine.watch.played


def test_who_subscribes_again_is_sent_nothing_of_before() -> None:
    """The music has gone on unseen: what was made then is long past."""
    one = looker()
    one.play(2)
    one.update()
    one.ask("unsubscribe")
    one.player.ticks(20)
    one.ask("subscribe", 10.0, 30.0)
    heard = one.update()
    assert heard["/musicrnn/stream/place"][0][3] == 22
    assert heard["/musicrnn/stream/coming"] == [()]
    assert not [address for address in heard if address.endswith(("/belief", "/figures", "/likeliest", "/chosen"))]
    one.play(1)
    heard = one.update()
    assert heard["/musicrnn/stream/coming"][0][0] == 23
    assert heard["/musicrnn/stream/belief"][0][0] == 22


def test_the_belief_is_what_was_drawn_from() -> None:
    """Before the exponent: the record keeps the very numbers."""
    vocabulary = small_vocabulary()
    generator = Generator(ScriptedModel(vocabulary, SCRIPT, certainty=3.0))
    one = driver(ScriptedModel(vocabulary, SCRIPT, certainty=3.0), mu=4.0)
    one.engine.watch.switch(True)
    one.do(Start())
    one.ticks(1)
    (glimpse,) = one.engine.watch.take()
    begin = generator.begin()
    logits, _ = generator.model.step(begin.token, glimpse.made.record.position, begin.network)
    legal = generator.grammar.legal(begin.grammar)
    assert glimpse.made.record.beliefs[0] == pytest.approx(log_probabilities(logits, legal))
