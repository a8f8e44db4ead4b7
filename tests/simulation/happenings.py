"""What happens to a daemon: commands good and bad, packets, floods, stalls, losses, failures, signals.

``TABLE`` has one row for each: how often it comes (a mean in seconds) and what it does. A new kind of command,
or a new trouble, is one more row.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from musicrnn.control import (
    CONTROLS,
    Command,
    Continue,
    Keep,
    Model,
    Panic,
    Prime,
    Quit,
    Ramp,
    Record,
    Reset,
    Set,
    Start,
    Stop,
    Tap,
)
from musicrnn.daemon.osc import ADDRESSES, QUESTIONS, SUBSCRIBE
from musicrnn.daemon.osc_packets import BUNDLE, Value, bundle_bytes, message_bytes
from musicrnn.daemon.signals import EndedBySignal
from musicrnn.errors import ControlError
from tests.simulation.family import BAD
from tests.simulation.stage import Stage

PRIMES = ("C4 . -3 E4 bass:C3 . -11", "[2/4] drums:C2 . -7 | C5 . -7", "", "C5 . -15", "alto:C4 . -31")
WRONG_PRIMES = ("H9", "C4 . -3 E9", "[0/4] C4", "\x00", "kazoo:C4 . -3", "C4 E4 G4 B4 D5 F5 . -3", "🎵")
ODD_STRINGS = ("", "kazoo", "soprano", "é" * 40, "\x00", "C4 . -3")
ODD_NUMBERS = (float("nan"), float("inf"), -1e30, 1e30, -1, 0, 2**31, 2**62, -(2**63))


@dataclass(frozen=True, slots=True)
class Row:
    """One kind of happening; ``seconds`` is the mean time from one to the next in ordinary weather."""

    seconds: float
    act: Callable[[Stage, random.Random], None]


def log_uniform(rng: random.Random, least: float, most: float) -> float:
    """Draw a number; each order of magnitude is as likely."""
    drawn: float = least * (most / least) ** rng.random()
    return drawn


# What people and programs ask for.


PLAIN = (Start(), Start(), Stop(), Continue(), Continue(), Continue(), Reset(), Panic(), Tap())


def random_command(stage: Stage, rng: random.Random) -> Command:
    """Return a command; about one in eight is refused by the engine."""
    kind = rng.random()
    if kind < 0.35:
        return random_set(rng)
    if kind < 0.5:
        return random_set_of_part(stage, rng)
    if kind < 0.6:
        return Prime(rng.choice(PRIMES + WRONG_PRIMES))
    return rng.choice((*PLAIN, Ramp(rng.uniform(60.0, 240.0), rng.uniform(0.0, 16.0))))


def random_set(rng: random.Random) -> Set:
    """Return a control and a value."""
    control = CONTROLS[rng.choice(sorted(name for name, one in CONTROLS.items() if not one.per_part))]
    if control.name == "tempo":
        return Set("tempo", random_tempo(rng))
    if control.name == "offset":  # what is played far later than a host's clocks lags where their tempo changes
        return Set("offset", rng.choice((0.0, 20.0, -20.0, rng.uniform(-20.0, 20.0))))
    if control.whole or control.choices:
        return Set(control.name, rng.randint(int(control.low), int(control.high)))
    small = min(rng.uniform(0.0, 4.0), control.high)
    return Set(control.name, rng.choice((control.low, control.high, control.default, small)))


def random_set_of_part(stage: Stage, rng: random.Random) -> Set:
    """Return a control of a part, mostly one that is there, and a value."""
    control = CONTROLS[rng.choice(("mute", "mute", "mute", "solo", "low", "high"))]
    part = rng.choice((*stage.parts, *stage.parts, "kazoo"))
    return Set(control.name, rng.randint(int(control.low), int(control.high)), part)


def random_tempo(rng: random.Random) -> float:
    """Return a tempo: any in one case of ten, else a slow one, for a tick is what costs, not an hour."""
    control = CONTROLS["tempo"]
    return rng.uniform(control.low, control.high if rng.random() < 0.1 else 90.0)


def give_commands(stage: Stage, rng: random.Random) -> None:
    """Put commands in, as a surface of this process does."""
    for _ in range(rng.choice((1, 1, 1, 2, 5))):
        stage.ask(random_command(stage, rng))


def make_wrong_sets(stage: Stage, rng: random.Random) -> None:
    """Try to make commands that cannot be."""
    for name in (*CONTROLS, "volume"):
        try:
            value = Set(name, rng.choice(ODD_NUMBERS), rng.choice(("", "bass"))).value
        except ControlError:
            continue
        control = CONTROLS[name]
        if not (value in control.choices if isinstance(value, str) else control.low <= value <= control.high):
            raise AssertionError(f"{name} must be refused at {value}")


def turn_a_knob(stage: Stage, rng: random.Random) -> None:
    """Move one control a hundred times and more within a second."""
    name = rng.choice(("mu", "sigma", "density", "tempo"))
    control = CONTROLS[name]
    high = 200.0 if name == "tempo" else control.high
    for step in range(rng.randint(20, 200)):
        value = control.low + (high - control.low) * rng.random()
        stage.world.after(step * 0.005, partial(stage.ask, Set(name, value)))


def keep_some(stage: Stage, rng: random.Random) -> None:
    """Ask for the last bars, or begin or end a take."""
    stage.ask(rng.choice((Keep(rng.choice((1, 8, 64))), Record(), Record(rng.random() < 0.5))))


def flood_the_inbox(stage: Stage, rng: random.Random) -> None:
    """Put in more than there is room for, and a stop or panic on top."""
    for _ in range(400):
        stage.ask(rng.choice((Reset(), Tap())))
    stage.ask(rng.choice((Panic(), Stop(), Start())))


def want_models(stage: Stage, rng: random.Random) -> None:
    """Want a model, good or bad, or several in a row; while it plays, stands still, starts or stops."""
    around = rng.choice(((), (), (Stop(),), (Start(),), (Stop(), Start()), (Stop(), Continue()), (Reset(),)))
    commands = [Model(random_model_name(stage, rng)) for _ in range(rng.choice((1, 1, 2, 5)))]
    for number, command in enumerate((*commands, *around) if rng.random() < 0.5 else (*around, *commands)):
        stage.world.after(number * rng.choice((0.0, 0.0, 0.02, 1.0)), partial(stage.ask, command))


def random_model_name(stage: Stage, rng: random.Random) -> str:
    """Return a model's name: one of four cannot be played."""
    return rng.choice(stage.family.good if rng.random() < 0.75 else BAD)


