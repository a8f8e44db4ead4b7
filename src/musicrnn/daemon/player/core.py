"""What to send next: a heap of messages with their moments, and the account of the notes that sound.

Pure: it reads no clock and opens nothing. One thread owns it; others leave records for it with :meth:`Core.put`.
"""

from __future__ import annotations

import heapq
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass

from musicrnn.daemon.ledger import NOTE_OFF, PROGRAM_CHANGE, silencers
from musicrnn.daemon.player.wire import Beat, Close, Down, Force, Panic, Play

LATE_SECONDS = 0.001
STALE_SECONDS = 0.1
GREETING_SECONDS = 2.0
JUST_SECONDS = 1.0
MOST_WAITING = 20_000
MOST_LEFT = 4_096
SYSTEM, START, STOP = 0xF0, 0xFA, 0xFC
ROLLING = (0xF8, 0xFA, 0xFB)  # clock, start, continue: what lets others play on


class Sounding:
    """Counts what sounds, for each channel and pitch, and remembers the channels that were used.

    Channels are those of the status byte, 0 to 15.
    """

    def __init__(self) -> None:
        self.notes: Counter[tuple[int, int]] = Counter()
        self.channels: set[int] = set()

    def passes(self, data: bytes) -> bool:
        """Note a message; False for a note-off that no note-on went before, which must not go out."""
        kind, channel = data[0] & 0xF0, data[0] & 0x0F
        if kind == 0xF0:
            return True
        self.channels.add(channel)
        if kind not in (0x80, 0x90):
            return True
        key = (channel, data[1])
        if is_on(data):
            self.notes[key] += 1
            return True
        if not self.notes[key]:
            del self.notes[key]
            return False
        self.notes[key] -= 1
        if not self.notes[key]:
            del self.notes[key]
        return True

    def take_back(self, data: bytes) -> None:
        """Note that a note-on did not go out after all."""
        self.passes(bytes((0x80 | data[0] & 0x0F, data[1], 0)))

    def offs(self) -> list[bytes]:
        """Return a note-off for each note-on that has none yet."""
        return [bytes((0x80 | channel, pitch, 0)) for channel, pitch in sorted(self.notes.elements())]

    def silencers(self) -> list[bytes]:
        """Return what ends what note-offs could not: pedal up, all notes off and all sound off."""
        return silencers(channel + 1 for channel in self.channels)

    def silence(self) -> list[bytes]:
        """Return what ends every sound: the note-offs, then pedal up, all notes off and all sound off."""
        return self.offs() + self.silencers()


@dataclass(frozen=True, slots=True)
class Greet:
    """Somebody new listens, or may not have heard what was said to him before he was really connected."""


@dataclass(frozen=True, slots=True)
class Parting:
    """Somebody listens no more: the ends of what sounds, or has just ended, may be lost on him."""


@dataclass(frozen=True, slots=True)
class Hush:
    """The engine has hung, or ``for_good`` it or the player is to leave: what sounds is to end."""

    for_good: bool = False


def urgent(seconds: float, now: float, latency: float) -> float:
    """Return the moment for a message that is handed over at ``now``: late, but never stale, however late that is.

    The engine skips what it should not play any more; only what waits on its way from there may become stale.
    """
    return max(seconds, now - (latency + STALE_SECONDS) / 2)


def is_on(data: bytes) -> bool:
    """Tell whether a message is a note-on that begins a sound."""
    return data[0] & 0xF0 == 0x90 and data[2] > 0


