"""What must hold of each message that leaves, whatever happens: seen from the receiver's side alone."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence

from musicrnn.daemon.ledger import ALL_NOTES_OFF, ALL_SOUND_OFF, SUSTAIN_PEDAL
from musicrnn.daemon.protocols import TimedMessage
from musicrnn.daemon.voices import channel_of
from musicrnn.models.score import DRUM_CHANNEL
from musicrnn.models.vocabulary import Vocabulary
from tests.simulation.clock_judge import ClockJudge
from tests.simulation.violation import Violation
from tests.simulation.world import World

SILENCERS = (SUSTAIN_PEDAL, ALL_NOTES_OFF, ALL_SOUND_OFF)
Key = tuple[int, int]


class PortJudge:
    """Follows the keys of one receiver over the port's incarnations.

    ``broken_off`` tells that a second signal broke off the sending of some messages: then ends may come
    for notes whose begin was never sent. ``vocabularies`` are those of all models that may play; ``tick`` gives the
    engine's tick and ``longest_ticks`` how many a note may last; ``used`` the channels (0 to 15) that the engine
    believes to have used, all of which it must silence, and no fewer than were heard; ``transpose`` by how many
    semitones all but the drums are transposed now.
    """

    def __init__(
        self,
        world: World,
        vocabularies: Sequence[Vocabulary],
        tick: Callable[[], int],
        longest_ticks: Callable[[], int],
        used: Callable[[], set[int]] = set,
        transpose: Callable[[], int] = lambda: 0,
    ) -> None:
        self._world = world
        self._tick = tick
        self._transpose = transpose
        self._longest = longest_ticks
        self._used = used
        self._limit = max(vocabulary.max_polyphony for vocabulary in vocabularies)
        parts = [part for vocabulary in vocabularies for part in vocabulary.parts]
        self._channels = {channel_of(part) - 1 for part in parts}
        self._keys = {(channel_of(part) - 1, pitch) for part in parts for pitch in range(part.low, part.high + 1)}
        self._heard: set[int] = set()
        self.clocks = ClockJudge(False)
        self.down: dict[Key, int] = {}
        self.is_open = False
        self.broken_off = False
        self.ons = 0
        self.silences = 0
        self._incarnation = 0
        self._last = float("-inf")
        self._programs: set[int] = set()
        self._silencing: list[tuple[int, int]] = []
        self._silent_first = True
        self._left: set[Key] = set()

    def opened(self) -> None:
        """Be told that a new incarnation of the port is there."""
        self._incarnation += 1
        self.clocks.forget()
        self.is_open = True
        self.down = {}
        self._programs = set()
        self._silencing = []
        self._silent_first = not self._heard  # where nothing was ever sent there is nothing to silence
        self._last = float("-inf")

    def sent(self, message: TimedMessage) -> None:
        """Judge one message."""
        data = message.data
        self._world.see(struct.pack("<Id", self._incarnation, message.seconds) + data)
        if not self.is_open:
            raise Violation("a closed port must get nothing")
        if data[0] >= 0xF0:
            self.clocks.put(message, self._world.seconds)
            return
        if message.seconds < self._last:
            raise Violation(f"time must not go back, got {message.seconds} after {self._last}")
        self._last = message.seconds
        kind, channel = data[0] & 0xF0, data[0] & 0x0F
        if channel not in self._channels or any(byte > 127 for byte in data[1:]):
            raise Violation(f"a message must be MIDI on the parts' channels, got {data.hex(' ')}")
        if kind == 0x90:
            self._on(channel, *data[1:])
        elif kind == 0x80:
            self._off(channel, *data[1:])
        elif kind == 0xB0:
            self._control(channel, *data[1:])
        elif kind == 0xC0:
            self._programs.add(channel)
            self._heard.add(channel)
            self._silencing.clear()
        else:
            raise Violation(f"a message must begin or end a note, silence, or choose a program, got {data.hex(' ')}")

    def _on(self, channel: int, pitch: int, velocity: int) -> None:
        self._silencing.clear()
        key = (channel, pitch)
        written = pitch if channel == DRUM_CHANNEL - 1 else pitch - self._transpose()
        if not 1 <= velocity <= 127 or (channel, written) not in self._keys:
            raise Violation(f"a note must be a part's, with a velocity, got {key} at {velocity}")
        if key in self.down:
            raise Violation(f"a key must be up before it goes down, got {key}")
        if channel not in self._programs:
            raise Violation(f"a channel must have its program before a note, got {key}")
        if not self._silent_first:
            raise Violation(f"a port that came back must be silenced before a note, got {key}")
        self.down[key] = self._tick()
        self.ons += 1
        if len(self.down) > self._limit:
            raise Violation(f"at most {self._limit} keys must be down, got {sorted(self.down)}")

    def _off(self, channel: int, pitch: int, _: int) -> None:
        self._silencing.clear()
        key = (channel, pitch)
        if key not in self.down and key not in self._left and not self.broken_off:
            raise Violation(f"a note must not end that has not begun, got {key}")
        self.down.pop(key, None)
        self._left.discard(key)

    def _control(self, channel: int, number: int, value: int) -> None:
        if value or number not in SILENCERS:
            raise Violation(f"a controller must silence, got {number} at {value}")
        if self._left and not self.broken_off:
            raise Violation(f"what a lost port was left with must end on the next, got {sorted(self._left)}")
        self._silencing.append((channel, number))
        whole = [(channel, number) for channel in sorted(self._to_silence) for number in SILENCERS]
        if self._silencing[-len(whole) :] == whole:
            self._silent_first = True
            self.silences += 1
        if self.down:
            raise Violation(f"notes must end by note-offs before they are silenced, got {sorted(self.down)}")

    @property
    def _to_silence(self) -> set[int]:
        return self._used() | self._heard

    @property
    def has_played(self) -> bool:
        """Whether this incarnation was told programs, so that there is something to silence."""
        return self.is_open and bool(self._programs)

    def failed(self, message: TimedMessage) -> None:
        """Be told that a message could not be sent: a note that it was to begin may sound, and is to be ended."""
        if message.data[0] & 0xF0 == 0x90:
            self._left.add((message.data[0] & 0x0F, message.data[1]))

    def check_lengths(self) -> None:
        """Judge that no note has sounded for too long, in ticks."""
        tick = self._tick()
        for key, since in self.down.items():
            if tick - since > self._longest():
                raise Violation(f"a note must end after {self._longest()} ticks, got {key} after {tick - since}")

    def closed(self, *, lost: bool) -> None:
        """Judge the end of this incarnation: nothing is left hanging on a port that was there to the last."""
        self.is_open = False
        if lost:
            self._left |= set(self.down)
            self.down = {}  # nothing more reaches that receiver before the port is back
            return
        if self.down:
            raise Violation(f"nothing must sound when the port is closed, got {sorted(self.down)}")
        if self._programs and {channel for channel, _ in self._silencing} != self._to_silence:
            raise Violation("the last messages must silence every channel used")