# Packets.


def random_packet(rng: random.Random) -> bytes:
    """Return a packet: right, wrong in a value, wrong in some bytes, a bundle, or rubbish."""
    kind = rng.randrange(6)
    if kind == 0:
        return rng.randbytes(rng.choice((0, 1, 4, 20, 200, 1500)))
    if kind == 1:
        return bundle_bytes([_random_message(rng) for _ in range(rng.choice((0, 1, 3, 63)))])
    if kind == 2:
        return BUNDLE + bytes(8) + rng.randbytes(rng.randint(0, 24))
    packet = message_bytes(*_flat(_random_message(rng)))
    if kind > 3:
        return packet
    place = rng.randrange(len(packet))
    return packet[:place] + rng.randbytes(1) + packet[place + rng.choice((0, 1)) :]


def _flat(message: tuple[str, tuple[Value, ...]]) -> tuple[str, *tuple[Value, ...]]:
    return message[0], *message[1]


def _random_message(rng: random.Random) -> tuple[str, tuple[Value, ...]]:
    address = rng.choice((*ADDRESSES, *QUESTIONS, "/musicrnn/none", "/"))
    values: list[Value] = []
    if address.endswith(("start", "stop", "continue", "reset", "panic")) and rng.random() < 0.8:
        return address, (rng.choice((0, 1)),)
    if address.endswith("tempo"):
        values = [random_tempo(rng)]
    elif address == SUBSCRIBE:
        values = [float(rng.choice((1, 2, 10))), float(rng.choice((1, 3, 10)))]
    elif address.endswith(("learn", "forget")):
        values = [rng.choice(("mu", "sigma", "scale", "volume"))]
    elif address.endswith("scale"):
        values = [rng.choice(CONTROLS["scale"].choices)]
    elif address.endswith(("solo", "low", "high")):
        values = [rng.choice(("bass", "drums", "soprano")), rng.choice((0, 1, 60))]
    elif address.endswith(("mu", "sigma", "density", "seed", "transpose", "polyphony", "velocity", "offset", "root")):
        values = [rng.choice((0, 1, 2, 0.5, 1.5, *ODD_NUMBERS))]
    elif address.endswith("mute"):
        values = [rng.choice((*ODD_STRINGS, "bass", "drums")), rng.choice((0, 1, True, False))]
    elif address.endswith("model"):
        values = [rng.choice((*ODD_STRINGS, "model-0", "model-1", "fails"))]
    elif address.endswith("prime"):
        values = [rng.choice(PRIMES + WRONG_PRIMES)]
    if rng.random() < 0.2:
        values.append(rng.choice((*ODD_STRINGS, *ODD_NUMBERS)))
    return address, tuple(value.replace("\x00", "") if isinstance(value, str) else value for value in values)


