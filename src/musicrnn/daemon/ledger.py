"""The account of what sounds: every note-on has one note-off, sent where its note-on went."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from musicrnn.daemon.protocols import TimedMessage

NOTE_OFF, NOTE_ON, CONTROL_CHANGE, PROGRAM_CHANGE = 0x80, 0x90, 0xB0, 0xC0
SUSTAIN_PEDAL, ALL_SOUND_OFF, ALL_NOTES_OFF = 64, 120, 123


@dataclass(frozen=True, slots=True)
class NoteEvent:
    """The begin (``velocity`` 1 to 127) or the end (0) of a sound: ``part`` is an index, ``channel`` 1 to 16."""

    part: int
    channel: int
    pitch: int
    velocity: int = 0

    @property
    def data(self) -> bytes:
        """The MIDI message."""
        status = (NOTE_ON if self.velocity else NOTE_OFF) + self.channel - 1
        return bytes((status, self.pitch, self.velocity))


@dataclass(slots=True)
class _Sound:
    """One key that is down: who began it and when, and the (part, pitch) pairs that want it."""

    part: int
    since: int
    owners: set[tuple[int, int]]


class Ledger:
    """Keeps which keys are down: a key (channel, pitch) is down once or not at all.

    Where two parts share a channel and a pitch, the key stays down until both have let go. A note is known by its part
    and its pitch as the model has it; it may sound at another.
    """

    def __init__(self) -> None:
        self._down: dict[tuple[int, int], _Sound] = {}
        self._key: dict[tuple[int, int], tuple[int, int]] = {}
        self.used: set[int] = set()

    def __len__(self) -> int:
        return len(self._down)

    def sounding(self) -> tuple[tuple[int, int], ...]:
        """Return the (part, pitch) pairs that sound, sorted, each pitch as the model has it."""
        return tuple(sorted(self._key))

    def heard(self) -> dict[tuple[int, int], int]:
        """Return for each (part, pitch) pair that sounds the pitch at which it does."""
        return {pair: key[1] for pair, key in sorted(self._key.items())}

    def keys(self) -> dict[tuple[int, int], tuple[int, int]]:
        """Return for each (part, pitch) pair that sounds its channel, 1 to 16, and the pitch at which it does."""
        return dict(self._key)

    def older_than(self, tick: int) -> list[tuple[int, int]]:
        """Return the (part, pitch) pairs whose sound began before ``tick``."""
        return [pair for pair, key in self._key.items() if self._down[key].since < tick]

    def begin(
        self, part: int, channel: int, pitch: int, velocity: int, tick: int, *, shift: int = 0
    ) -> Iterator[NoteEvent]:
        """Yield what begins a note at ``tick``, ``shift`` semitones higher; a key that is down is let go first.

        A second note that wants a key begun in the same tick shares it, and nothing is yielded.
        """
        key, pair = (channel, pitch + shift), (part, pitch)
        if self._key.get(pair, key) != key:
            yield from self.end(part, pitch)
        sound = self._down.get(key)
        self._key[pair] = key
        self.used.add(channel)
        if sound is not None and sound.since == tick:
            sound.owners.add(pair)
            return
        owners = {pair} | (sound.owners if sound is not None else set())
        self._down[key] = _Sound(part, tick, owners)
        if sound is not None:
            yield NoteEvent(sound.part, *key)
        yield NoteEvent(part, *key, velocity)

    def end(self, part: int, pitch: int) -> Iterator[NoteEvent]:
        """Yield what ends a part's note: nothing where it does not sound, or another part still wants the key."""
        key = self._key.pop((part, pitch), None)
        if key is None:
            return
        sound = self._down[key]
        sound.owners.discard((part, pitch))
        if not sound.owners:
            del self._down[key]
            yield NoteEvent(sound.part, *key)

    def end_all(self, which: Iterable[tuple[int, int]] | None = None) -> list[NoteEvent]:
        """Return what ends the given (part, pitch) pairs, or all."""
        pairs = self.sounding() if which is None else tuple(which)
        return [event for part, pitch in pairs for event in self.end(part, pitch)]


class Keys:
    """The keys that are down at a receiver, judged by what was sent there and nothing else.

    Whatever breaks off the making or the sending of messages, `ends` ends what sounds: a begin counts
    before it is sent, an end after. What a port that was lost has left down is still to be ended where it comes back.
    """

    def __init__(self) -> None:
        self._down: dict[tuple[int, int], None] = {}
        self._latest = float("-inf")

    def will_send(self, message: TimedMessage) -> bool:
        """Count a begin that is about to be sent; tell whether to send it: an end only where the key is down."""
        key = message.data[0] & 0x0F, message.data[1] if len(message.data) > 1 else 0
        if is_end(message.data) and key not in self._down:
            return False
        if message.data[0] < 0xF0:  # a clock may be sent far ahead of the notes
            self._latest = max(self._latest, message.seconds)
        if message.data[0] & 0xF0 == NOTE_ON:
            self._down[key] = None
        return True

    def was_sent(self, message: TimedMessage) -> None:
        """Count an end that was sent."""
        if is_end(message.data):
            self._down.pop((message.data[0] & 0x0F, message.data[1]), None)

    def ends(self, now: float) -> list[TimedMessage]:
        """Return a note-off for each key that is down, not before what was sent last."""
        moment = max(now, self._latest)
        return [TimedMessage(moment, bytes((NOTE_OFF + channel, pitch, 0))) for channel, pitch in self._down]


def is_end(data: bytes) -> bool:
    """Tell whether a MIDI message is a note-off."""
    return data[0] & 0xF0 == NOTE_OFF


def silencers(channels: Iterable[int]) -> list[bytes]:
    """Return the messages that end what note-offs could not: pedal up, all notes off, all sound off."""
    controllers = (SUSTAIN_PEDAL, ALL_NOTES_OFF, ALL_SOUND_OFF)
    return [bytes((CONTROL_CHANGE + channel - 1, number, 0)) for channel in sorted(channels) for number in controllers]


def program(channel: int, number: int) -> bytes:
    """Return a program change; ``channel`` is 1 to 16, ``number`` 0 to 127."""
    return bytes((PROGRAM_CHANGE + channel - 1, number))
