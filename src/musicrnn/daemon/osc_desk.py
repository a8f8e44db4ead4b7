"""What happens to OSC packets: requests for the engine, answers, and subscriptions."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from musicrnn.control import MODEL_NAME, Control, Status
from musicrnn.daemon import osc
from musicrnn.daemon.bucket import Bucket
from musicrnn.daemon.inbox import Inbox, Request
from musicrnn.daemon.osc import (
    ERROR,
    MODELS,
    PRIME,
    QUESTIONS,
    URGENT_ADDRESSES,
    asks,
    check_types,
    command_of,
    status_messages,
    values_asked_for,
)
from musicrnn.daemon.osc_packets import MAX_BYTES, Malformed, Message, Value, bundle_bytes, message_bytes, messages
from musicrnn.daemon.stream import LEASE, RATE, Address, Stream
from musicrnn.daemon.watch import Watch
from musicrnn.errors import ControlError

_URGENT = tuple(address.encode() for address in URGENT_ADDRESSES)
PORT = Control("port", 1, 65535, 9001, "", "UDP port", whole=True)
PRIME_BYTES = 8192 + 64
MOST_NAMES = 256


@dataclass(slots=True)
class Counts:
    """What came in: messages that were taken, packets or messages that were refused, and what a flood lost."""

    taken: int = 0
    refused: int = 0
    dropped: int = 0


@dataclass(slots=True)
class OscDesk:
    """Turns packets into requests and answers, with no socket and no clock of its own.

    ``files`` are the names of models that only this daemon knows.
    """

    inbox: Inbox
    status: Callable[[], Status]
    answer: Callable[[bytes, Address], None]
    watch: Watch = field(default_factory=Watch)
    files: Collection[str] = ()
    counts: Counts = field(default_factory=Counts)
    stream: Stream = field(init=False)
    _intake: Bucket = field(default_factory=lambda: Bucket(500.0, 100))
    _replies: Bucket = field(default_factory=lambda: Bucket(20.0, 20))

    def __post_init__(self) -> None:
        self.stream = Stream(self.watch, self.status, self._totals, self.answer)

    def packet(self, data: bytes, sender: Address, now: float) -> bool:
        """Take one packet; False where it came too fast, and then it is read only if it may silence.

        Never raises, whatever the packet holds.
        """
        if not self._intake.ready(now) and not any(address in data for address in _URGENT):
            self.counts.dropped += 1  # unread: a flood must cost next to nothing
            return False
        limit = PRIME_BYTES if data.startswith(PRIME.encode() + b"\0") else MAX_BYTES
        try:
            found = messages(data, limit)
        except Malformed as error:
            self.refuse(str(error), sender, now)
            return self._intake.allows(now)
        calm = [self._message(message, sender, now) for message in found]
        return all(calm)

    def refuse(self, reason: str, sender: Address, now: float) -> None:
        """Count a refusal and tell the sender, twenty times a second at most."""
        self.counts.refused += 1
        self._reply(lambda: message_bytes(ERROR, reason[:512]), sender, now)

    def _message(self, message: Message, sender: Address, now: float) -> bool:
        if not self._intake.allows(now) and message.address not in URGENT_ADDRESSES:
            self.counts.dropped += 1
            return False
        if asks(message):
            self._asked(message, sender, now)
            return True
        try:
            command = command_of(message)
        except (ControlError, Malformed) as error:
            self.refuse(str(error), sender, now)
            return True
        if command is None or self.inbox.put(Request(command, lambda reason: self._later(reason, sender))):
            self.counts.taken += 1
        else:
            self.counts.dropped += 1
        return True

    def _asked(self, message: Message, sender: Address, now: float) -> None:
        """Answer a question."""
        try:
            if message.address in QUESTIONS:
                types, words, _ = QUESTIONS[message.address]
                check_types(message, types, words)
            self._obey_question(message, sender, now)
        except ControlError as error:
            self.refuse(str(error), sender, now)
        else:
            self.counts.taken += 1

    def _obey_question(self, message: Message, sender: Address, now: float) -> None:
        match message.address:
            case osc.STATUS:
                self._reply(lambda: bundle_bytes(status_messages(self.status(), self._counted())), sender, now)
            case osc.MODELS:
                self._reply(lambda: message_bytes(MODELS, *model_names(self.files)), sender, now)
            case osc.SUBSCRIBE:
                rate, seconds = message.values[:2] or (RATE.default, LEASE.default)
                who = _at_port(sender, message.values[2:])
                self.stream.subscribe(who, RATE.number(rate), LEASE.number(seconds), now)
            case osc.UNSUBSCRIBE:
                self.stream.unsubscribe(_at_port(sender, message.values))
            case _:
                values = values_asked_for(message, self.status())
                self._reply(lambda: bundle_bytes(values), sender, now)

    def _reply(self, make: Callable[[], bytes], sender: Address, now: float) -> None:
        if self._replies.allows(now):
            self.answer(make(), sender)

    def _later(self, reason: str, sender: Address) -> None:
        """Tell a sender, from another thread, that the engine refused its command."""
        self.counts.refused += 1
        self.answer(message_bytes(ERROR, reason[:512]), sender)

    def _totals(self) -> tuple[int, int, int]:
        return self.counts.taken, self.counts.refused, self.counts.dropped

    def _counted(self) -> dict[str, int]:
        return {"taken": self.counts.taken, "refused": self.counts.refused, "dropped": self.counts.dropped}


def _at_port(sender: Address, port: Sequence[Value]) -> Address:
    """Return the sender's address, at another port where one is given."""
    return (sender[0], int(PORT.number(port[0]))) if port else sender


def model_names(files: Collection[str] = ()) -> list[str]:
    """Return the names of the models that a message can name, as many as an answer has room for; ``files`` first."""
    from musicrnn.models.catalogue import names

    return [name for name in dict.fromkeys([*files, *names()]) if MODEL_NAME.fullmatch(name)][:MOST_NAMES]
