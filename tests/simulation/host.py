"""A host whose MIDI clock is followed: it stops, jumps, jitters, falls silent, and knows where it is."""

from __future__ import annotations

import math
from collections.abc import Callable

from musicrnn.daemon.midi_clock import CLOCK, CLOCKS_PER_SIXTEENTH, CONTINUE, SONG_POSITION, START, STOP
from tests.simulation.world import World

CLOCKS_PER_BEAT = 24
STEADY_CLOCKS = 4 * CLOCKS_PER_BEAT
KNOWN_CLOCKS = 5 * CLOCKS_PER_BEAT
SURE_OF_CLOCKS = 0.1
CONFUSING_CLOCKS = 0.5  # a clock that is later is nearer to the next one's place, and nobody can tell which it is
LAST_SIXTEENTH = (1 << 14) - 1  # a song position has 14 bits
GENTLE = 4 / 3
SURE_SECONDS = 2.0
TELLING_CHANGES = 8  # of step, of clocks that are rounded: three to another and back; before, nobody can know
TELLING_CLOCKS = 4  # that come as ever after one that was lost or came twice, before the tempo changes: or what was it?


class SimulatedHost:
    """Sends clocks all the time, each late by up to ``jitter`` seconds, or as late as the next period of ``rounds_to``.

    ``deliver`` takes a message to the port and tells whether it got there. ``steady`` counts the clocks since anything
    but jitter disturbed the tempo; ``is_sure`` tells that whoever heard all this knows the song position;
    ``rolls_as_heard`` is what somebody believes who obeys the messages that got through.
    """

    def __init__(self, world: World, deliver: Callable[[bytes, float], bool], bpm: float) -> None:
        self.bpm = bpm
        self._jitter = self._rounds_to = 0.0
        self._sent_in, self._step, self._changes = 0, 0, 0
        self.steady = 0
        self.is_sure = False
        self.rolls_as_heard = False
        self.wild_until = self.silent_until = self.frozen_until = self.held_until = -math.inf
        self._world = world
        self._deliver = deliver
        self._random = world.random("host")
        self._rolls = False
        self._begins = False
        self._clock, self._seconds = 0, world.seconds
        self._ramp: tuple[float, int] | None = None
        self._jumped = world.jumped
        self._lost_since: float | None = None
        self._doubles = self._drops = 0
        self._since_odd = TELLING_CLOCKS
        self._plan(world.seconds + 0.01)

    @property
    def is_known(self) -> bool:
        """Whether its tempo has been heard for long enough to be known, and it is not about to move or to stop.

        Over a jump of the world's clock nobody can know it before it is heard again.
        """
        has_jumped = self._world.jumped != self._jumped
        is_heard = self._rolls == self.rolls_as_heard
        is_shown = not self._rounds_to or self._changes >= TELLING_CHANGES
        return self.steady >= KNOWN_CLOCKS and is_heard and is_shown and not self._begins and not has_jumped

    @property
    def period(self) -> float:
        """Seconds from a clock to the next."""
        return 60.0 / self.bpm / CLOCKS_PER_BEAT

    def clock_at(self, seconds: float) -> float:
        """Return the true song position of a moment, in clocks."""
        return self._clock - 1 + (seconds - self._seconds) / self.period

    @property
    def jitter(self) -> float:
        """How late a clock may be, in seconds."""
        return max(self._jitter, self._rounds_to)

    @jitter.setter
    def jitter(self, seconds: float) -> None:
        self._jitter, self._rounds_to = seconds, 0.0
        self._disturb()

    @property
    def blur(self) -> float:
        """How late whoever follows may take the clocks to be: those that are rounded to a period from its middle."""
        return max(self._jitter, 1.5 * self._rounds_to)

    def round_to(self, seconds: float) -> None:
        """Send each clock at the end of a period of so many seconds, as a program does that plays from buffers."""
        self._jitter, self._rounds_to = 0.0, seconds
        self.is_sure = self.is_sure and self._jumps_surely
        self._disturb()

    @property
    def _jumps_surely(self) -> bool:
        """Whether a clock may come sooner or later than before and be no other's: not by half a clock."""
        return self._rounds_to <= SURE_OF_CLOCKS * self.period

    # What its user does.

    def start(self) -> None:
        """Roll from the beginning with the next clock."""
        self._clock, self._rolls, self._begins = 0, True, True
        self._say(START)

    def stop(self) -> None:
        """Stop rolling; the clocks go on."""
        self._rolls = self._begins = False
        self._say(STOP)

    def go_on(self) -> None:
        """Roll from where it stopped."""
        if not self._rolls:
            self._rolls = self._begins = True
            self._say(SONG_POSITION, *self._sixteenths())
            self._say(CONTINUE)

    def locate(self, sixteenths: int) -> None:
        """Go elsewhere, rolling or not."""
        self._clock = sixteenths * CLOCKS_PER_SIXTEENTH
        self._begins = self._rolls
        self._say(SONG_POSITION, *self._sixteenths())

    def _sixteenths(self) -> tuple[int, int]:
        """Go to the next sixteenth note, the only places there are to go on from, and none is beyond the last."""
        sixteenth = min(-(-self._clock // CLOCKS_PER_SIXTEENTH), LAST_SIXTEENTH)
        self._clock = sixteenth * CLOCKS_PER_SIXTEENTH
        return sixteenth & 0x7F, sixteenth >> 7

    def tempo(self, bpm: float) -> None:
        """Play at another tempo at once."""
        is_gentle = 1 / GENTLE < bpm / self.bpm < GENTLE and self.steady >= STEADY_CLOCKS
        self.is_sure = self.is_sure and is_gentle and self._since_odd >= TELLING_CLOCKS and self._jumps_surely
        self.bpm, self._ramp = bpm, None
        self._disturb()

    def ramp(self, bpm: float, clocks: int) -> None:
        """Go evenly to another tempo."""
        self.is_sure = self.is_sure and self._since_odd >= TELLING_CLOCKS and self._jumps_surely
        self._ramp = (bpm - self.bpm) / clocks, clocks

    def lose_clocks(self, count: int, *, doubled: bool) -> None:
        """Let some of the next clocks get lost, or come twice: where they are several nobody can tell."""
        if count > 1 or self._doubles or self._drops:
            self.doubt()
        if doubled:
            self._doubles += count
        else:
            self._drops += count

    def hold_back(self, seconds: float) -> None:
        """Keep what is sent for so long, and then let it come at once; nobody can tell where it happens often."""
        if self.steady < STEADY_CLOCKS or self._since_odd < STEADY_CLOCKS:
            self.doubt()
        self.held_until = max(self.held_until, self._world.seconds + seconds)

    def doubt(self) -> None:
        """Let nobody be sure of the song position until the next start or locate."""
        self.is_sure = False
        self._disturb()

    def arrived(self, data: bytes) -> None:
        """Be told that a message got through: before that, which may be a jitter later, nobody can obey it."""
        if data[0] in (START, CONTINUE, STOP):
            self.rolls_as_heard = data[0] != STOP

    # Its clocks.

    def _tick(self, planned: float) -> None:
        """Send a clock and plan the next; a jump of the world's clock is one that this host made too."""
        world = self._world
        if world.jumped != self._jumped:
            planned += world.jumped - self._jumped
            self._jumped = world.jumped
            self.doubt()
        now = max(planned, world.seconds)
        if now > planned + 1e-9:
            self.doubt()
        if now < self.frozen_until:
            self.doubt()
            self._plan(self.frozen_until)
            return
        self._clock, self._seconds = self._clock + 1, now
        self._send_clock(now)
        self._bend()
        wild = world.seconds < self.wild_until
        if wild:
            self.doubt()
        self._plan(now + self.period * (self._random.expovariate(1.0) if wild else 1.0))

    def _plan(self, seconds: float) -> None:
        self._world.after(seconds - self._world.seconds, lambda: self._tick(seconds))

    def _bend(self) -> None:
        if self._ramp is None:
            return
        by, clocks = self._ramp
        self.bpm = min(max(self.bpm + by, 20.0), 300.0)
        self._ramp = (by, clocks - 1) if clocks > 1 else None
        self._disturb()

    def _disturb(self) -> None:
        self.steady = self._changes = 0

    def _send_clock(self, now: float) -> None:
        if self._drops or now < self.silent_until:
            self._drops = max(self._drops - 1, 0)
            self._is_lost(now)
            return
        count = 2 if self._doubles else 1
        self._since_odd = self._since_odd + 1 if count == 1 else 0
        self._changes = self._changes if count == 1 else 0
        self._doubles = max(self._doubles - 1, 0)
        is_plain = count == 1 or (self._knows() and not self._begins)
        rounded = self._rounded(now) if self._rounds_to else 0.0
        is_held = now < self.held_until
        if is_held:
            self._since_odd = self._changes = 0
            is_plain = is_plain and self._knows() and not self._begins
        for _ in range(count):
            late = max(rounded + self._random.uniform(0.0, self._jitter), self.held_until - now)
            if not self._deliver(bytes((CLOCK,)), now + late):
                self._is_lost(now)
                return
        self._is_heard()
        if not is_plain:
            self.doubt()

    def _rounded(self, now: float) -> float:
        """Return how late a clock is that is rounded, and count where the step from one to the next is another."""
        sent_in = math.ceil(now / self._rounds_to)
        step, self._sent_in = sent_in - self._sent_in, sent_in
        self._changes += step != self._step
        self._step = step
        return sent_in * self._rounds_to - now

    def _knows(self) -> bool:
        """Tell whether somebody who follows can tell a clock that is lost from one that is late."""
        return self.steady >= STEADY_CLOCKS and self.jitter <= SURE_OF_CLOCKS * self.period

    def _is_lost(self, now: float) -> None:
        self._since_odd = self._changes = 0
        if self._begins or not self._knows():
            self.doubt()
        self._begins = False
        self._lost_since = self._lost_since if self._lost_since is not None else now
        if now - self._lost_since > SURE_SECONDS:
            self.doubt()

    def _is_heard(self) -> None:
        self.steady += 1
        self._lost_since = None
        if self._begins and self._rolls:
            self.is_sure = True
        self.is_sure = self.is_sure and self.jitter <= CONFUSING_CLOCKS * self.period
        self._begins = False

    def _say(self, *data: int) -> None:
        """Send a message at once; where it gets lost nobody is sure of anything."""
        moment = max(self._world.seconds, self.held_until)
        is_there = self._world.seconds >= self.silent_until and self._deliver(bytes(data), moment)
        if not is_there:
            self._begins = False
            self.doubt()
