"""One session of the daemon in virtual time: everything real but the clock, the port, the disk and the network."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial

from musicrnn.config.play import PlaySettings
from musicrnn.control import Command
from musicrnn.daemon.inbox import Request
from musicrnn.daemon.midi_clock import MidiClock
from musicrnn.daemon.osc_desk import OscDesk
from musicrnn.daemon.osc_packets import messages
from musicrnn.daemon.performance import LONGEST_NOTE_BARS
from musicrnn.daemon.protocols import TimedMessage
from musicrnn.daemon.runtime import IDLE_SECONDS, PACE_SECONDS, Runtime
from musicrnn.daemon.session import header_line
from musicrnn.daemon.stream import Address
from tests.simulation.clock_judge import ClockJudge
from tests.simulation.family import Family
from tests.simulation.host import SimulatedHost
from tests.simulation.keeping import SimulatedKeepsakes
from tests.simulation.port_judge import PortJudge
from tests.simulation.surroundings import (
    SimulatedKeeper,
    SimulatedLoader,
    SimulatedLog,
    SimulatedPlayerPort,
    SimulatedPort,
)
from tests.simulation.trouble import Trouble
from tests.simulation.violation import Violation
from tests.simulation.watched import AT_ONCE, CLOSE, WatchedEngine, WatchedInbox, shown
from tests.simulation.world import SimulatedClock, World

STANDSTILL_TURNS = 5000
MOMENT_SECONDS = 0.0001
PHASE_SECONDS = 0.002
MOST_ANSWER_BYTES = 65_507
SENDER: Address = ("127.0.0.1", 40_000)


@dataclass(frozen=True, slots=True)
class Edge:
    """What the port is, and whose clock is followed; seconds of output latency and of the offset that was asked for."""

    follows: bool = False
    clock_out: bool = False
    is_player: bool = False
    latency: float = 0.0
    offset: float = 0.0


class Stage:
    """A runtime and all around it, judged at each turn."""

    def __init__(
        self,
        world: World,
        family: Family,
        trouble: Trouble,
        play: PlaySettings,
        prime: str,
        edge: Edge,
    ) -> None:
        self.world = world
        self.trouble = trouble
        self.family = family
        self._edge = edge
        self.refusals: list[str] = []
        self.is_over = False
        self._pauses = world.random("pauses")
        self._to_silence: tuple[SimulatedPort, int, int] | None = None
        self._turns, self._turn_seconds = 0, world.seconds
        self.clock = SimulatedClock(world, self._judge_turn)
        source = MidiClock(play.tempo, play.lost_clock == "go-on") if edge.follows else None
        self.source = source
        self.engine = WatchedEngine(
            family.troubled("", trouble), play, prime=prime, source=source, clock_out=edge.clock_out
        )
        self.judge = PortJudge(
            world,
            family.vocabularies,
            lambda: self.engine.tick,
            self._longest_ticks,
            self.engine.channels,
            self._transpose,
        )
        self.judge.clocks = ClockJudge(edge.clock_out)
        self.engine.offset_ms = edge.offset * 1000.0
        self.engine.expect("offset", self.engine.offset_ms)
        self.inbox = WatchedInbox(self.clock.wake)
        self.inbox.watch(self.engine.taken)
        self.engine.forget = self.inbox.forget
        self.engine.forget_tempo = self.inbox.forget_tempo
        latency = edge.latency if edge.is_player or edge.follows else None
        self.keeper = SimulatedKeeper(world, self.judge, self.clock.wake, latency)
        self._last_arrival = -math.inf
        self.host = SimulatedHost(world, self._deliver, world.random("tempo").uniform(30.0, 90.0)) if source else None
        self.log = SimulatedLog(world, header_line(self.engine.header), world.random("disk").choice((8, 64, 4096)))
        self.loader = SimulatedLoader(
            world, self.clock.wake, lambda name: family.troubled(name, trouble), self._let_go, self._hold_up
        )
        self.keepsakes = SimulatedKeepsakes(self.engine)
        self.runtime = Runtime(
            self.engine,
            self.clock,
            self.keeper.port,
            self.inbox,
            log=self.log.add,
            keeper=self.keeper,
            loader=self.loader,
            asleep=lambda: world.asleep,
            recording=lambda: self.log.problem or "session.mid",
            stand_still=self._stand_still,
            keepsakes=self.keepsakes,
            follows=edge.follows,
        )
        self.desk = OscDesk(self.inbox, lambda: self.runtime.status, self._answer, self.engine.watch)
        self._publishing = False

    def _deliver(self, data: bytes, seconds: float) -> bool:
        """Let a message from the host arrive then, after those before it; False where the port is not there."""
        if self.keeper.port.is_lost:
            return False
        self._last_arrival = max(self._last_arrival, seconds)
        self.world.after(max(self._last_arrival - self.world.seconds, 0.0), partial(self._arrive, data))
        return True

    def receive(self, data: bytes) -> None:
        """Let a message come in that is not the host's clock."""
        port = self.keeper.port
        if isinstance(port, SimulatedPlayerPort) and not port.is_lost:
            port.incoming.append(TimedMessage(self.world.seconds, data))
            self.clock.wake()

    def _arrive(self, data: bytes) -> None:
        port = self.keeper.port
        if isinstance(port, SimulatedPlayerPort) and not port.is_lost:
            port.incoming.append(TimedMessage(self.world.seconds, data))
            self.clock.wake()
            if self.host is not None:
                self.host.arrived(data)
        elif self.host is not None:
            self.host.doubt()

    @property
    def parts(self) -> tuple[str, ...]:
        """The names of the parts of the model that plays."""
        return self.engine.parts

    def _hold_up(self, seconds: float) -> None:
        self.clock.oversleeps.append(seconds)

    def _longest_ticks(self) -> int:
        return LONGEST_NOTE_BARS * self.engine.bar_ticks + AT_ONCE

    def _let_go(self, thing: object) -> None:
        if self.engine.plays(thing):
            raise Violation("the model that plays must not be let go of")

    def run(self, first: list[Command]) -> None:
        """Play to the end, and judge that."""
        try:
            self.runtime.run(first)
        finally:
            self.is_over = True
        self.judge_end()

    def judge_end(self) -> None:
        """Judge what must hold after any end."""
        self.log.write()
        if self.judge.is_open and self.judge.down:
            raise Violation(f"nothing must sound after the end, got {sorted(self.judge.down)}")
        if not self.log.truth.startswith(self.log.written):
            raise Violation("what is on the disk must be a beginning of the log")
        if not self.log.problem and self.log.truth != self.log.written:
            raise Violation("a log that is not whole must say so")

    def ask(self, command: Command) -> None:
        """Put a command in, as a surface of this process does."""
        self.inbox.put(Request(command, self.refusals.append))

    def packet(self, data: bytes) -> None:
        """Let a packet come in."""
        counts = self.desk.counts
        before = counts.taken + counts.refused + counts.dropped
        self.desk.packet(data, SENDER, self.world.seconds)
        if data and counts.taken + counts.refused + counts.dropped == before and not data.startswith(b"#bundle\0"):
            raise Violation(f"a packet must be counted, got {data!r}")
        self._look_on()

    def _look_on(self) -> None:
        """Send what was subscribed to, each time that it is due."""
        moment = self.desk.stream.next_moment()
        if moment is not None and not self._publishing:
            self._publishing = True
            self.world.after(max(moment - self.world.seconds, MOMENT_SECONDS), self._publish)

    def _publish(self) -> None:
        self._publishing = False
        self.desk.stream.publish(self.world.seconds)
        self._look_on()

    def quick_port(self) -> None:
        """Let messages take no time again."""
        self.keeper.port.slow_seconds = 0.0

    def quick_disk(self) -> None:
        """Let the disk take what waits."""
        self.log.is_slow = False
        self.log.write()

    def _answer(self, data: bytes, receiver: Address) -> None:
        """Take an answer: an error is a message, the status a bundle; at another port of the asker if it said so."""
        self.world.see(data)
        if receiver[0] != SENDER[0] or not 0 < len(data) <= MOST_ANSWER_BYTES:
            raise Violation(f"an answer must fit into a datagram to its asker, got {len(data)} bytes")
        if not all(message.address.startswith("/musicrnn/") for message in messages(data, MOST_ANSWER_BYTES)):
            raise Violation(f"an answer must be about MusicRNN, got {data!r}")

    def _transpose(self) -> int:
        value = self.engine.status(0.0).controls["transpose"]
        return value if isinstance(value, int) else 0

    def _stand_still(self) -> None:
        if self.judge.is_open and self.judge.down:
            raise Violation(f"nothing must sound while the process is stopped, got {sorted(self.judge.down)}")
        self.world.jump(10.0 ** self._pauses.uniform(-2.0, 4.0))

    def _judge_turn(self, until: float) -> None:
        """Judge where everything stands between two turns."""
        now, engine = self.world.seconds, self.engine
        engine.judge_status(self.runtime.status)
        self._judge_wait(until, now)
        self._judge_commands()
        self._judge_port()
        self._judge_host()
        self._judge_silence()
        self.judge.check_lengths()

    def suspend(self, seconds: float) -> None:
        """Put the machine to sleep: within two turns everything must be silenced."""
        self.world.asleep += seconds
        if seconds > 1.01 and self._to_silence is None and self.judge.has_played:
            self._to_silence = (self.keeper.port, self.judge.silences, 2)

    def _judge_silence(self) -> None:
        if self._to_silence is None:
            return
        port, silences, turns = self._to_silence
        self._to_silence = (port, silences, turns - 1) if turns > 1 else None
        is_there = port is self.keeper.port and not port.is_lost
        if turns == 1 and is_there and self.judge.silences == silences:
            raise Violation("after the machine was suspended everything must be silenced")

    def _judge_wait(self, until: float, now: float) -> None:
        deadline = self.engine.next_deadline()
        if deadline is not None:
            deadline += self._delay
        if until > now + IDLE_SECONDS + CLOSE or (deadline is not None and until > deadline + CLOSE):
            raise Violation(f"a wait must not outlast what is due, got {until - now:.6f} s")
        if self.inbox.waiting and until > now + PACE_SECONDS + CLOSE:
            raise Violation(f"a command must not wait for {until - now:.6f} s")
        self._turns += 1
        if now > self._turn_seconds + MOMENT_SECONDS:
            self._turns, self._turn_seconds = 0, now
        if self._turns > STANDSTILL_TURNS:
            raise Violation(f"the loop must not spin, got {self._turns} turns in no time")

    @property
    def _delay(self) -> float:
        """How much later than the engine has it the loop is to wake."""
        return self.runtime.delay - self.runtime.lead - self.runtime._headroom

    def _judge_host(self) -> None:
        """Judge that what plays is where the host truly is, in time and in its bar, and silent where it stopped."""
        port, host, engine = self.keeper.port, self.host, self.engine
        if host is None or not isinstance(port, SimulatedPlayerPort) or port.is_lost:
            return
        if port.incoming or self.runtime._unheard:
            return
        if not host.rolls_as_heard and engine.status(self.world.seconds).playing:
            raise Violation("nothing must play after the host has stopped")
        due = engine.next_deadline()
        if due is None or not engine.is_underway or not host.is_known:
            return
        off, bars = engine.distance_from(host.clock_at(due), host.period)
        if abs(off) > PHASE_SECONDS + host.blur:
            raise Violation(f"a tick must be where the host's clocks are, got {off * 1000:+.3f} ms off")
        if host.is_sure and abs(bars) > 1e-9:
            raise Violation(f"the host's bar line must be the session's, got {bars:+.3f} bars off")

    def _judge_commands(self) -> None:
        if self.inbox.taken:
            raise Violation(f"what was taken must be obeyed, got {self.inbox.taken[0]} left")
        if self.inbox.waiting or not self.inbox.wanted:
            return
        values = shown(self.runtime.status)
        for name, value in self.inbox.wanted.items():
            if name in values and values[name] != value:
                raise Violation(f"{name} must be {value} as asked for last, got {values[name]}")

    def _judge_port(self) -> None:
        name = self.runtime.status.port
        if self.judge.is_open and not self.keeper.port.is_lost and name == self.keeper.port.name:
            if set(self.judge.down) != self.engine.keys():
                raise Violation(
                    f"what sounds must be what the engine believes, got {sorted(self.judge.down)} "
                    f"and {sorted(self.engine.keys())}"
                )
            self.engine.judge_clock(self.judge.clocks)
        elif name == self.keeper.port.name and not self.keeper.port.is_lost:
            raise Violation("a port that is closed must not be the status's")