def send_packet(stage: Stage, rng: random.Random) -> None:
    """Let one packet come."""
    stage.packet(random_packet(rng))


def flood_packets(stage: Stage, rng: random.Random) -> None:
    """Let hundreds of packets come within half a second."""
    several = [random_packet(rng) for _ in range(5)]
    for number in range(400):
        stage.world.after(number * 0.001, partial(stage.packet, several[number % 5]))


# Time.


def be_late(stage: Stage, rng: random.Random) -> None:
    """Let the next waits last too long, as on a busy machine."""
    stage.clock.oversleeps += [log_uniform(rng, 0.0005, 5.0) for _ in range(rng.choice((1, 1, 3, 20)))]


def jump(stage: Stage, rng: random.Random) -> None:
    """Stop the process for a while, as a debugger or SIGSTOP does."""
    stage.world.jump(log_uniform(rng, 0.01, 30_000.0))


def suspend(stage: Stage, rng: random.Random) -> None:
    """Put the machine to sleep: the monotonic clock stands still, or nearly."""
    stage.suspend(log_uniform(rng, 0.1, 100_000.0))
    stage.world.jump(rng.choice((0.0, 0.2)))


# The model, the port, the disk.


def slow_model(stage: Stage, rng: random.Random) -> None:
    """Let the model need long for each tick, for a while."""
    stage.trouble.seconds = log_uniform(rng, 0.005, 20.0)
    stage.world.after(log_uniform(rng, 0.1, 120.0), stage.trouble.be_quick)


def break_model(stage: Stage, rng: random.Random) -> None:
    """Let the model fail in its next calls, in one way or in several."""
    ways = rng.choice((("raise",), ("logits",), ("state",), ("raise", "logits", "state", "")))
    stage.trouble.coming += [rng.choice(ways) for _ in range(rng.choice((1, 1, 2, 7, 8, 9, 30)))]


def lose_port(stage: Stage, rng: random.Random) -> None:
    """Lose the port: the next send finds out."""
    stage.keeper.port.is_lost = True


def slow_port(stage: Stage, rng: random.Random) -> None:
    """Let each message take a while, for a while."""
    stage.keeper.port.slow_seconds = log_uniform(rng, 0.0001, 0.03)
    stage.world.after(log_uniform(rng, 0.1, 10.0), stage.quick_port)


def slow_disk(stage: Stage, rng: random.Random) -> None:
    """Let the disk take nothing for a while."""
    stage.log.is_slow = True
    stage.world.after(log_uniform(rng, 0.1, 300.0), stage.quick_disk)


def break_disk(stage: Stage, rng: random.Random) -> None:
    """Let the disk be full from now on."""
    stage.log.problem = "the session log is incomplete: No space left on device"


# The host.


def direct_the_host(stage: Stage, rng: random.Random) -> None:
    """Press a button of the host, or two."""
    host = stage.host
    if host is None:
        return
    places = (0, 16, 7, rng.randrange(1 << 14))
    for _ in range(rng.choice((1, 1, 2))):
        rng.choice(
            (host.start, host.start, host.stop, host.go_on, host.go_on, lambda: host.locate(rng.choice(places)))
        )()


def change_the_hosts_tempo(stage: Stage, rng: random.Random) -> None:
    """Jump to another tempo, or go there evenly."""
    if stage.host is None:
        return
    bpm = rng.uniform(30.0, 240.0 if rng.random() < 0.1 else 90.0)
    if rng.random() < 0.5:
        stage.host.tempo(bpm if rng.random() < 0.5 else stage.host.bpm * rng.uniform(0.9, 1.1))
    else:
        stage.host.ramp(bpm, rng.choice((24, 96, 400)))


