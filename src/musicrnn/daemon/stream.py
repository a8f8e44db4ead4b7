"""The state stream: what a subscriber is sent, and when. It has no socket and is told the time.

docs/osc.md has the messages.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from musicrnn.control import Control, Status
from musicrnn.daemon.belief import belief_of
from musicrnn.daemon.osc import PREFIX, RECORD, Messages, value_messages
from musicrnn.daemon.osc_packets import Value, bundle_bytes, message_bytes
from musicrnn.daemon.roll import coming_values, notes_begun, played_values
from musicrnn.daemon.watch import ROOM, Glimpse, Surroundings, Watch
from musicrnn.errors import ControlError
from musicrnn.models.frames import Frame

Address = tuple[str, int]
RATE = Control("rate", 1.0, 50.0, 10.0, "a second", "updates of the stream")
LEASE = Control("seconds", 1.0, 60.0, 30.0, "s", "how long a subscription lasts unless it is renewed")
MOST = 8
REFRESH_SECONDS = 3.0
TIMING_SECONDS = 1.0
DENSITY_BEATS = 16
BUNDLE_BYTES = 8192
STREAM, EVENT = f"{PREFIX}/stream", f"{PREFIX}/event"
SUBSCRIBED, UNSUBSCRIBED = f"{PREFIX}/subscribed", f"{PREFIX}/unsubscribed"
NONE_YET = -1.0


@dataclass(slots=True)
class Subscriber:
    """One who looks on: how often and until when, and what has been sent."""

    period: float
    until: float
    due: float
    told: dict[str, Messages] = field(default_factory=dict)
    refresh: float = 0.0
    played: deque[tuple[Glimpse, Frame]] = field(default_factory=lambda: deque(maxlen=ROOM))
    last: Status | None = None


class Stream:
    """Sends the state to at most eight subscribers, each at its own rate, until its lease ends.

    ``status`` gives what the engine says of itself, ``counts`` the counts of the desk, ``send`` sends a packet.
    """

    def __init__(
        self,
        watch: Watch,
        status: Callable[[], Status],
        counts: Callable[[], tuple[int, int, int]],
        send: Callable[[bytes, Address], None],
    ) -> None:
        self._watch = watch
        self._status = status
        self._counts = counts
        self._send = send
        self._subscribers: dict[Address, Subscriber] = {}
        self._forget()

    def __len__(self) -> int:
        return len(self._subscribers)

    def _forget(self) -> None:
        """Know nothing of what was played: nobody has looked on."""
        self._last: Glimpse | None = None
        self._latest: tuple[Glimpse, Frame] | None = None
        self._belief: Messages = []
        self._begun: deque[tuple[int, int]] = deque(maxlen=ROOM)
        self._timing: tuple[float, Messages] = (float("-inf"), [])

    def subscribe(self, who: Address, rate: float, seconds: float, now: float) -> None:
        """Begin a subscription, or renew it. ControlError for a wrong rate or lease, and where there are too many."""
        rate, seconds = RATE.number(rate), LEASE.number(seconds)
        known = self._subscribers.get(who)
        if known is None and len(self._subscribers) >= MOST:
            raise ControlError(f"there must be at most {MOST} subscribers, got another")
        if known is None:
            known = self._subscribers[who] = Subscriber(1.0 / rate, now + seconds, now)
        known.period, known.until = 1.0 / rate, now + seconds
        known.due = min(known.due, now + known.period)
        self._watch.switch(True)
        self._send(message_bytes(SUBSCRIBED, float(rate), float(seconds)), who)

    def unsubscribe(self, who: Address) -> None:
        """End a subscription; whoever has none is told the same."""
        self._subscribers.pop(who, None)
        self._send(message_bytes(UNSUBSCRIBED), who)
        if not self._subscribers:
            self._watch.switch(False)
            self._forget()

    def close(self) -> None:
        """End all subscriptions."""
        for who in list(self._subscribers):
            self.unsubscribe(who)

    def next_moment(self) -> float | None:
        """Return the moment in seconds at which `publish` has something to do, None while nobody looks on."""
        return min((min(one.due, one.until) for one in self._subscribers.values()), default=None)

    def publish(self, now: float) -> None:
        """Send what is due."""
        if not self._subscribers:
            return
        for who in [who for who, one in self._subscribers.items() if one.until <= now]:
            self.unsubscribe(who)
        self._look()
        for who, one in self._subscribers.items():
            if one.due <= now:
                one.due = max(one.due + one.period, now)
                for packet in _packed(self._update(one, now)):
                    self._send(packet, who)

    def _look(self) -> None:
        """Take what was played, and keep it for each subscriber."""
        for glimpse in self._watch.take():
            before = self._frame_before(glimpse.around)
            self._latest = (glimpse, before)
            for one in self._subscribers.values():
                one.played.append(self._latest)
            if self._last is not None and self._last.around.vocabulary is not glimpse.around.vocabulary:
                self._begun.clear()  # another model counts in ticks of its own
            self._begun.append((glimpse.made.tick, notes_begun(glimpse, before)))
            self._last = glimpse
            self._belief = []

    def _frame_before(self, around: Surroundings) -> Frame:
        """Return the frame heard last, where it is of the same model: nothing of another one goes on."""
        last = self._last
        is_same = last is not None and last.around.vocabulary is around.vocabulary
        return last.made.record.frame if last is not None and is_same else ()

    def _update(self, one: Subscriber, now: float) -> Messages:
        status = self._status()
        messages = [self._place(status, now)]
        if one.played:
            messages.append((f"{STREAM}/played", played_values(one.played)))
            one.played.clear()
        ahead = self._watch.ahead
        heard = self._frame_before(ahead.around) if ahead is not None else ()
        messages.append((f"{STREAM}/coming", coming_values(ahead, heard)))
        messages.append((f"{STREAM}/sounding", _sounding(status)))
        messages += self._news(one, "belief", self._believed())
        messages += self._changes(one, status, now)
        messages += _events(one.last, status)
        one.last = status
        return messages

    def _place(self, status: Status, now: float) -> tuple[str, tuple[Value, ...]]:
        ahead = self._watch.ahead
        due = ahead.due - now if ahead is not None and ahead.due is not None and status.playing else 0.0
        place = (int(status.playing), status.bar, status.beat, status.tick, float(status.tempo), due)
        return f"{STREAM}/place", place

    def _believed(self) -> Messages:
        """Return what the network believed in the tick played last."""
        if self._latest is None or self._belief:
            return self._belief
        glimpse, before = self._latest
        tick, exponents = glimpse.made.tick, glimpse.made.record.exponents
        belief = belief_of(glimpse, before)
        if belief is not None:
            figures = (tick, exponents[-1], belief.entropy, self._notes_a_beat(glimpse))
            self._belief = [
                (f"{STREAM}/figures", figures),
                (f"{STREAM}/belief", (tick, *belief.classes)),
                (f"{STREAM}/likeliest", (tick, *_flat(belief.likeliest))),
                (f"{STREAM}/chosen", (tick, *_flat(belief.chosen))),
            ]
        return self._belief

    def _notes_a_beat(self, glimpse: Glimpse) -> float:
        grid = glimpse.around.vocabulary.ticks_per_beat
        first = glimpse.made.tick - DENSITY_BEATS * grid
        recent = [(tick, count) for tick, count in self._begun if tick > first]
        ticks = glimpse.made.tick - recent[0][0] + 1 if recent else 1
        return sum(count for _, count in recent) * grid / max(ticks, 1)

    def _changes(self, one: Subscriber, status: Status, now: float) -> Messages:
        """Return what has changed for a subscriber, and every few seconds all of it: a datagram may be lost."""
        if now >= one.refresh:
            one.refresh = now + REFRESH_SECONDS
            one.told = {key: value for key, value in one.told.items() if key == "belief"}
        found: Messages = []
        for address, values in value_messages(status):
            of_part = f" {values[0]}" if len(values) > 1 else ""
            found += self._news(one, address + of_part, [(address, values)])
        for message in self._facts(status):
            found += self._news(one, message[0], [message])
        return found + self._news(one, "timing", self._times(now))

    def _facts(self, status: Status) -> Messages:
        counts = (status.late_ticks, status.skipped_ticks, status.failures)
        output = (status.late_messages, status.dropped_messages)
        facts: Messages = [
            (RECORD, (int(status.taking),)),
            (f"{STREAM}/source", (status.clock, status.port, status.recording)),
            (f"{STREAM}/counts", (*counts, *output, *self._counts())),
        ]
        ahead = self._watch.ahead
        if ahead is None:
            return facts
        vocabulary = ahead.around.vocabulary
        model = (status.model, status.loading, vocabulary.ticks_per_beat, ahead.bar_ticks, *ahead.metre)
        parts = [(one.name, one.low, one.high, int(one.percussive), one.channel) for one in vocabulary.parts]
        return [(f"{STREAM}/model", model), (f"{STREAM}/parts", _flat(parts)), *facts]

    def _times(self, now: float) -> Messages:
        """Return how late ticks were handed over and how long they took to make, worked out once a second."""
        since, messages = self._timing
        if now >= since + TIMING_SECONDS:
            figures = (*_quantiles(self._watch.lateness), *_quantiles(self._watch.making))
            messages = [(f"{STREAM}/timing", figures)]
            self._timing = (now, messages)
        return messages

    @staticmethod
    def _news(one: Subscriber, key: str, messages: Messages) -> Messages:
        """Return messages that a subscriber has not been told yet."""
        if one.told.get(key) == messages:
            return []
        one.told[key] = messages
        return messages


def _events(before: Status | None, status: Status) -> Messages:
    """Return what has happened since the last update."""
    if before is None:
        return []
    happened: Messages = []
    if status.playing and status.bar != before.bar:
        happened.append((f"{EVENT}/bar", (status.bar,)))
    if status.playing != before.playing:
        happened.append((f"{EVENT}/playing", (int(status.playing),)))
    if status.model != before.model:
        happened.append((f"{EVENT}/model", (status.model,)))
    if status.message and status.said != before.said:
        happened.append((f"{EVENT}/warning", (status.message,)))
    happened += [(f"{EVENT}/kept", (file,)) for file in status.kept_lately if file not in before.kept_lately]
    return happened


def _sounding(status: Status) -> tuple[int, ...]:
    return tuple(value for part, pitch in status.sounding for value in (status.parts.index(part), pitch))


def _flat(rows: Iterable[Iterable[Value]]) -> tuple[Value, ...]:
    return tuple(value for row in rows for value in row)


def _quantiles(seconds: deque[float]) -> tuple[float, float]:
    """Return the median and the 99th percentile in milliseconds."""
    ordered = sorted(seconds)
    if not ordered:
        return NONE_YET, NONE_YET
    return ordered[len(ordered) // 2] * 1000.0, ordered[min(len(ordered) * 99 // 100, len(ordered) - 1)] * 1000.0


def _packed(messages: Messages) -> Iterable[bytes]:
    """Yield bundles of a few kilobytes, the messages in order."""
    waiting: Messages = []
    size = 0
    for message in messages:
        length = len(message_bytes(message[0], *message[1])) + 4
        if waiting and size + length > BUNDLE_BYTES:
            yield bundle_bytes(waiting)
            waiting, size = [], 0
        waiting.append(message)
        size += length
    if waiting:
        yield bundle_bytes(waiting)