class Core:
    """Takes records, gives messages in the order of their moments, and keeps the account.

    ``closing`` tells that no more is to come: once it holds and `empty`, the player may leave. ``repeat_offs`` is after
    how many seconds each note-off is sent again, where its key is not down again by then; 0 is never. ``left`` fills
    with the keys that a listener may have been left with, which another player is to know of.
    """

    def __init__(self, repeat_offs: float = 0.0) -> None:
        self.inbox: deque[tuple[float, Down | Greet | Parting | Hush]] = deque()
        self.sounding = Sounding()
        self.closing = False
        self.beat = self.sent = self.late = self.dropped = 0
        self.heard_of = 0.0
        self._at_once: deque[bytes] = deque()
        self._waiting: list[tuple[float, int, bytes]] = []
        self._repeat_offs = repeat_offs
        self._repeats: set[int] = set()
        self._played: dict[tuple[int, int], float] = {}
        self._hanging: set[tuple[int, int]] = set()
        self.left: deque[tuple[int, int]] = deque(maxlen=MOST_LEFT)
        self._number = 0
        self._programs: dict[int, bytes] = {}

    def put(self, record: Down | Greet | Parting | Hush, now: float) -> None:
        """Leave a record that came at ``now``; any thread may."""
        self.inbox.append((now, record))

    def take(self) -> None:
        """Work through the records that were left."""
        while self.inbox:
            now, record = self.inbox.popleft()
            match record:
                case Greet():
                    self._greet()
                case Parting():
                    self._part(now)
                case Hush(for_good):
                    self.silence(now, for_good=for_good)
                case _:
                    self.heard_of = now
                    self._obey(record, now)

    def _obey(self, record: Down, now: float) -> None:
        """Do what the engine says."""
        match record:
            case Play(seconds, data):
                if data[0] in (START, STOP):
                    self._take_back(seconds)
                self._queue(seconds, data)
            case Force(data):
                self._force(data, now)
            case Beat(number):
                self.beat = number
            case Panic():
                self.silence(now)
            case Close():
                self.closing = True

    @property
    def empty(self) -> bool:
        """Whether there is nothing to send any more."""
        return not (self._at_once or self._waiting or self.inbox)

    @property
    def next_moment(self) -> float | None:
        """The moment of the next message in seconds, None without one."""
        if self._at_once:
            return 0.0
        return self._waiting[0][0] if self._waiting else None

    def pop(self, until: float) -> tuple[float | None, bytes] | None:
        """Return the next message whose moment lies before ``until``, with its moment; None for "at once"."""
        if self._at_once:
            self.sent += 1
            return None, self._at_once.popleft()
        while self._waiting and self._waiting[0][0] < until:
            seconds, number, data = heapq.heappop(self._waiting)
            if self._goes(seconds, number, data):
                self.sent += 1
                return seconds, data
        return None

    def _goes(self, seconds: float, number: int, data: bytes) -> bool:
        """Note a message whose moment has come; tell whether it is to go out."""
        key = data[0] & 0x0F, data[1] if len(data) > 1 else 0
        if number in self._repeats:
            self._repeats.discard(number)
            return not self.sounding.notes[key]
        if not self.sounding.passes(data):
            return False
        self._remember(data)
        if data[0] & 0xE0 == NOTE_OFF:
            self._played[key] = seconds
            if not is_on(data):
                self._end_again(seconds, data)
        return True

    def _end_again(self, seconds: float, data: bytes) -> None:
        """Let a note-off that leaves at ``seconds`` be sent once more, where that is asked for."""
        if self._repeat_offs:
            self._queue(seconds + self._repeat_offs, data)
            self._repeats.add(self._number)

    def move(self, seconds: float) -> None:
        """Let all that waits leave so much later: its place is that of a beat, and the beat has moved."""
        self._waiting = [(moment + seconds, number, data) for moment, number, data in self._waiting]

    def refused(self, data: bytes) -> None:
        """Take back a message that may not go now: a note-on is dropped, anything else goes first next time."""
        self.sent -= 1
        if is_on(data):
            self.sounding.take_back(data)
            self.dropped += 1
        else:
            self._at_once.appendleft(data)

    def withhold(self, data: bytes) -> None:
        """Take back a note-on that is not to sound any more."""
        self.sent -= 1
        self.sounding.take_back(data)

    def repeat(self, offs: Iterable[bytes]) -> None:
        """Say note-offs again, at once."""
        self._at_once.extend(offs)

    def _force(self, data: bytes, now: float) -> None:
        """End what an earlier player left: now, and for whoever comes later, since perhaps nobody listens yet."""
        self._at_once.append(data)
        if data[0] & 0xF0 == NOTE_OFF:
            self._hanging.add((data[0] & 0x0F, data[1]))
            self._end_again(now, data)

    def _take_back(self, seconds: float) -> None:
        """Drop the clocks that wait beyond a stop or a start: they were handed over for the whole tick that it cuts.

        They would be counted after the start, or the next one. Where a host's tempo jumps a start may lie in a tick.
        """
        self._waiting = [one for one in self._waiting if one[0] <= seconds or one[2][0] not in ROLLING]
        heapq.heapify(self._waiting)

    def silence(self, now: float, *, for_good: bool = False) -> None:
        """Drop the note-ons that wait; let the rest go at once, and after it all that ends what sounds.

        What is to be said again stays in its place. So does the clock, for others who follow it play on, unless this is
        ``for_good``.
        """
        waiting = sorted(self._waiting)
        self._waiting = [one for one in waiting if one[1] in self._repeats or (one[2][0] >= SYSTEM and not for_good)]
        stays = {number for _, number, _ in self._waiting}
        rest = [data for _, number, data in waiting if number not in stays and data[0] not in ROLLING]
        ends = [data for data in rest if not is_on(data) and self.sounding.passes(data)]
        for data in ends + self.sounding.offs():
            self._remember(data)
            self._at_once.append(data)
            if data[0] & 0xE0 == NOTE_OFF:
                self._played[data[0] & 0x0F, data[1]] = now
                self._end_again(now, data)
        self._at_once.extend(self.sounding.silencers())
        self.sounding.notes.clear()

    def _remember(self, data: bytes) -> None:
        if data[0] & 0xF0 == PROGRAM_CHANGE:
            self._programs[data[0]] = data

    def _greet(self) -> None:
        """Say again which programs are played, and end what does not sound here and may sound there.

        That is what an earlier player left, and what sounded when a listener was disconnected. No key is ever taken for
        let go there: who has heard its note-off may be another.
        """
        ended = sorted(key for key in self._hanging if not self.sounding.notes[key])
        self._at_once.extend(bytes((NOTE_OFF | channel, pitch, 0)) for channel, pitch in ended)
        self._at_once.extend(self._programs.values())

    def _part(self, now: float) -> None:
        """Keep which keys a listener that is disconnected may be left with, and for good: it may come back late."""
        keys = [key for key, since in self._played.items() if self.sounding.notes[key] or now - since < JUST_SECONDS]
        self._hanging.update(keys)
        self.left.extend(sorted(keys))

    def _queue(self, seconds: float, data: bytes) -> None:
        if len(self._waiting) >= MOST_WAITING and is_on(data):
            self.dropped += 1
            return
        self._number += 1
        heapq.heappush(self._waiting, (seconds, self._number, data))