def disturb_the_host(stage: Stage, rng: random.Random) -> None:
    """Let clocks be late, rounded, held back, lost, doubled, wild, unheard for a while, or stand still."""
    host, now = stage.host, stage.world.seconds
    if host is None:
        return
    seconds = log_uniform(rng, 0.05, 30.0)
    match rng.randrange(8):
        case 0:
            host.jitter = rng.choice((0.0, 0.0, 0.0005, 0.003, 0.01))
        case 1 | 2:
            host.lose_clocks(rng.choice((1, 1, 1, 5)), doubled=rng.random() < 0.5)
        case 3:
            host.wild_until = now + min(seconds, 10.0)
        case 4:
            host.silent_until = now + seconds
        case 6:
            host.round_to(rng.choice((0.01, 64 / 44_100, 256 / 48_000, 512 / 44_100, 1024 / 48_000, 2048 / 48_000)))
        case 7:
            host.hold_back(log_uniform(rng, 0.02, 0.25))
        case _:
            host.frozen_until = now + seconds


def send_other_midi(stage: Stage, rng: random.Random) -> None:
    """Let something come in that is none of a clock's business, or half of it."""
    others = (b"\x90\x3c\x40", b"\xf2\x01", b"\xf2", b"\xfe", b"\xf1\x10", b"\xb0\x7b\x00", b"\xff", b"\xf9")
    for _ in range(rng.choice((1, 20, 300))):
        stage.receive(rng.choice(others))


# Signals.


def pause(stage: Stage, rng: random.Random) -> None:
    """Press Ctrl-Z; `fg` comes later."""
    stage.runtime.pause()


def end_by_quit(stage: Stage, rng: random.Random) -> None:
    """Ask for the end."""
    stage.ask(Quit())


def end_by_signal(stage: Stage, rng: random.Random) -> None:
    """Press Ctrl-C."""
    stage.runtime.leave()


def end_by_two_signals(stage: Stage, rng: random.Random) -> None:
    """Press Ctrl-C twice: the second breaks off what is going on, unless that is the last release of notes.

    Time is slow there, so that something is going on.
    """
    stage.keeper.port.slow_seconds = stage.trouble.seconds = log_uniform(rng, 0.001, 0.1)
    stage.world.after(rng.uniform(0.0, 2.0), partial(_two_signals, stage, log_uniform(rng, 1e-4, 0.2)))


def _two_signals(stage: Stage, seconds: float) -> None:
    stage.runtime.leave()
    stage.world.after(seconds, partial(_second_signal, stage))


def _second_signal(stage: Stage) -> None:
    if not stage.runtime.silencing and not stage.is_over:
        stage.judge.broken_off = True
        raise EndedBySignal


def end_by_fault(stage: Stage, rng: random.Random) -> None:
    """Let something break in the program itself: at the next entry of the log, or in a tick where a note ends."""
    if rng.random() < 0.5:
        stage.log.breaks = True
    else:
        stage.engine.breaks = True


ENDS = (end_by_quit, end_by_signal, end_by_two_signals, end_by_fault)

TABLE = (
    Row(20.0, give_commands),
    Row(20.0, send_packet),
    Row(60.0, want_models),
    Row(300.0, turn_a_knob),
    Row(100.0, keep_some),
    Row(600.0, make_wrong_sets),
    Row(900.0, flood_the_inbox),
    Row(900.0, flood_packets),
    Row(60.0, be_late),
    Row(300.0, jump),
    Row(600.0, suspend),
    Row(200.0, slow_model),
    Row(200.0, break_model),
    Row(300.0, lose_port),
    Row(300.0, slow_port),
    Row(300.0, slow_disk),
    Row(20_000.0, break_disk),
    Row(600.0, pause),
)
HOST_TABLE = (
    Row(30.0, direct_the_host),
    Row(60.0, change_the_hosts_tempo),
    Row(60.0, disturb_the_host),
    Row(120.0, send_other_midi),
)


def begin(stage: Stage, weather: float) -> None:
    """Let everything in the table happen again and again; ``weather`` below 1 is worse than ordinary."""
    if stage.host is not None:
        stage.world.after(stage.world.random("host begins").uniform(0.0, 3.0), stage.host.start)
    for row in TABLE if stage.host is None else TABLE + HOST_TABLE:
        _again(stage, row, stage.world.random(row.act.__name__), row.seconds * weather)


def _again(stage: Stage, row: Row, rng: random.Random, seconds: float) -> None:
    def act() -> None:
        row.act(stage, rng)
        _again(stage, row, rng, seconds)

    stage.world.after(rng.expovariate(1.0 / seconds), act)
